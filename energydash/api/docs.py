"""The page at /api/v1/docs: every route, parameter and field with its unit, from openapi.json.

It is plain HTML of our own: the usual pages load their scripts from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; } code { font-size: .95em; }
table { border-collapse: collapse; width: 100%; display: block; overflow-x: auto; }
td, th { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top; }
tr + tr td { border-top: 1px solid #8884; }
"""


def page(openapi: Mapping[str, Any], root: str) -> str:
    """The documentation of an OpenAPI description, served under `root`."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width, initial-scale=1'>",
        f"<title>energydash REST API</title><style>{STYLE}</style>",
        f"<h1>energydash REST API {escape(openapi['info']['version'])}</h1>",
        "<p>Read-only. Every answer is JSON, or CSV with <code>format=csv</code>; times are UTC",
        "interval starts with the local time beside them; what is unknown is null or empty. ",
        f"The description for programs is <a href='{root}/openapi.json'>openapi.json</a>.</p>",
    ]
    for path, methods in openapi["paths"].items():
        parts += _route(f"{root}{path}", methods["get"], openapi)
    return "\n".join(parts)


def _route(path: str, route: Mapping[str, Any], openapi: Mapping[str, Any]) -> Iterator[str]:
    about = route.get("description", "")
    yield f"<h2><code>{escape(path)}</code></h2><p>{escape(about)}</p>"
    rows = [
        (
            one["name"],
            _type(one["schema"])
            + _limits(one["schema"])
            + (", needed" if one.get("required") else ""),
            one.get("description") or one["schema"].get("description", ""),
        )
        for one in route.get("parameters", ())
    ]
    yield _table("Parameter", rows)
    schema = route["responses"]["200"]["content"]["application/json"]["schema"]
    is_list = schema.get("type") == "array"
    rows = list(_fields(schema["items"] if is_list else schema, openapi, "[]." if is_list else ""))
    yield _table("Field", rows)


def _fields(
    schema: Mapping[str, Any], openapi: Mapping[str, Any], prefix: str, depth: int = 0
) -> Iterator[tuple[str, str, str]]:
    """(name, type, meaning) of each field of an object, those inside included."""
    found = _resolved(schema, openapi)
    for name, one in found.get("properties", {}).items():
        yield f"{prefix}{name}", _type(one), one.get("description", "")
        inner = one.get("items", one)
        inside = next((o for o in inner.get("anyOf", ()) if "$ref" in o), inner)
        if "$ref" in inside and depth < 3 and name != "inputs":
            mark = "[]." if one.get("type") == "array" else "."
            yield from _fields(inside, openapi, f"{prefix}{name}{mark}", depth + 1)


def _resolved(schema: Mapping[str, Any], openapi: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        found: Mapping[str, Any] = openapi["components"]["schemas"][schema["$ref"].split("/")[-1]]
        return found
    return schema


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].split("/")[-1])
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    return str(schema.get("const", schema.get("format", schema.get("type", "object"))))


def _limits(schema: Mapping[str, Any]) -> str:
    if "maximum" not in schema:
        return ""
    above = "above " * ("exclusiveMinimum" in schema)
    low = schema.get("exclusiveMinimum", schema.get("minimum"))
    return f", {above}{low:g} to {schema['maximum']:g}"


def _table(head: str, rows: list[tuple[str, str, str]]) -> str:
    if not rows:
        return ""
    lines = [
        f"<tr><td><code>{escape(name)}</code><td>{escape(kind)}<td>{escape(about)}"
        for name, kind, about in rows
    ]
    return f"<table><tr><th>{head}<th>Type<th>Meaning{''.join(lines)}</table>"
