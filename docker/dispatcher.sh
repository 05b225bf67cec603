#!/bin/bash
# The dispatcher, and the Ray node (of no CPUs) through which it drives the cluster at RAY_ADDRESS.
# When either ends the other is ended too, and so is the container, for its restart policy to start both anew.
set -uo pipefail
temp=${NAS_RAY_TEMP:-/tmp/ray}

ray start --block --address="$RAY_ADDRESS" --num-cpus=0 --object-store-memory="${NAS_OBJECT_STORE_BYTES:-300000000}" \
    --temp-dir="$temp" --disable-usage-stats &
node=$!
stop() { kill -TERM "${worker:-$node}" 2>/dev/null; }
trap stop TERM INT

until compgen -G "$temp/session_*/sockets/raylet*" >/dev/null; do
    kill -0 "$node" 2>/dev/null || { echo "dispatcher: there is no Ray cluster at $RAY_ADDRESS" >&2; exit 1; }
    sleep 0.5
done

nas worker &
worker=$!
wait -n "$node" "$worker"
stop
wait "$worker"
status=$?
kill -TERM "$node" 2>/dev/null
wait "$node"
exit "$status"
