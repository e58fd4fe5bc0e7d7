"""`python -m tests.upstreams [--port N]`: run the stand-ins for a demo without the internet."""

from __future__ import annotations

import argparse
import sys
import threading

from tests.upstreams.server import Upstreams


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.upstreams", description=__doc__)
    parser.add_argument("--port", type=int, default=8601)
    port = parser.parse_args().port
    with Upstreams(port=port) as upstreams:
        sys.stdout.write(f"export ENERGYDASH_REPLAY_URL={upstreams.url}\n")
        sys.stdout.flush()
        hosts = ", ".join(sorted(upstreams.routes)) or "none yet"
        sys.stderr.write(f"Standing in for {hosts}. Ctrl+C ends it.\n")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stderr.write("Stopped.\n")


if __name__ == "__main__":
    main()
