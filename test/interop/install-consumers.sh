#!/usr/bin/env bash
# Installs the JavaScript programs that open a published folder, at the versions of consumers/package-lock.json, outside the project:
# their ONNX Runtime is another one. INTEROP_CONSUMERS names another place.
set -euo pipefail
source="$(cd "$(dirname "$0")/consumers" && pwd)"
target="${INTEROP_CONSUMERS:-${XDG_CACHE_HOME:-$HOME/.cache}/temporal-finetune/interop}"
mkdir -p "$target"
cp "$source"/*.mjs "$target"/
if ! cmp -s "$source/package-lock.json" "$target/package-lock.json" || [ ! -d "$target/node_modules" ]; then
  cp "$source/package.json" "$target/"
  (cd "$target" && cp "$source/package-lock.json" . && npm ci --legacy-peer-deps --ignore-scripts --no-audit --no-fund) ||
    { rm -rf "$target/node_modules" "$target/package-lock.json"; exit 1; }
fi
echo "interop consumers are in $target"
