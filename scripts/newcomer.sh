#!/usr/bin/env bash
# The newcomer's path, timed: a folder with a Worker of their own (examples/own-worker), `npm install` of the packed package, their build,
# a server, their Worker, and their workflow's first finished run. The package is built and packed before the clock starts.
# Usage: scripts/newcomer.sh [FOLDER]   FOLDER is kept; without one a temporary folder is used and removed.
# NPM_FLAGS: more flags for npm install, e.g. `--prefer-offline`, or `--cache "$(mktemp -d)"` for an empty cache.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
[ -f "$root/dist/commonjs/package.json" ] || npm --prefix "$root" run -s build

folder="${1:-}"
if [ -z "$folder" ]; then
  folder="$(mktemp -d)"
  kept=no
else
  mkdir -p "$folder"
  kept=yes
fi
started=()
finish() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
  if [ "$kept" = no ]; then rm -rf "$folder"; fi
}
trap finish EXIT

(cd "$root" && npm pack --ignore-scripts --silent --pack-destination "$folder" >/dev/null)
tarball="$(ls "$folder"/temporal-finetune-*.tgz)"
(cd "$root/examples/own-worker" && cp -r package.json tsconfig.json src data "$folder")
cd "$folder"

begin=$SECONDS
lap() { echo "$((SECONDS - begin)) s  $1"; }

# shellcheck disable=SC2086
npm install --ignore-scripts --no-audit --no-fund --silent ${NPM_FLAGS:-} "$tarball"
lap 'npm install'
npm run --silent build
lap 'their build'

node_modules/.bin/finetune server --db "$folder/server.db" >server.log 2>&1 &
started+=("$!")
address=''
for _ in $(seq 1200); do
  address="$(sed -n 's/^Temporal server \([^,]*\),.*/\1/p' server.log)"
  [ -n "$address" ] && break
  kill -0 "${started[0]}" || { cat server.log; exit 1; }
  sleep 0.25
done
[ -n "$address" ] || { cat server.log; exit 1; }
export TEMPORAL_ADDRESS="$address"
lap "server at $address"

node lib/worker.js >worker.log 2>&1 &
started+=("$!")
worker=$!
node lib/start.js &
start=$!
started+=("$start")
# A Worker that ends before the run does would leave it waiting for ever.
wait -n -p ended "$worker" "$start" || { tail -30 worker.log; exit 1; }
[ "$ended" = "$start" ] || { tail -30 worker.log; exit 1; }
lap 'first finished run'
echo "newcomer: $((SECONDS - begin)) s from npm install to the first finished run"
