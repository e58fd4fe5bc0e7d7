"""Talking to Aretas: one login, kept in memory, and every address that energydash asks."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from energydash.core.errors import BadCredentials, BadData, InputError, NotFound
from energydash.core.settings import Section, Settings
from energydash.sources import http
from energydash.sources.aretas.rows import SOURCE

BASE_URL: Final = "https://iot.aretas.ca/rest/"
READ_TIMEOUT_S: Final = (5.0, 120.0)  # a piece of 14 days is some 30 MB


def account_of(settings: Settings, name: str = "") -> Section:
    """A configured account; raises BadCredentials where there is none with a login."""
    accounts = settings.named("aretas")
    mine = [account for account in accounts if account.name == name]
    for account in (*mine, *accounts):
        if account.text("username") and account.text("password"):
            return account
    raise BadCredentials(
        SOURCE, f"{SOURCE} has no account.", remedy="Give [aretas] username and password."
    )


_tokens: dict[tuple[str, str, str], str] = {}
_login = threading.Lock()


def authorised(
    method: str,
    account: Section,
    path: str,
    *,
    mac: str = "",
    params: list[tuple[str, Any]] | None = None,
    body: object = None,
) -> bytes:
    """A request with the token; on 401 and 403 one new login and one more try."""
    for attempt in (1, 2):
        token = token_of(account)
        headers = {"Authorization": f"Bearer {token}"}
        if mac:
            headers["X-AIR-Token"] = mac
        try:
            return call(method, account, path, params=params, headers=headers, body=body)
        except BadCredentials as error:
            forget_token(account)
            if attempt == 2:
                raise BadCredentials(
                    SOURCE,
                    f"{SOURCE} accepts the login but refuses these data.",
                    remedy="Check that the account may read this device.",
                ) from error
    raise AssertionError("both attempts either return or raise")


def call(
    method: str,
    account: Section,
    path: str,
    *,
    params: list[tuple[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
    body: object = None,
) -> bytes:
    """One request to an address under the account's base."""
    try:
        return http.call(
            method,
            SOURCE,
            address(account, path),
            params=params,
            headers=headers,
            body=body,
            timeout_s=READ_TIMEOUT_S,
        )
    except NotFound as error:
        raise NotFound(
            SOURCE,
            f"{SOURCE} has nothing at {path} (404).",
            remedy="Check [aretas] url and the device's mac.",
        ) from error


def token_of(account: Section) -> str:
    """The token of this account: kept in memory, else by a login (POST, never in an address)."""
    key = _key(account)
    with _login:
        if key not in _tokens:
            _tokens[key] = read_token(post_login(account))
        return _tokens[key]


def post_login(account: Section) -> bytes:
    """`authentication/j`: a login."""
    given = {name: account.secret(name).reveal() for name in ("username", "password")}
    try:
        return call("POST", account, "authentication/j", body=given)
    except BadCredentials as error:
        raise BadCredentials(
            SOURCE,
            f"{SOURCE} refuses the username or the password.",
            remedy="Check username and password in [aretas] of secrets.toml.",
        ) from error


def read_token(body: bytes) -> str:
    """The token that a login answers as plain text (or as a JSON string)."""
    text = body.decode("utf-8", "replace").strip().strip('"')
    if len(text) < 8 or any(sign in text for sign in " <>{}\n\"'"):
        raise BadData(
            SOURCE,
            f"{SOURCE} answered the login with something that is not a token.",
            remedy="Check [aretas] url, username and password.",
        )
    return text


def forget_token(account: Section) -> None:
    """Log in anew at this account's next request."""
    _tokens.pop(_key(account), None)


def forget_logins() -> None:
    """Log in anew at the next request (after settings were edited)."""
    _tokens.clear()


def _key(account: Section) -> tuple[str, str, str]:
    return (address(account, ""), account.secret("username").reveal(),
            account.secret("password").reveal())  # fmt: skip


def address(account: Section, path: str) -> str:
    """A path under the account's base; refused where a password would not be encrypted."""
    base = account.text("url", BASE_URL) or BASE_URL
    parts = urlsplit(base)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise InputError(
            "[aretas] url must start with https://.", remedy="A password is sent to it."
        )
    return base.rstrip("/") + "/" + path


def latest_body(account: Section, macs: tuple[str, ...]) -> bytes:
    """`sensorreport/latest` of these monitors, as it came."""
    numbers = [int(mac) if mac.isdigit() else mac for mac in macs]
    body = authorised("POST", account, "sensorreport/latest", body=numbers)
    as_list(body)
    return body


def as_list(body: bytes) -> list[dict[str, Any]]:
    """A JSON list of objects, or BadData."""
    parsed = http.as_json(SOURCE, body)
    if not isinstance(parsed, list) or not all(isinstance(row, dict) for row in parsed):
        raise BadData(SOURCE, f"{SOURCE} sent something else than a list.")
    return parsed


def instant(epoch_ms: int) -> datetime:
    """Epoch milliseconds as UTC."""
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)
