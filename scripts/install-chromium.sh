#!/usr/bin/env bash
# Installs Chromium from the system's packages where there is none: what the test of the Temporal UI (test/browser) drives. Debian and Ubuntu,
# as root; elsewhere it says what to do. CHROMIUM names another program.
set -euo pipefail
for program in "${CHROMIUM:-}" /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome; do
  if [ -n "$program" ] && [ -x "$program" ]; then
    echo "browser: $program"
    exit 0
  fi
done
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
  echo "No Chromium here. Install it (Debian: sudo apt-get install chromium), or name one: CHROMIUM=/path/to/chromium" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core > /dev/null
echo "browser: $(command -v chromium), installed now"
