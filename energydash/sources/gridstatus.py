"""gridstatus as it is: asked through its public methods, with its own session, headers, cookies
and retries. What it downloads is handed on; its own reading of it is not used.

It is for upstreams that give their files only to visitors who come the right way, which
gridstatus knows and keeps up with. Time-outs, the deadline, the cap on bytes and the redaction
of errors come from the transport below its session: `_Transport`, in a thread that is asking.

Documentation: https://opensource.gridstatus.io (version 0.37), BSD-3-Clause. It takes seconds to
import and changes the process it is in, so it is imported here only, when it is first needed, in
the crawler's process; what it changes is put back at once.
"""

from __future__ import annotations

import contextvars
import logging
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import requests
import urllib3.util.ssl_
from requests.adapters import HTTPAdapter

from energydash.core.errors import BadData, SourceError
from energydash.sources import AGAIN, http
from energydash.sources.limits import Limits

log = logging.getLogger(__name__)

DEADLINE_S = 100.0  # below the 120 s for which a refresh holds its lease


@dataclass
class _Asking:
    """Whom this thread asks, within which limits, and what came so far."""

    limits: Limits
    answers: list[requests.Response] = field(default_factory=list)


_asking: contextvars.ContextVar[_Asking | None] = contextvars.ContextVar("asking", default=None)


def download(name: str, question: Callable[[ModuleType], object], content_type: str) -> bytes:
    """The last body of this content type that a public method of gridstatus downloads.

    question: calls the method. That gridstatus cannot read what came (it refuses the repeated
    autumn hour) does not matter where it came. Raises: SourceError.
    """
    library = _gridstatus(name)
    asking = _Asking(Limits.of(name, DEADLINE_S))
    token = _asking.set(asking)
    failure: Exception | None = None
    try:
        question(library)
    except SourceError:
        raise
    except requests.RequestException as error:
        raise http.unreachable(name, error) from http.redacted(error)
    except Exception as error:
        failure = error
    finally:
        _asking.reset(token)
    for answer in reversed(asking.answers):
        is_wanted = answer.headers.get("Content-Type", "").startswith(content_type)
        if answer.status_code == 200 and is_wanted:
            return answer.content
    problem = http.error_of(name, asking.answers[-1]) if asking.answers else None
    if problem is None:
        sent = f"{name} sent a web page instead of data."
        problem = BadData(name, sent, remedy=AGAIN)
    raise problem from (http.redacted(failure) if failure else None)


class _Transport(HTTPAdapter):
    """What every new session sends with; in a thread that asks through `download`, within its
    limits."""

    def send(self, request: Any, stream: bool = False, **options: Any) -> requests.Response:  # type: ignore[override]
        asking = _asking.get()
        if asking is None:
            return super().send(request, stream=stream, **options)
        options["timeout"] = asking.limits.timeout_s()
        answer = super().send(request, stream=True, **options)
        asking.limits.take_body(answer)
        asking.answers.append(answer)
        return answer


# --- the library ------------------------------------------------------------------------------

_import_lock = threading.Lock()


def _gridstatus(name: str) -> ModuleType:
    """gridstatus, imported and tamed once: its log handler, ciphers and prints.

    Raises: BadData where it cannot be imported.
    """
    with _import_lock:
        if getattr(sys.modules.get("gridstatus"), "is_tamed", False):
            return sys.modules["gridstatus"]
        ssl = urllib3.util.ssl_
        ciphers = getattr(ssl, "DEFAULT_CIPHERS", None)
        try:
            import gridstatus
        except ImportError as error:
            raise BadData(
                name,
                f"{name} needs the Python package gridstatus, which cannot be imported.",
                remedy="Run `make run` again, or install requirements.txt.",
            ) from error
        finally:
            # It lowers the ciphers of the whole process to those that one operator once needed.
            if ciphers is not None:
                ssl.DEFAULT_CIPHERS = ciphers  # type: ignore[attr-defined]
            elif hasattr(ssl, "DEFAULT_CIPHERS"):
                del ssl.DEFAULT_CIPHERS
        logger = logging.getLogger("gridstatus")
        logger.handlers.clear()  # it writes every address to standard error
        logger.setLevel(logging.WARNING)
        for module_name, module in list(sys.modules.items()):
            if module_name.partition(".")[0] == "gridstatus" and module is not None:
                setattr(module, "print", _print)  # noqa: B010  # stdout is for results
        setattr(requests.sessions, "HTTPAdapter", _Transport)  # noqa: B010
        library: Any = gridstatus
        library.is_tamed = True
        tamed: ModuleType = library
        return tamed


def _print(*words: object, **_: object) -> None:
    log.debug("gridstatus: %s", http.redact(" ".join(str(word) for word in words)))
