#!/bin/bash
# Initialises Vault once, brings the recovery keys into custody, makes an admin path, and revokes the root token.
# The answer of the initialisation exists once in the world until custody has it: it is kept in a memory volume that outlives this
# container, and nothing is printed of it. custody.sh, beside this file, says where it goes; request.json and writes.json, what Vault is told.
set -euo pipefail
umask 077

scripts=$(dirname "${BASH_SOURCE[0]}")
kept=${KEPT_DIRECTORY:-/keys}
reply=$kept/reply.json
answer=$kept/answer.json
body=$kept/body.json
pause=${PAUSE_SECONDS:-1}
tries=${TRIES:-300}
own_token=${OWN_TOKEN_FILE:-/var/run/secrets/vault/token}

say() { echo "init: $*"; }
fail() {
  echo "init: $*" >&2
  exit 1
}
for command in aws curl jq; do
  command -v "$command" >/dev/null || fail "the image lacks $command: use amazon/aws-cli or an image with bash, aws, curl and jq"
done
# shellcheck source=charts/app/kubernetes-api.sh
. "$scripts/kubernetes-api.sh"
# shellcheck source=charts/app/lease.sh
. "$scripts/lease.sh"
# shellcheck source=charts/init/custody-secrets-manager.sh
. "$scripts/custody.sh"

# the first process of a container is told nothing that it does not ask for
may_stop() { trap 'say "told to stop"; exit 143' TERM INT; }
may_not_stop() { trap 'say "told to stop, but this pod holds the only copy of the recovery keys: storing them first"' TERM INT; }

# METHOD PATH [DATA-FILE [TOKEN-FILE]]: leaves the answer in $body and its code in $status; false where there was no answer
vault() {
  local arguments=(--silent --show-error --cacert "$VAULT_CACERT" --request "$1" --output "$body" --write-out '%{http_code}')
  [ -z "${3:-}" ] || arguments+=(--data-binary "@$3")
  [ -z "${4:-}" ] || arguments+=(--header "@$4")
  rm -f "$body"
  status=$(curl "${arguments[@]}" "${usual[@]}" "$VAULT_ADDR/v1/$2")
}
# a standby that cannot forward a request names the active server
usual=(--max-time 30 --location --proto-redir "=${VAULT_ADDR%%:*}")
header() { printf 'X-Vault-Token: %s' "$(jq -er "$1" "$2")" >"$3"; }
errors() { jq -c '.errors?' "$body" 2>/dev/null || true; }

# only a clean answer counts: an error is never "not initialised"
initialised() {
  vault GET sys/init || return 1
  [ "$status" = 200 ] || { echo "Vault answered $status" && return 1; }
  jq -er 'if .initialized == true then "yes" elif .initialized == false then "no" else empty end' "$body"
}

# errors of aws and curl take several lines
one_line() {
  local words
  read -r -d '' -a words <<<"$1" || true
  words="${words[*]}"
  echo "${words:0:300}"
}

# WHAT COMMAND...: leaves in $found what the command prints once it succeeds; says what it waits for, with the last error.
# Not to be called in a subshell: bash hears a signal only between the tries
wait_for() {
  local what=$1 try
  shift
  for ((try = 1; try <= tries; try++)); do
    if found=$("$@" 2>&1); then return; fi
    echo "init: waiting for $what: $(one_line "$found")" >&2
    sleep "$pause"
  done
  echo "init: gave up waiting for $what" >&2
  return 1
}

initialise() {
  say "custody takes writes; initialising Vault"
  may_not_stop
  # no time limit: an answer that is not waited for is lost for ever. No other server either
  local body=$reply usual=()
  vault PUT sys/init "$scripts/request.json" || status=lost
  keep_reply
  if [ -f "$answer" ]; then
    say "Vault is initialised; bringing the recovery keys into custody"
  elif [ "$status" = lost ]; then
    fail "the answer to the initialisation was lost: see docs/operations.md, \"The one loss\""
  else
    fail "Vault refused to initialise ($status): $(errors)"
  fi
}

# what Vault, or an earlier container's Vault, replied may hold keys, whole or in part, unless it is a refusal
keep_reply() {
  if [ -s "$reply" ] && ! jq -e 'has("errors")' "$reply" >/dev/null 2>&1; then mv "$reply" "$answer"; fi
}

store() {
  local try=0
  may_not_stop
  until custody_store "$answer" 2>"$kept/why"; do
    try=$((try + 1))
    say "custody does not take the recovery keys, try $try, trying for ever: $(one_line "$(<"$kept/why")")"
    sleep "$pause"
  done
  say "the recovery keys are in custody: $(custody_proof)"
  may_stop
}

unsealed() {
  vault GET 'sys/health?standbyok=true' || return 1
  [ "$status" = 200 ] || { echo "Vault answers $status" && return 1; }
}

root_state() {
  vault GET auth/token/lookup-self "" "$kept/root" || return 1
  case $status in
    200) echo alive ;;
    403) echo dead ;;
    *) echo "Vault answered $status" && return 1 ;;
  esac
}

# every write here may be done twice
as_root() { # METHOD PATH [DATA-FILE]
  vault "$1" "$2" "${3:-}" "$kept/root" || return 1
  case $status in
    20?) ;;
    *) echo "$1 $2: Vault answered $status $(errors)" && return 1 ;;
  esac
}
establish() {
  local index count request=$kept/request list
  count=$(jq length "$scripts/writes.json") || return 1
  for ((index = 0; index < count; index++)); do
    jq ".[$index]" "$scripts/writes.json" >"$request" || return 1
    list=$(jq -r '.unless.list // empty' "$request") || return 1
    if [ -n "$list" ]; then
      as_root GET "$list" || return 1
      if jq -e --slurpfile request "$request" '.data | has($request[0].unless.has)' "$body" >/dev/null; then continue; fi
    fi
    jq '.body | walk(if type == "string" then split("$NAMESPACE") | join(env.NAMESPACE) else . end)' "$request" >"$kept/data" || return 1
    as_root PUT "$(jq -r .path "$request")" "$kept/data" || return 1
  done
}

