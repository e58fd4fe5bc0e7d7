"""The session that every request of `http` goes through: redirects, retries, our name."""

from __future__ import annotations

import threading
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from energydash import __version__

USER_AGENT = f"energydash/{__version__} (open-source energy dashboard)"

_local = threading.local()


class Session(requests.Session):
    """Follows redirects on the same host and scheme only, or from clear to TLS on the same host:
    keys travel nowhere else."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target is None:
            return None
        asked, told = urlsplit(resp.url), urlsplit(urljoin(resp.url, target))
        is_same = (asked.scheme, asked.netloc) == (told.scheme, told.netloc)
        is_safer = (asked.scheme, told.scheme) == ("http", "https") and asked.netloc == told.netloc
        return target if is_same or is_safer else None


def session() -> requests.Session:
    """This thread's session: connections are reused, threads never share one."""
    found: requests.Session | None = getattr(_local, "session", None)
    if found is None:
        found = Session()
        found.max_redirects = 5
        retry = Retry(
            total=2,
            backoff_factor=0.3,
            backoff_jitter=0.2,
            status_forcelist=(500, 502, 504),
            allowed_methods=frozenset({"GET", "HEAD"}),
            respect_retry_after_header=False,  # done here, for 429 and 503 alike
            raise_on_status=False,
        )
        adapter = HTTPAdapter(max_retries=retry)
        found.mount("https://", adapter)
        found.mount("http://", adapter)
        found.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"})
        _local.session = found
    return found
