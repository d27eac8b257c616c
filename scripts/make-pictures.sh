#!/usr/bin/env bash
# Makes the README's pictures from a whole run in a browser (test/browser): docs/images/ui-run.png, the run's page in the Temporal UI; and
# docs/images/report.png, the top of the quickstart's HTML report.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-chromium.sh
pictures="$(mktemp -d)"
trap 'rm -rf "$pictures"' EXIT
PICTURES="$pictures" BROWSER=1 npx vitest run test/browser
mkdir -p docs/images
node scripts/picture-of-report.js docs/images/report.png
cp "$pictures/ui-run.png" docs/images/ui-run.png
echo "docs/images/ui-run.png and docs/images/report.png are made"
