#!/bin/bash
# One at a time: whatever changes a Vault holds the Lease $LEASE_NAME of its namespace while it does so.
# shellcheck disable=SC2154 # kubernetes_status: kubernetes-api.sh
lease_path=apis/coordination.k8s.io/v1/namespaces/$NAMESPACE/leases
lease_seconds=30

# HOLDER: where this pod or nobody has the Lease, writes HOLDER into it, "" to give it back; false with the reason where another has it
claim_lease() {
  local lease=/tmp/lease.$BASHPID
  kubernetes GET "$lease_path/$LEASE_NAME" '' "$lease" || return 1
  case $kubernetes_status in
    200)
      jq -e --arg me "$HOSTNAME" '(.spec.holderIdentity // "") as $holder | $holder == "" or $holder == $me or
        ((.spec.renewTime | sub("\\.[0-9]+Z$"; "Z") | fromdate) + .spec.leaseDurationSeconds < now)' "$lease" >/dev/null ||
        { echo "held by $(jq -r .spec.holderIdentity "$lease")" && return 1; }
      ;;
    404) printf '{}' >"$lease" ;;
    *) echo "Kubernetes answered $kubernetes_status" && return 1 ;;
  esac
  jq --arg holder "$1" --argjson seconds "$lease_seconds" '{apiVersion: "coordination.k8s.io/v1", kind: "Lease",
    metadata: {name: env.LEASE_NAME, resourceVersion: .metadata.resourceVersion}, spec: {holderIdentity: $holder, leaseDurationSeconds: $seconds,
    renewTime: (now | todate | sub("Z$"; ".000000Z"))}}' "$lease" >"$lease.new" || return 1
  # the version makes two that claim at once exclude each other
  if [ "$kubernetes_status" = 404 ]; then
    kubernetes POST "$lease_path" "$lease.new"
  else
    kubernetes PUT "$lease_path/$LEASE_NAME" "$lease.new"
  fi || return 1
  case $kubernetes_status in
    200 | 201) ;;
    *) echo "Kubernetes answered $kubernetes_status to taking it" && return 1 ;;
  esac
}

# Waits for the Lease, renews it until the script ends, and gives it back then. A pod that was killed holds it for 30 s more
take_lease() {
  local why tries=0
  until why=$(claim_lease "$HOSTNAME"); do
    [ $((tries++ % 15)) != 0 ] || echo "waiting for Lease $LEASE_NAME of namespace $NAMESPACE: $why"
    sleep "${PAUSE_SECONDS:-2}"
  done
  while sleep 10; do claim_lease "$HOSTNAME" || true; done >/dev/null 2>&1 &
  renewing=$!
  trap 'kill "$renewing" 2>/dev/null; claim_lease "" >/dev/null 2>&1 || true' EXIT
}
