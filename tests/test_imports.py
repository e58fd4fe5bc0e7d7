"""Imports flow one way: pages → views, charts → answers → sync → store, sources; answers → the
four pure subjects → core. Read from the source files, lazy imports included.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "energydash"
PURE = {"grid", "home", "battery", "flexibility"}
IO = {
    "os", "io", "socket", "subprocess", "urllib", "http", "requests", "urllib3", "sqlite3",
    "threading", "multiprocessing", "shutil", "tempfile", "diskcache", "filelock", "logging",
    "adbc_driver_manager", "adbc_driver_sqlite", "adbc_driver_postgresql", "streamlit", "fastapi",
}  # fmt: skip
CLOCKS = {"now", "utcnow", "today", "utc_now", "monotonic", "perf_counter"}

# A room of the house -> the rooms that it may import from (itself and `core` always).
MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "grid": set(),
    "home": set(),
    "battery": {"home"},  # money: tariffs applied to a battery
    "flexibility": set(),
    "sources": PURE,
    "store": {"sources"},  # redaction of the driver's messages
    "sync": {"store", "sources"} | PURE,
    "answers": {"sync", "store", "sources"} | PURE,
    "charts": PURE,
    "views": {"charts", "answers", "sync", "serialise"} | PURE,
    "serialise": {"answers", "sync"} | PURE,
}
PAGES_MAY_IMPORT = {"core", "views", "charts", "answers"} | PURE
# Who may speak HTTP: the one session, and what sends libraries' own requests elsewhere.
SPEAK_HTTP = {
    f"sources/{name}.py" for name in ("http", "session", "limits", "replay", "gridstatus")
}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, as dotted names; those for type checkers too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def room(path: Path) -> str:
    """The room a file is in: a folder, or a module beside the folders."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def rooms(path: Path) -> set[str]:
    """The rooms that a file imports from."""
    names = (name.split(".") for name in imports(path))
    return {parts[1] for parts in names if parts[0] == "energydash" and len(parts) > 1}


def test_imports_flow_one_way() -> None:
    wrong = {
        str(path.relative_to(PACKAGE)): extra
        for path in files()
        if room(path) in MAY_IMPORT
        and (extra := rooms(path) - MAY_IMPORT[room(path)] - {room(path), "core", "__version__"})
    }
    assert not wrong, wrong


def test_pages_ask_answers_only() -> None:
    pages = [*(ROOT / "pages").glob("*.py"), ROOT / "app.py"]
    wrong = {path.name: extra for path in pages if (extra := rooms(path) - PAGES_MAY_IMPORT)}
    assert len(pages) > 8
    assert not wrong, wrong


def test_faces_do_not_go_round_the_answers() -> None:
    faces = [
        *(PACKAGE / "api").glob("*.py"),
        *(PACKAGE / "serialise").glob("*.py"),
        *(PACKAGE / "cli" / f"{name}.py" for name in ("grid", "home", "battery")),
    ]
    assert len(faces) > 10
    assert not [path for path in faces if "sources" in rooms(path)], "a face asks a source itself"


def test_streamlit_only_in_views_and_the_server() -> None:
    users = {room(path) for path in files() if "streamlit" in roots(path)}
    assert users == {"views", "server", "gate"}


def test_calculations_are_pure() -> None:
    """No I/O module and no clock. `data/` is read through importlib.resources."""
    wrong = []
    for path in (path for path in files() if room(path) in PURE):
        wrong += [f"{path}: imports {name}" for name in roots(path) & IO]
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call):
                called = node.func
                name = called.attr if isinstance(called, ast.Attribute) else ""
                name = called.id if isinstance(called, ast.Name) else name
                if name in CLOCKS or name in ("open", "print", "input"):
                    wrong.append(f"{path}:{node.lineno}: calls {name}")
    assert not wrong, wrong


def test_only_one_module_speaks_http() -> None:
    """HTTP goes through sources/http.py; replay.py patches it; libraries only in the crawler."""
    speakers = {
        str(path.relative_to(PACKAGE))
        for path in files()
        for name in imports(path)
        if name.split(".")[0] in ("requests", "urllib3", "httpx", "aiohttp")
        or name.startswith(("urllib.request", "http.client"))
    }
    assert speakers <= SPEAK_HTTP, speakers - SPEAK_HTTP


WALL_CLOCK = re.compile(
    r"\bdatetime\.(now|utcnow|today)\(|\bdate\.today\(|\btime\.(time|time_ns|localtime|gmtime)\("
    r"|Timestamp\.(now|utcnow|today)\(|(Timestamp\(|max_value=)[\"'](now|today)"
)


def test_one_module_reads_the_wall_clock() -> None:
    """Whatever knows the time asks `core.time.utc_now`, so that a test can say what it is."""
    readers = {
        str(path.relative_to(ROOT))
        for folder in ("energydash", "pages", "tests")
        for path in (ROOT / folder).rglob("*.py")
        if WALL_CLOCK.search(path.read_text(encoding="utf-8"))
    }
    assert readers == {"energydash/core/time.py"}


@pytest.mark.parametrize("arguments", [["--help"], ["import", "--help"], ["--version"]])
def test_help_loads_neither_pandas_nor_streamlit(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        f"sys.argv = ['energydash', *{arguments!r}]\n"
        "from energydash.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'pandas', 'numpy', 'streamlit', 'plotly'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "energydash" in done.stdout.lower()


def test_the_command_line_prints_in_one_place() -> None:
    """`say` knows what a terminal must not be told; a file's own bytes go round it."""
    echo = re.compile(r"click\.s?echo\((?!done\.files\[0\]\.data)")
    wrong = [
        path.name
        for path in (PACKAGE / "cli").glob("*.py")
        if path.name != "output.py" and echo.search(path.read_text(encoding="utf-8"))
    ]
    assert not wrong, wrong
