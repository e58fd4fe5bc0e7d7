"""Nothing may bring a second SQLite library into a process that has the store open."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = {"sqlite3", "_sqlite3", "sqlalchemy", "aiosqlite", "pysqlite3", "apsw"}
READERS = {"read_sql", "read_sql_query", "read_sql_table", "to_sql"}
FILES = sorted(
    path
    for name in ("energydash", "tests", "benchmarks", "pages", "scripts", "app.py")
    for path in ([ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*.py"))
    if path.is_file()
)


def used(source: str) -> set[str]:
    """The modules a file imports and the SQL readers of pandas it names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.Attribute) and node.attr in READERS:
            found.add(node.attr)
    return found & (FORBIDDEN | READERS)


def test_nothing_opens_the_store_past_adbc() -> None:
    found = {str(path): used(path.read_text(encoding="utf-8")) for path in FILES}
    assert len(found) > 300
    assert not {path: names for path, names in found.items() if names}


def test_the_scan_finds_what_it_looks_for() -> None:
    assert used("def f():\n    import sqlite3.dbapi2") == {"sqlite3"}
    assert used("from sqlalchemy.orm import Session") == {"sqlalchemy"}
    assert used("import pandas as pd\npd.read_sql('x', c)") == {"read_sql"}
