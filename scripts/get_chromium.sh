#!/usr/bin/env bash
# See that the browser tests have a Chromium: one that is here, else Debian's package, else
# Playwright's own. Fails where there is none; the tests are then skipped and say so.
set -uo pipefail
found() { .venv/bin/python -m tests.e2e.chromium >/dev/null 2>&1; }
found && exit 0
if command -v apt-get >/dev/null; then
  as_root=""
  [ "$(id -u)" = 0 ] || as_root="sudo -n"
  echo "No Chromium here: installing Debian's package for the browser tests."
  $as_root apt-get install --yes --quiet --no-install-recommends chromium >/dev/null 2>&1 ||
    { $as_root apt-get update --quiet >/dev/null 2>&1 &&
      $as_root apt-get install --yes --quiet --no-install-recommends chromium >/dev/null 2>&1; }
  found && exit 0
fi
echo "Trying Playwright's own Chromium for the browser tests."
.venv/bin/python -m playwright install chromium >/dev/null 2>&1
found && exit 0
echo "No Chromium could be installed: the browser tests will be skipped."
exit 1
