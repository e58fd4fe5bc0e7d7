"""How long one question to an upstream may take, and how much its answers may bring."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from energydash.core.errors import BadData, SourceError, Unavailable

if TYPE_CHECKING:
    import requests

TIMEOUT_S = (5.0, 20.0)  # connect, read; three tries of a hanging upstream end in a minute
MOST_BYTES = 100_000_000  # of one answer, unpacked; the largest archive has about 15 MB


@dataclass(frozen=True)
class Limits:
    """How long one question may take, and how much it may bring.

    until: monotonic seconds. timeout_s: of connecting, and of each read.
    """

    source: str
    until: float
    timeouts_s: tuple[float, float]

    @classmethod
    def of(
        cls, source: str, deadline_s: float, timeout_s: tuple[float, float] = TIMEOUT_S
    ) -> Limits:
        """Limits from now on."""
        return cls(source, time.monotonic() + deadline_s, timeout_s)

    def timeout_s(self) -> tuple[float, float]:
        """Time-outs for the next request. Raises: Unavailable where no time is left."""
        left_s = self.until - time.monotonic()
        if left_s <= 0:
            raise Unavailable(
                self.source, f"{self.source} took too long.", remedy="It is asked again by itself."
            )
        return min(self.timeouts_s[0], left_s), min(self.timeouts_s[1], left_s)

    def take_body(self, answer: requests.Response) -> None:
        """Read the body of an answer that was asked for as a stream, piece by piece.

        Raises: Unavailable for one that drips; BadData for one without end.
        """
        import requests
        from urllib3.exceptions import HTTPError

        pieces: list[bytes] = []
        size = 0
        try:
            while piece := answer.raw.read1(64 * 1024, decode_content=True):
                pieces.append(piece)
                size += len(piece)
                self.timeout_s()
                if size > MOST_BYTES:
                    raise BadData(
                        self.source,
                        f"{self.source} sent more than {MOST_BYTES // 10**6} MB.",
                        remedy="It is not read; it is asked again by itself.",
                    )
            packed = getattr(getattr(answer.raw, "_decoder", None), "_obj", None)
            if size and getattr(packed, "eof", True) is False:  # urllib3 takes half a gzip file
                raise requests.ConnectionError("a packed answer that is cut short")
        except HTTPError as error:
            answer.close()
            raise requests.ConnectionError(error) from error
        except SourceError:
            answer.close()
            raise
        # `requests` itself keeps a body that it has read just so.
        answer._content = b"".join(pieces)
        answer._content_consumed = True  # type: ignore[attr-defined]
