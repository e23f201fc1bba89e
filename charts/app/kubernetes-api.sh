#!/bin/bash
# Calls of the API server with this pod's own ServiceAccount. The token travels in a file, never in an argument.
kubernetes_account=${KUBERNETES_ACCOUNT:-/var/run/secrets/kubernetes.io/serviceaccount}
kubernetes_server=${KUBERNETES_SERVER:-https://kubernetes.default.svc}
kubernetes_status=

# METHOD PATH [DATA-FILE [ANSWER-FILE]]: leaves the code in $kubernetes_status; false where there was no answer
kubernetes() {
  local header=/tmp/kubernetes-token.$BASHPID arguments
  printf 'Authorization: Bearer %s' "$(cat "$kubernetes_account/token")" >"$header"
  arguments=(--silent --show-error --max-time 30 --cacert "$kubernetes_account/ca.crt" --header "@$header" --request "$1" --output "${4:-/dev/null}" --write-out '%{http_code}')
  [ -z "${3:-}" ] || arguments+=(--header 'Content-Type: application/json' --data-binary "@$3")
  # shellcheck disable=SC2034 # for whoever sources this
  kubernetes_status=$(curl "${arguments[@]}" "$kubernetes_server/$2")
}
