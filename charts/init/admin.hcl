# What configuring Vault needs, and no more: no sys/raw, no reading of secrets. Whoever holds it can give himself any other policy, so guard it.
path "sys/mounts*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
path "sys/auth*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
path "sys/policies/*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
path "sys/audit*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
path "auth/+/config*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "auth/+/role*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "identity/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "+/config*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "+/roles*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "+/static-roles*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "+/rotate-root/*" { capabilities = ["create", "update"] }
path "sys/leases/revoke-prefix/*" { capabilities = ["update", "sudo"] }
