#!/usr/bin/env bash
# Known vulnerabilities of what requirements.txt pins. Where the advisories cannot be asked (an
# index that mirrors packages alone has none), it says so and fails: silence is no good news.
set -uo pipefail
said=$(.venv/bin/uv tool run --quiet pip-audit --requirement requirements.txt --require-hashes \
  --disable-pip --strict 2>&1)
status=$?
echo "$said"
if [ "$status" != 0 ] && ! grep -q '^Found [0-9]* known vulnerabilit' <<<"$said"; then
  echo "The advisories could not be asked from this machine: nothing is known, good or bad." >&2
  exit 2
fi
exit "$status"
