#!/bin/sh
# Makes Vault read its certificate again when the files change: Vault does so on SIGHUP, and nobody else sends it.
# Polls a hash, since inotify does not see how kubelet swaps Secret volumes. Never exits by itself. Runs in the vault image's busybox.
set -u

interval=${1:-10}
tls=${2:-/vault/tls}
proc=${3:-/proc}
fingerprint() { cat "$tls/tls.crt" "$tls/tls.key" 2>/dev/null | sha256sum; }

# the server alone, not a `vault status` that somebody runs beside it
server() {
  for process in "$proc"/[0-9]*; do
    case $(tr '\0' ' ' 2>/dev/null <"$process/cmdline") in
      vault\ server\ * | */vault\ server\ *) echo "${process##*/}" ;;
    esac
  done
}

trap 'exit 0' TERM INT
echo "reload: watching $tls every $interval s"
# nothing seen yet, so that the first round tells Vault too: the files may have changed between its start and this one's
seen=
while :; do
  sleep "$interval" &
  wait $!
  now=$(fingerprint)
  [ "$now" = "$seen" ] && continue
  pid=$(server)
  # shellcheck disable=SC2086 # no server gives no word, and kill then fails
  if kill -HUP $pid 2>/dev/null; then
    echo "reload: told Vault (pid $pid) to read its certificate, which is new since the last time"
    seen=$now
  else
    echo "reload: the certificate is new, but Vault is not running; trying again in $interval s"
  fi
done
