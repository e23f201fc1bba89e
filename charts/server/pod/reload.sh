#!/bin/sh
# Makes Vault read its certificate again when the files change: Vault does so on SIGHUP, and nobody else sends it.
# Polls a hash, since inotify does not see how kubelet swaps Secret volumes. Never exits by itself. Runs in the vault image's busybox.
set -u

port=${1:-8200}
interval=${2:-10}
tls=${3:-/vault/tls}
proc=${4:-/proc}

# The folder that kubelet swapped in counts too: where an earlier certificate comes back, Vault may have read the one in between.
fingerprint() { { readlink "$tls/..data"; cat "$tls/tls.crt" "$tls/tls.key"; } 2>/dev/null | sha256sum; }

# Pid and start (1/100 s since boot) of the server: not of a `vault status` or a shell beside it, nor of a server started later.
# shellcheck disable=SC2046,SC2086 # words
server() {
  for process in "$proc"/[0-9]*; do
    set -- $(tr '\0 ' ' _' 2>/dev/null <"$process/cmdline")
    program=${1-}
    [ "${program##*/} ${2-}" = 'vault server' ] || continue
    stat=$(cat "$process/stat" 2>/dev/null)
    # the name, in parentheses, may itself contain some: the third field follows the last of them
    set -- ${stat##*) }
    [ $# -lt 20 ] || echo "${process##*/} ${20}"
  done | sort -n -k 2 | head -n 1
}

# SIGHUP ends a Vault not registered for it yet. It registers before it listens (state 0A); no other process of the pod has the port.
listens() { grep -qs ":$(printf %04X "$port") [0:]* 0A " "$proc"/net/tcp*; }

# Whether the files were there when the server started, by 2 s, since both times are rounded. Kubelet's swap changes the folder.
read_at_start() {
  changes=$(stat -L -c %Z "$tls" "$tls/tls.crt" "$tls/tls.key" 2>/dev/null) || return 1
  boot=$(sed -n 's/^btime //p' "$proc/stat")
  for change in $changes; do
    [ $((change + 2)) -le $((boot + started / 100)) ] || return 1
  done
}

# one line for a wait, however many rounds it takes
waits() {
  [ "$1" = "$reason" ] || echo "reload: $1; looking every $interval s"
  reason=$1
}

trap 'exit 0' TERM INT
echo "reload: watching $tls every $interval s"
reason=
# the server that was seen last, and the fingerprint of what it has read or was told to read
known=
told=
while :; do
  sleep "$interval" &
  wait $!
  # in this order: what changes after the fingerprint is new in the next round; if another server listens by then, this pid is gone
  now=$(fingerprint)
  server=$(server)
  if [ -z "$server" ]; then
    waits 'Vault is not running'
    continue
  fi
  pid=${server% *}
  started=${server#* }
  if [ "$server" != "$known" ]; then
    known=$server
    told=
    if read_at_start; then
      told=$now
      echo "reload: Vault (pid $pid) started after the last change of its certificate and has read it"
    fi
  fi
  if [ "$now" = "$told" ]; then
    reason=
  elif ! listens; then
    waits "the certificate may be new to Vault (pid $pid), which does not listen on port $port yet"
  elif kill -HUP "$pid" 2>/dev/null; then
    echo "reload: told Vault (pid $pid) to read its certificate again"
    told=$now
    reason=
  else
    waits "the certificate may be new to Vault (pid $pid), which could not be signalled"
  fi
done
