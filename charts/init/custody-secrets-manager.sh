#!/bin/bash
# Custody in AWS Secrets Manager, in secret $CUSTODY_SECRET. Writes and describes, never reads: DescribeSecret and PutSecretValue suffice.
# A fixed token each makes storing the same keys twice harmless, and storing others impossible.
# shellcheck disable=SC2154 # kept: init.sh says where
canary_token=cdk8s-vault-canary-0000-0000-000000000000
keys_token=cdk8s-vault-recovery-keys-0000-000000000000

put() { # TOKEN FILE STAGE...
  aws secretsmanager put-secret-value --secret-id "$CUSTODY_SECRET" --client-request-token "$1" --secret-string "file://$2" --version-stages "${@:3}" --output json >/dev/null
}
custody_has_keys() {
  aws secretsmanager describe-secret --secret-id "$CUSTODY_SECRET" --output json |
    jq -er 'if [.VersionIdsToStages // {} | .[][]] | index("vault-recovery-keys") then "yes" else "no" end'
}
custody_prove() {
  printf 'writable\n' >"$kept/canary" && put "$canary_token" "$kept/canary" vault-canary
}
custody_store() {
  put "$keys_token" "$1" AWSCURRENT vault-recovery-keys && [ "$(custody_has_keys)" = yes ]
}
custody_proof() { echo "version $keys_token of secret $CUSTODY_SECRET"; }
custody_where() { echo "in secret $CUSTODY_SECRET"; }
