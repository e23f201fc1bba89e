#!/bin/bash
# Custody in the Kubernetes Secret $CUSTODY_SECRET of this namespace, for trials. Creates, never reads: a dry run tells whether it is there.
# shellcheck disable=SC2154 # kept: init.sh says where; kubernetes_status: kubernetes-api.sh
create_secret() { # FILE [QUERY]
  jq -n --rawfile answer "$1" '{apiVersion: "v1", kind: "Secret", immutable: true, metadata: {name: env.CUSTODY_SECRET}, stringData: {"answer.json": $answer}}' >"$kept/secret" || return 1
  kubernetes POST "api/v1/namespaces/$NAMESPACE/secrets${2:-}" "$kept/secret" || return 1
  rm -f "$kept/secret"
}
custody_has_keys() {
  create_secret /dev/null '?dryRun=All' || return 1
  case $kubernetes_status in
    201) echo no ;;
    409) echo yes ;;
    *) echo "Kubernetes answered $kubernetes_status to a dry run of creating Secret $CUSTODY_SECRET" && return 1 ;;
  esac
}
custody_prove() {
  [ "$(custody_has_keys)" = no ] || { echo "Secret $CUSTODY_SECRET cannot be created" && return 1; }
}
custody_store() {
  create_secret "$1" || return 1
  # 409 where an answer was lost: nobody had it a moment ago, and this Job alone makes it
  case $kubernetes_status in
    201 | 409) ;;
    *) echo "Kubernetes answered $kubernetes_status to creating Secret $CUSTODY_SECRET" >&2 && return 1 ;;
  esac
}
custody_proof() { echo "Secret $CUSTODY_SECRET, immutable"; }
custody_where() { echo "in Secret $CUSTODY_SECRET"; }
