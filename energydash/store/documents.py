"""Small JSON documents of an owner: meters, tariffs, agreements, devices."""

from __future__ import annotations

import json
import secrets
from typing import Any

from energydash.core.errors import InputError
from energydash.store.database import Connection
from energydash.store.schema import TEXT, columns


def household(connection: Connection) -> str:
    """The random id that owns all home data, made on first use."""
    sql = "SELECT value FROM meta WHERE key = 'household'"
    known = connection.value(TEXT, sql)
    if known is None:
        connection.execute(
            "INSERT INTO meta (key, value) VALUES ('household', $1) ON CONFLICT DO NOTHING",
            secrets.token_hex(8),
        )
        known = connection.value(TEXT, sql)
    return str(known)


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
