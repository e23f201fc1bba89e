#!/bin/bash
# Initialises Vault once, brings the recovery keys into custody, makes an admin path, and revokes the root token.
# The answer of the initialisation exists once in the world until custody has it: it is kept in a memory volume that outlives this
# container, and nothing is printed of it. custody.sh, beside this file, says where it goes.
set -euo pipefail
umask 077

scripts=$(dirname "${BASH_SOURCE[0]}")
kept=${KEPT_DIRECTORY:-/keys}
answer=$kept/answer.json
body=$kept/body.json
pause=${PAUSE_SECONDS:-2}

say() { echo "init: $*"; }
fail() {
  echo "init: $*" >&2
  exit 1
}
for command in aws curl jq; do
  command -v "$command" >/dev/null || fail "the image lacks $command: use amazon/aws-cli or an image with bash, aws, curl and jq"
done
# shellcheck source=charts/init/custody-secrets-manager.sh
. "$scripts/custody.sh"

# METHOD PATH [DATA-FILE [TOKEN-FILE]]: leaves the answer in $body and its code in $status; false where there was no answer
vault() {
  local arguments=(--silent --show-error --cacert "$VAULT_CACERT" --request "$1" --output "$body" --write-out '%{http_code}')
  [ -z "${3:-}" ] || arguments+=(--data "@$3")
  [ -z "${4:-}" ] || arguments+=(--header "@$4")
  status=$(curl "${arguments[@]}" "${limit[@]}" "$VAULT_ADDR/v1/$2")
}
limit=(--max-time 30)
header() { printf 'X-Vault-Token: %s' "$(jq -er "$1" "$2")" >"$3"; }

# only a clean answer counts: an error is never "not initialised"
initialised() {
  vault GET sys/init || return 1
  [ "$status" = 200 ] || { echo "Vault answered $status" && return 1; }
  jq -er 'if .initialized == true then "yes" elif .initialized == false then "no" else empty end' "$body"
}

# TRIES WHAT COMMAND...: prints what the command prints once it succeeds; says what it waits for, with the last error
wait_for() {
  local tries=$1 what=$2 out
  shift 2
  for ((try = 1; try <= tries; try++)); do
    if out=$("$@" 2>&1); then
      echo "$out"
      return
    fi
    echo "init: waiting for $what: ${out##*$'\n'}" >&2
    sleep "$pause"
  done
  echo "init: gave up waiting for $what" >&2
  return 1
}

initialise() {
  say "custody takes writes; initialising Vault"
  trap 'say "told to stop, but this pod holds the only copy of the recovery keys: storing them first"' TERM INT
  # no time limit: an answer that is not waited for is lost for ever
  limit=()
  vault PUT sys/init "$scripts/request.json" || fail "the answer to the initialisation was lost: see docs/operations.md, \"The one loss\""
  limit=(--max-time 30)
  # kept before it is looked at
  mv "$body" "$answer"
  if [ "$status" != 200 ]; then
    local why
    why=$(jq -c '.errors?' "$answer" 2>/dev/null || true)
    rm -f "$answer"
    fail "Vault refused to initialise ($status): $why"
  fi
}

store() {
  local try=0
  until custody_store "$answer" 2>"$kept/why"; do
    try=$((try + 1))
    say "custody does not take the recovery keys, try $try, trying for ever: $(tail -n 1 "$kept/why")"
    sleep "$pause"
  done
  say "the recovery keys are in custody: $(custody_proof)"
  trap - TERM INT
}

unsealed() {
  vault GET 'sys/health?standbyok=true' || return 1
  [ "$status" = 200 ] || { echo "Vault answers $status" && return 1; }
}

# every write here may be done twice
as_root() { # METHOD PATH [JSON]
  [ -z "${3:-}" ] || printf '%s' "$3" >"$kept/data"
  vault "$1" "$2" "${3:+$kept/data}" "$kept/root" || return 1
  case $status in
    20?) ;;
    *) echo "$1 $2: Vault answered $status $(jq -c '.errors?' "$body" 2>/dev/null)" && return 1 ;;
  esac
}
has() { # LIST NAME
  as_root GET "$1" && jq -e --arg name "$2/" '.data | has($name)' "$body" >/dev/null
}
establish() {
  has sys/audit stdout || as_root PUT sys/audit/stdout '{"type":"file","options":{"file_path":"stdout"}}' || return 1
  has sys/auth "$ADMIN_MOUNT" || as_root PUT "sys/auth/$ADMIN_MOUNT" '{"type":"kubernetes"}' || return 1
  as_root PUT "auth/$ADMIN_MOUNT/config" '{"kubernetes_host":"https://kubernetes.default.svc"}' || return 1
  local role
  for role in admin init; do
    as_root PUT "sys/policies/acl/$VAULT_NAME-$role" "$(jq -n --rawfile policy "$scripts/$role.hcl" '{policy: $policy}')" || return 1
    as_root PUT "auth/$ADMIN_MOUNT/role/$VAULT_NAME-$role" "$(jq --arg namespace "$NAMESPACE" '.bound_service_account_namespaces = [$namespace]' "$scripts/$role-role.json")" || return 1
  done
}

