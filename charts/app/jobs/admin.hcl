# Administers Vault: mounts, auth methods, policies, audit devices, identity, leases, plugins, quotas. Reads no secret of an engine.
# Whoever writes policies and roles is root: he can give himself any other right. What this policy keeps off is a slip, not an intruder.
# What configuring an engine needs (transit/keys, pki/root, roles of a database ...) stands in the policy beside this one, by the mounts that are there.
path "sys/mounts*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
path "sys/remount*" { capabilities = ["create", "read", "update", "sudo"] }
path "sys/auth*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
path "sys/policies/*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
path "sys/audit*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
path "sys/config/*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
path "sys/plugins/*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
path "sys/quotas/*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
path "sys/leases/*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }
path "auth/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "auth/token/accessors*" { capabilities = ["list", "sudo"] }
path "identity/*" { capabilities = ["create", "read", "update", "delete", "list"] }
