#!/usr/bin/env bash
# Make the virtual environment $2 with the Python $1, and put uv into it.
set -euo pipefail
python=$1 venv=$2
if [ -z "$python" ]; then
  echo "energydash needs Python 3.11 or newer, and there is none here." >&2
  [ -f /etc/debian_version ] && echo "Debian and Ubuntu: sudo apt install python3 python3-venv" >&2
  [ "$(uname)" = Darwin ] && echo "macOS: brew install python@3.13" >&2
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  echo "This Python cannot make virtual environments. On Debian and Ubuntu, run:" >&2
  echo "    sudo apt install python$version-venv" >&2
  exit 1
fi
"$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check uv
