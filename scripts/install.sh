#!/usr/bin/env bash
# Install into .venv with uv, from the index that this machine's pip is set to; uv does not read
# pip's settings by itself. Where uv still cannot, pip does it.
set -euo pipefail
bin=.venv/bin
settings=$("$bin/pip" config list 2>/dev/null || true) # lines such as global.index-url='...'
setting() { sed -n "s/^[^=]*\.$1='\(.*\)'\$/\1/p" <<<"$settings" | head -1; }
use() { [ -n "${!1:-}" ] || [ -z "$2" ] || export "$1=$2"; }
use UV_DEFAULT_INDEX "$(setting index-url)"
use UV_INDEX "$(setting extra-index-url)"
use UV_INDEX_STRATEGY unsafe-best-match # as pip does: every index that it is set to is trusted
use UV_FIND_LINKS "$(setting find-links | tr ' ' ',')"
use SSL_CERT_FILE "$(setting cert)"
# Compiled once here, not at every start: some machines write no .pyc files by themselves.
"$bin/uv" pip install --quiet --compile-bytecode --python "$bin/python" "$@" ||
  "$bin/pip" install --quiet --disable-pip-version-check "$@"