# a token in $kept/init, for this pod's own ServiceAccount
login() {
  jq -n --rawfile jwt "$own_token" '{role: env.LOGIN_ROLE, jwt: $jwt}' >"$kept/data"
  vault PUT "$LOGIN" "$kept/data" || return 1
  [ "$status" = 200 ] || { echo "the login as $LOGIN_ROLE was answered with $status $(errors)" && return 1; }
  header .auth.client_token "$body" "$kept/init"
}

# yes, or no where Vault itself refuses the login; nothing else is an answer
login_answer() {
  login >"$kept/why" && echo yes && return
  case $status in
    400 | 403 | 404) echo no ;;
    *) echo "$(<"$kept/why")" && return 1 ;;
  esac
}
# an API server that is away makes a good login fail: only a no that stays is one
admin_path_works() {
  local try
  for ((try = 1; try <= 5; try++)); do
    wait_for "a clean answer about a login through the admin path" login_answer || exit 1
    [ "$found" = no ] || return 0
    sleep "$pause"
  done
  return 1
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
  local accessor accessors
  vault GET 'auth/token/accessors?list=true' "" "$kept/init" || return 1
  [ "$status" = 200 ] || { echo "listing tokens was answered with $status" && return 1; }
  accessors=$(jq -r '.data.keys[]' "$body") || return 1
  for accessor in $accessors; do
    printf '{"accessor":"%s"}' "$accessor" >"$kept/data"
    vault PUT auth/token/lookup-accessor "$kept/data" "$kept/init" || return 1
    case $status in
      200) ;;
      403) continue ;; # gone by now
      *) echo "looking up a token was answered with $status" && return 1 ;;
    esac
    if ! jq -e '.data.policies | index("root")' "$body" >/dev/null; then continue; fi
    vault PUT auth/token/revoke-accessor "$kept/data" "$kept/init" || return 1
    [ "$status" = 204 ] || { echo "revoking a root token was answered with $status" && return 1; }
    echo "revoked a root token that an earlier run left" >&2
  done
}

forget() {
  rm -rf "${kept:?}"/*
  say "done"
}
end_root() {
  if [ "$ROOT_TOKEN" = revoke ]; then
    wait_for "the root token to be revoked" revoke_root
    say "the root token is revoked, and none is left"
  fi
  forget
}
# the keys are in custody: the rest needs the root token of the answer
finish() {
  jq -e '(.root_token | length > 0) and (.recovery_keys_base64 | length > 0)' "$answer" >/dev/null 2>&1 ||
    fail "the answer to the initialisation is not whole; what came of it is in custody. See docs/operations.md, \"The one loss\""
  if [ "$ROOT_TOKEN" = encrypted ]; then
    forget
    return
  fi
  header .root_token "$answer" "$kept/root"
  wait_for "Vault to unseal itself" unsealed
  # dead where an earlier container had come as far as revoking it
  wait_for "a clean answer about the root token" root_state
  if [ "$found" = alive ]; then wait_for "the audit device and the admin path" establish; fi
  wait_for "a login through the admin path" login
  say "a login through the admin path succeeded"
  end_root
}

may_stop
keep_reply
if [ -f "$answer" ]; then
  say "this pod kept the answer of the initialisation: custody comes before all else"
  may_not_stop
  # without end: where the Job was deleted, no container follows this one
  tries=$((2 ** 31)) wait_for "a clean answer of custody" custody_has_keys
  [ "$found" = yes ] || store
  may_stop
fi
take_lease
wait_for "a clean answer of custody" custody_has_keys
keys_in_custody=$found
wait_for "a clean answer of $VAULT_ADDR" initialised
vault_initialised=$found
say "Vault initialised: $vault_initialised; keys in custody: $keys_in_custody"

case "$vault_initialised $keys_in_custody" in
  "no no")
    [ ! -f "$answer" ] || fail "this Vault is not initialised, but this pod initialised one: it reads another table than before, or its table was emptied. Nothing was done"
    wait_for "custody to take a write" custody_prove
    initialise
    store
    finish
    ;;
  no*)
    fail "custody holds recovery keys, but this Vault is not initialised: it reads another table than before, or its table was emptied. Nothing was done; see docs/operations.md, \"Custody holds keys\""
    ;;
  yes*)
    if [ -f "$answer" ]; then
      finish
    elif [ "$keys_in_custody" != yes ] && [ "$ADOPT" != yes ]; then
      fail "Vault is initialised, but nobody holds its recovery keys: custody holds $([ "$keys_in_custody" = no ] && echo none || echo "only some"), and this pod kept no answer. If you hold them, set adopt: true; if nobody does, see docs/operations.md, \"The one loss\""
    elif [ "$ROOT_TOKEN" = encrypted ]; then
      forget
    elif admin_path_works; then
      # root tokens of an adopted Vault are their owners'
      if [ "$keys_in_custody" = yes ]; then end_root; else forget; fi
    elif [ "$keys_in_custody" != yes ]; then
      fail "Vault is adopted, but no login through the admin path works, and this Job has no token to make it with: see docs/operations.md, \"Adopting a Vault\""
    else
      fail "Vault is initialised, but no login through the admin path works: an earlier run ended before it was made. A root token is live: $(custody_where). See docs/operations.md, \"A live root token\""
    fi
    ;;
esac