# ROLE: a token of that role in $kept/ROLE, from this pod's own ServiceAccount token
login() {
  jq -n --arg role "$VAULT_NAME-$1" --rawfile jwt /var/run/secrets/vault/token '{role: $role, jwt: $jwt}' >"$kept/data"
  vault PUT "auth/$ADMIN_MOUNT/login" "$kept/data" || return 1
  [ "$status" = 200 ] || { echo "the login as $VAULT_NAME-$1 was answered with $status $(jq -c '.errors?' "$body" 2>/dev/null)" && return 1; }
  header .auth.client_token "$body" "$kept/$1"
}

# revokes the root token of the answer, where it is there, and every other that lives; shows that none is left
revoke_root() {
  if [ -f "$kept/root" ]; then
    vault PUT auth/token/revoke-self "" "$kept/root" || return 1
    case $status in
      204 | 403) ;;
      *) echo "revoking the root token was answered with $status" && return 1 ;;
    esac
    vault GET auth/token/lookup-self "" "$kept/root" || return 1
    [ "$status" = 403 ] || { echo "the root token still answers with $status" && return 1; }
  fi
  local accessor
  vault LIST auth/token/accessors "" "$kept/init" || return 1
  [ "$status" = 200 ] || { echo "listing tokens was answered with $status" && return 1; }
  for accessor in $(jq -r '.data.keys[]' "$body"); do
    printf '{"accessor":"%s"}' "$accessor" >"$kept/data"
    vault PUT auth/token/lookup-accessor "$kept/data" "$kept/init" || return 1
    # a token that is gone by now answers 403
    if [ "$status" != 200 ] || ! jq -e '.data.policies | index("root")' "$body" >/dev/null; then continue; fi
    vault PUT auth/token/revoke-accessor "$kept/data" "$kept/init" || return 1
    [ "$status" = 204 ] || { echo "revoking a root token was answered with $status" && return 1; }
    echo "revoked a root token that an earlier run left" >&2
  done
}

admin_path_works() { login init; }

finish() {
  header .root_token "$answer" "$kept/root"
  wait_for 150 "Vault to unseal itself" unsealed >/dev/null
  wait_for 60 "the audit device and the admin path" establish >/dev/null
  wait_for 60 "a login through the admin path" admin_path_works >/dev/null
  say "a login through the admin path succeeded"
  end_root
}
end_root() {
  if [ "$ROOT_TOKEN" = revoke ]; then
    wait_for 60 "the root token to be revoked" revoke_root >/dev/null
    say "the root token is revoked, and none is left"
  fi
  rm -f "$answer" "$body" "$kept"/{root,init,data,why}
  say "done"
}

vault_initialised=$(wait_for 150 "a clean answer of $VAULT_ADDR" initialised)
keys_in_custody=$(wait_for 150 "a clean answer of custody" custody_has_keys)
say "Vault initialised: $vault_initialised; keys in custody: $keys_in_custody"

case "$vault_initialised $keys_in_custody" in
  "no no")
    wait_for 30 "custody to take a write" custody_prove >/dev/null
    initialise
    store
    finish
    ;;
  "no yes")
    fail "custody holds recovery keys, but this Vault is not initialised: it reads another table than before, or its table was emptied. Nothing was done; see docs/operations.md, \"Custody holds keys\""
    ;;
  "yes "*)
    if [ -f "$answer" ]; then
      say "going on from the answer that this pod kept"
      [ "$keys_in_custody" = yes ] || store
      finish
    elif [ "$keys_in_custody" = no ] && [ "$ADOPT" != yes ]; then
      fail "Vault is initialised, but nobody holds its recovery keys: custody has none, and this pod kept no answer. If you hold them, set adopt: true; if nobody does, see docs/operations.md, \"The one loss\""
    elif wait_for 5 "a login through the admin path" admin_path_works >/dev/null; then
      end_root
    else
      fail "Vault is initialised, but no login through the admin path works: an earlier run ended before it was made. A root token is live: $(custody_where). See docs/operations.md, \"A live root token\""
    fi
    ;;
esac
