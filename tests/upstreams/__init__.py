"""Stand-ins: small loopback upstreams that speak the wire format of every source.

A module here that has `routes(world) -> dict[host, handler]` is served by `server.Upstreams`;
`python -m tests.upstreams` runs them all for a demo. A handler takes a `Request` and returns a
`Response`. All values come from `world`: seeded, moving with the clock, overridable by a test.
"""

from tests.upstreams.wire import Handler, Request, Response
from tests.upstreams.world import World

__all__ = ["Handler", "Request", "Response", "World"]
