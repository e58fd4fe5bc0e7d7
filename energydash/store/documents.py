"""Small JSON documents of an owner: meters, tariffs, agreements, devices."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from energydash.core.errors import InputError
from energydash.core.time import utc_now
from energydash.store.schema import TEXT, columns

if TYPE_CHECKING:
    from energydash.store.database import Connection


VERSION = "documents:"  # meta: how often the documents of each kind have changed


HOUSEHOLD = "SELECT value FROM meta WHERE key = 'household'"


def household(connection: Connection) -> str:
    """The random id that owns all home data."""
    known = connection.value(TEXT, HOUSEHOLD)
    if known is None:  # a store made before this was done when it is opened
        ensure_household(connection)
        known = connection.value(TEXT, HOUSEHOLD)
    return str(known)


def ensure_household(connection: Connection) -> None:
    """Make the household's id where there is none."""
    connection.execute(
        "INSERT INTO meta (key, value) VALUES ('household', $1) ON CONFLICT DO NOTHING",
        secrets.token_hex(8),
    )


def own(connection: Connection, kinds: Sequence[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """The household's documents of these kinds, by kind and key, in order."""
    rows = connection.rows(
        columns("documents", "kind", "key", "body"),
        f"SELECT kind, key, body FROM documents WHERE owner = ({HOUSEHOLD}) "
        f"AND kind IN ({', '.join(f'${n}' for n in range(1, len(kinds) + 1))}) ORDER BY key",
        *kinds,
    )
    found: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in kinds}
    for row in rows:
        found[row["kind"]][row["key"]] = json.loads(row["body"])
    return found


def put(connection: Connection, owner: str, kind: str, key: str, body: dict[str, Any]) -> None:
    """Keep a document, in the place of an older one with the same key."""
    try:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"The {kind} {key} cannot be written as JSON: {error}.") from error
    connection.execute(
        "INSERT INTO documents (owner, kind, key, body) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (owner, kind, key) DO UPDATE SET body = excluded.body",
        owner,
        kind,
        key,
        text,
    )
    bump(connection, kind)


def listed(connection: Connection, owner: str, kind: str) -> dict[str, dict[str, Any]]:
    """Every document of a kind, by key, in order."""
    rows = connection.rows(
        columns("documents", "key", "body"),
        "SELECT key, body FROM documents WHERE owner = $1 AND kind = $2 ORDER BY key",
        owner,
        kind,
    )
    return {row["key"]: json.loads(row["body"]) for row in rows}


def get(connection: Connection, owner: str, kind: str, key: str) -> dict[str, Any] | None:
    """One document, None where there is none."""
    text = connection.value(
        TEXT,
        "SELECT body FROM documents WHERE owner = $1 AND kind = $2 AND key = $3",
        owner,
        kind,
        key,
    )
    if text is None:
        return None
    body: dict[str, Any] = json.loads(text)
    return body


def drop(connection: Connection, owner: str, kind: str, key: str) -> None:
    """Remove a document."""
    connection.execute(
        "DELETE FROM documents WHERE owner = $1 AND kind = $2 AND key = $3", owner, kind, key
    )
    bump(connection, kind)


def bump(connection: Connection, kind: str) -> None:
    """Say that documents of a kind have changed."""
    connection.execute(
        "INSERT INTO meta (key, value) VALUES ($1, '1') ON CONFLICT (key) DO UPDATE "
        "SET value = CAST(CAST(meta.value AS bigint) + 1 AS text)",
        VERSION + kind,
    )


def kinds(connection: Connection) -> dict[str, int]:
    """How often the documents of each kind have changed."""
    rows = connection.rows(
        columns("meta"), f"SELECT key, value FROM meta WHERE key LIKE '{VERSION}%'"
    )
    return {row["key"].removeprefix(VERSION): int(row["value"]) for row in rows}


def replaced(connection: Connection, before: Mapping[str, int]) -> None:
    """After others were put in their place, no kind has a number that it had before."""
    now = int(utc_now().timestamp())  # of a damaged database nobody knows what they were
    above = max([*before.values(), *kinds(connection).values(), now])
    connection.execute(f"DELETE FROM meta WHERE key LIKE '{VERSION}%'")
    stored = connection.rows(columns("documents", "kind"), "SELECT DISTINCT kind FROM documents")
    for kind in {*before, *(row["kind"] for row in stored)}:
        connection.execute(
            "INSERT INTO meta (key, value) VALUES ($1, $2)", VERSION + kind, str(above + 1)
        )
