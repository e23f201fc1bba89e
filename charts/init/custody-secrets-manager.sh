#!/bin/bash
# Custody in AWS Secrets Manager: $CUSTODY_SECRETS names one secret for the whole answer, or one for each recovery key.
# Writes and describes, never reads. A fixed token each makes storing the same keys twice harmless, and storing others impossible.
# shellcheck disable=SC2154 # kept: init.sh says where
canary_token=cdk8s-vault-canary-0000-0000-000000000000
keys_token=cdk8s-vault-recovery-keys-0000-000000000000
read -r -a secrets <<<"$CUSTODY_SECRETS"

# SECRET TOKEN FILE STAGE...: true once AWS says that this very version carries the last of these stages
put() {
  aws secretsmanager put-secret-value --secret-id "$1" --client-request-token "$2" --secret-string "file://$3" --version-stages "${@:4}" --output json |
    jq -e --arg token "$2" --arg stage "${*: -1}" '.VersionId == $token and (.VersionStages | index($stage) != null)' >/dev/null
}
custody_has_keys() {
  local secret with=0
  for secret in "${secrets[@]}"; do
    case $(aws secretsmanager describe-secret --secret-id "$secret" --output json |
      jq -er 'if [.VersionIdsToStages // {} | .[][]] | index("vault-recovery-keys") then "yes" else "no" end') in
      yes) with=$((with + 1)) ;;
      no) ;;
      *) return 1 ;;
    esac
  done
  case $with in
    0) echo no ;;
    "${#secrets[@]}") echo yes ;;
    *) echo some ;;
  esac
}
custody_prove() {
  local secret
  printf 'writable\n' >"$kept/canary"
  for secret in "${secrets[@]}"; do put "$secret" "$canary_token" "$kept/canary" vault-canary || return 1; done
}
custody_store() {
  local index
  if [ "${#secrets[@]}" = 1 ]; then
    put "${secrets[0]}" "$keys_token" "$1" AWSCURRENT vault-recovery-keys
    return
  fi
  for index in "${!secrets[@]}"; do
    jq -e --argjson index "$index" '{share: ($index + 1), recovery_key: .recovery_keys[$index], recovery_key_base64: .recovery_keys_base64[$index]}' "$1" >"$kept/share" &&
      put "${secrets[$index]}" "$keys_token" "$kept/share" AWSCURRENT vault-recovery-keys || return 1
  done
  rm -f "$kept/share"
}
custody_proof() { echo "version $keys_token of ${secrets[*]}"; }
custody_where() {
  if [ "${#secrets[@]}" = 1 ]; then echo "in secret ${secrets[0]}"; else echo "nobody holds it: make another with the recovery keys, which revokes it"; fi
}
