"""Imports flow one way: pages → views, charts → answers → fetch → store, sources; answers → the
pure folders → time, units, errors. Read from the source files, lazy imports included.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "energydash"
PURE = ("grid", "home", "battery", "flexibility")
WORDS = {"time", "units", "errors", "feeds", "settings", "context", "access"}
IO = {
    "os", "io", "socket", "subprocess", "urllib", "http", "requests", "urllib3", "sqlite3",
    "threading", "multiprocessing", "shutil", "tempfile", "diskcache", "filelock", "logging",
    "adbc_driver_manager", "adbc_driver_sqlite", "adbc_driver_postgresql", "streamlit", "fastapi",
}  # fmt: skip

PAGES = [*sorted((ROOT / "pages").glob("*.py")), *ROOT.glob("app.py")]
EVERY_FILE = [
    path for folder in ("energydash", "tests", "benchmarks", "pages", "scripts")
    for path in sorted((ROOT / folder).rglob("*.py"))
]  # fmt: skip

# A room of the house -> the rooms it may import from (itself and `WORDS` always).
MAY_IMPORT: dict[str, set[str]] = {
    "charts": set(PURE),
    "views": {"charts", "answers", "crawler", *PURE},  # the first visit starts the crawler
    "answers": {"fetch", "store", "sources", "household", *PURE},
    "household": {"store", "sources", *PURE},
    "fetch": {"store", "sources"},
    "crawler": {"fetch", "streaming", "store", "sources", "household", *PURE},
    "streaming": {"store", "sources", "household", *PURE},
    "store": {"sources"},  # redaction of the driver's messages
    "sources": set(PURE),
    "grid": set(),
    "home": set(),
    "battery": {"home"},  # money: tariffs applied to a battery
    "flexibility": set(),
}


def files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, as dotted names; those for type checkers too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def room(path: Path) -> str:
    """The room a file is in: a folder, or a module beside the folders."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def own(names: Iterator[str]) -> set[str]:
    """The rooms of energydash among imported names."""
    return {
        parts[1] for parts in (name.split(".") for name in names) if parts[0] == "energydash"
        and len(parts) > 1
    }  # fmt: skip


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_flow_one_way(path: Path) -> None:
    here = room(path)
    if here in MAY_IMPORT:
        wrong = own(imports(path)) - MAY_IMPORT[here] - WORDS - {here, "__version__"}
        assert not wrong, f"{here} may not import {', '.join(sorted(wrong))}"
    if here in WORDS:
        wrong = own(imports(path)) - WORDS - {"__version__"}
        assert wrong <= ({"store", "sources"} if here == "context" else set())


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_streamlit_only_in_views_and_server(path: Path) -> None:
    if room(path) not in ("views", "server"):
        assert not [name for name in imports(path) if name.split(".")[0] == "streamlit"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_pages_ask_answers_only(path: Path) -> None:
    wrong = own(imports(path)) - {"views", "charts", "answers", "access"} - WORDS - set(PURE)
    assert not wrong, f"a page imports {', '.join(sorted(wrong))}"


@pytest.mark.parametrize("name", ["api.py", "commands/grid.py", "commands/home.py"])
def test_faces_do_not_go_round_the_answers(name: str) -> None:
    path = PACKAGE / name
    if path.exists():
        assert "sources" not in own(imports(path)), "a face asks a source by itself"


@pytest.mark.parametrize(
    "path", [p for p in files() if room(p) in PURE], ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_calculations_are_pure(path: Path) -> None:
    """No I/O module and no clock. `data/` is read through importlib.resources."""
    roots = {name.split(".")[0] for name in imports(path)}
    assert not roots & IO, f"{', '.join(sorted(roots & IO))} in a pure folder"
    clocks = {"now", "utcnow", "today", "utc_now", "monotonic", "perf_counter"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            assert name not in clocks, f"line {node.lineno} reads the clock"
            assert name not in ("open", "print", "input"), f"line {node.lineno} does I/O"


@pytest.mark.parametrize("path", EVERY_FILE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_second_sqlite_library(path: Path) -> None:
    """Two SQLite libraries in one process break the file locks: ADBC's is the only one."""
    names = set(imports(path))
    assert not {name for name in names if name.split(".")[0] in ("sqlite3", "sqlalchemy")}
    calls = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    assert not [
        node.lineno for node in calls if isinstance(node, ast.Attribute) and node.attr == "read_sql"
    ]


def test_only_one_module_speaks_http() -> None:
    """HTTP goes through sources/http.py; replay.py patches it; libraries only in the crawler."""
    speakers = {
        str(path.relative_to(PACKAGE))
        for path in files()
        for name in imports(path)
        if name.split(".")[0] in ("requests", "urllib3", "httpx", "aiohttp")
        or name.startswith(("urllib.request", "http.client"))
    }
    assert speakers <= {"sources/http.py", "sources/replay.py", "sources/borrowed.py",
                        "sources/isos.py"}  # fmt: skip


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
