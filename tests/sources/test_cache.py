"""Raw answers on disk: fresh, old, damaged, and never an object that runs code."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from energydash.core import settings
from energydash.core.errors import Unavailable
from energydash.core.settings import Settings
from energydash.sources.cache import cached, clear, size_bytes

HOUR = timedelta(hours=1)
BODY = bytes(range(256))


@pytest.fixture
def here(private_home: Path) -> Settings:
    return settings.current()


def fail() -> bytes:
    raise Unavailable("octopus", "The upstream is down.")


def test_a_fresh_answer_is_not_asked_for_again_and_an_old_one_stands_in(here: Settings) -> None:
    assert cached(here, "GET /products", HOUR, lambda: BODY).body == BODY
    assert cached(here, "GET /products", HOUR, fail).body == BODY
    old = cached(here, "GET /products", timedelta(0), fail)
    assert old.body == BODY and old.problem is not None
    assert size_bytes(here) > 0 and clear(here) == 1
    with pytest.raises(Unavailable):
        cached(here, "GET /products", HOUR, fail)


def test_nothing_is_pickled(here: Settings) -> None:
    cached(here, "GET /products", HOUR, lambda: BODY * 1000)
    files = [path.read_bytes() for path in here.cache_folder.rglob("*") if path.is_file()]
    assert files and not any(b"\x80\x04\x95" in content for content in files)


@pytest.mark.parametrize("junk", [b"", b"no database at all" * 500])
def test_a_damaged_cache_is_made_anew(here: Settings, junk: bytes) -> None:
    here.cache_folder.mkdir(parents=True)
    (here.cache_folder / "cache.db").write_bytes(junk)
    assert cached(here, "GET /products", HOUR, lambda: BODY).body == BODY
    assert cached(here, "GET /products", HOUR, fail).body == BODY


def test_a_cache_that_cannot_be_made_keeps_nothing_and_hurts_nobody(here: Settings) -> None:
    here.cache_folder.parent.mkdir(parents=True, exist_ok=True)
    here.cache_folder.write_text("a file where the folder should be")
    assert cached(here, "GET /products", HOUR, lambda: BODY).body == BODY
    assert cached(here, "GET /products", HOUR, lambda: b"again").body == b"again"
