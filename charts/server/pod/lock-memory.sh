#!/bin/bash
# Lets the copy of vault in the directory $1 lock its memory without being root. Runs as root with no capability but SETFCAP.
# $2 is the table of mounts, for tests.
set -euo pipefail

directory=$1
mounts=${2:-/proc/self/mounts}
options=
while read -r _ mount _ opts _; do
  if [ "$mount" = "$directory" ]; then options=$opts; fi
done <"$mounts"

case ",$options," in
  ,,)
    echo "lock-memory: $directory is no mount of its own: the memory volume is missing" >&2
    exit 1
    ;;
  *,nosuid,*)
    echo "lock-memory: $directory is mounted nosuid, where file capabilities do nothing: use memoryLock 'node-limit' or 'off' on these nodes" >&2
    exit 1
    ;;
esac

setcap cap_ipc_lock=ep "$directory/vault"
echo "lock-memory: $directory/vault may lock its memory"
