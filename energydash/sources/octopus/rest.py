"""Asking Octopus Energy's REST interface: keys, pages, and prices digit for digit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from energydash.core.errors import BadCredentials, BadData
from energydash.core.settings import Section, Settings
from energydash.sources import http

NAME = "Octopus Energy"
HOST = "api.octopus.energy"
BASE = f"https://{HOST}/v1/"
MOST_PAGES = 200


def account_section(settings: Settings, name: str) -> Section:
    """The `[octopus]` or `[octopus.NAME]` section that has a key; BadCredentials without one."""
    for section in settings.named("octopus"):
        if section.name == name and section.secret("api_key"):
            return section
    where = f"[octopus.{name}]" if name else "[octopus]"
    raise BadCredentials(
        NAME,
        f"No API key for {NAME} is configured in {where}.",
        remedy="Put api_key and account_number there, in secrets.toml; both are on the "
        "'Personal details' page of your Octopus account.",
    )


@contextmanager
def asking_with(section: Section) -> Iterator[None]:
    """Whatever refuses the key within says which key that is, and what to do."""
    try:
        yield
    except BadCredentials as error:
        where = f"[octopus.{section.name}]" if section.name else "[octopus]"
        raise BadCredentials(
            NAME,
            f"{NAME} refused the key in {where} of secrets.toml.",
            remedy="Put the api_key there that is on the 'Personal details' page of your Octopus "
            "account, and start energydash again.",
        ) from error


def auth(section: Section) -> tuple[str, str]:
    """HTTP basic: the key is the user name, the password is empty."""
    return section.secret("api_key").reveal(), ""


def get_pages(
    path: str, params: dict[str, str], credentials: tuple[str, str] | None = None
) -> list[bytes]:
    """Every page of an answer, following `next`, which must stay on Octopus's own host."""
    url: str | None = BASE + path
    asked: dict[str, str] | None = params
    pages: list[bytes] = []
    seen: set[str] = set()
    while url:
        if url in seen or len(pages) >= MOST_PAGES:
            raise BadData(NAME, f"{NAME} sent pages without end.", remedy="Ask for less time.")
        seen.add(url)
        body = http.get(NAME, url, params=asked, auth=credentials)
        pages.append(body)
        url, asked = next_page(body), None
    return pages


def next_page(body: bytes) -> str | None:
    """The address of the page after this one."""
    found = page(body).get("next")
    if not found:
        return None
    parts = urlsplit(str(found))
    if parts.hostname != HOST:
        raise BadData(NAME, f"{NAME} sent a next page on another host; it is not asked.")
    return parts._replace(scheme="https").geturl()


def page(body: bytes, *, exact: bool = False) -> dict[str, Any]:
    """The envelope of one page; BadData where it is none."""
    found = http.as_json(NAME, body, exact=exact)
    if not isinstance(found, dict) or not isinstance(found.get("results"), list):
        raise BadData(
            NAME,
            f"{NAME} sent an answer without 'results'.",
            remedy="It is asked again by itself; the last good data stay on screen.",
        )
    return found


def rows(pages: Sequence[bytes], *, exact: bool = False) -> list[dict[str, Any]]:
    """The records of all pages in the order they came."""
    return [row for body in pages for row in page(body, exact=exact)["results"]]


def joined(pages: Sequence[bytes]) -> bytes:
    """Several pages as one, to be kept as one raw answer."""
    if len(pages) == 1:
        return pages[0]
    found = [json.loads(body) for body in pages]
    results = [row for one in found for row in one["results"]]
    return json.dumps({"count": len(results), "next": None, "results": results}).encode()


def lacks(field: str, what: str) -> BadData:
    """The error for an answer without a field that it must have."""
    return BadData(
        NAME,
        f"{NAME} sent {what} without a usable '{field}'.",
        remedy="The interface may have changed: look for an update of energydash.",
    )
