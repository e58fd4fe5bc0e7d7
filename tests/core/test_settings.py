"""Where settings come from, in which order, and that no secret shows."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from energydash.core import settings
from energydash.core.errors import InputError
from energydash.core.settings import Secret


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    project, home = tmp_path / "project", tmp_path / "home"
    (project / ".streamlit").mkdir(parents=True)
    home.mkdir()
    return project, home


def test_environment_goes_before_home_goes_before_project(folders: tuple[Path, Path]) -> None:
    project, home = folders
    (project / ".streamlit" / "secrets.toml").write_text(
        '[octopus]\napi_key = "from-project"\naccount = "A-PROJECT"\n[eia]\napi_key = "e"\n'
    )
    (home / "secrets.toml").write_text('[octopus]\naccount = "A-HOME"\nregion = "C"\n')
    env = {"ENERGYDASH_HOME": str(home), "ENERGYDASH_OCTOPUS_REGION": "H"}
    octopus = settings.load(env, project).section("octopus")
    assert octopus is not None
    assert octopus.secret("api_key").reveal() == "from-project"
    assert octopus.text("account") == "A-HOME"
    assert octopus.text("region") == "H"
    assert settings.load(env, project).section("pjm") is None


def test_a_section_with_an_underscore_in_its_name(folders: tuple[Path, Path]) -> None:
    env = {"ENERGYDASH_HOME": str(folders[1]), "ENERGYDASH_ELECTRICITY_MAPS_TOKEN": "abcdef"}
    section = settings.load(env, folders[0]).section("electricity_maps")
    assert section is not None
    assert section.secret("token").reveal() == "abcdef"


def test_several_accounts(folders: tuple[Path, Path]) -> None:
    (folders[1] / "secrets.toml").write_text(
        '[octopus]\napi_key = "key-one"\n[octopus.shop]\napi_key = "key-two"\nmeters = "a, b,"\n'
    )
    found = settings.load({"ENERGYDASH_HOME": str(folders[1])}, folders[0])
    assert [section.name for section in found.named("octopus")] == ["", "shop"]
    assert found.named("octopus")[1].items("meters") == ("a", "b")
    assert set(found.secrets()) >= {"key-one", "key-two"}


def test_no_secret_in_any_text(
    folders: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    env = {
        "ENERGYDASH_HOME": str(folders[1]),
        "ENERGYDASH_OCTOPUS_API_KEY": "sk_live_private",
        "ENERGYDASH_DATABASE_URL": "postgresql://me:pgprivate@db/x",
    }
    found = settings.load(env, folders[0])
    section = found.section("octopus")
    assert section is not None
    key = section.secret("api_key")
    logging.getLogger("test").warning("%s %r %s", found, section, key)
    told = f"{found!r} {found} {section!r} {key} {key!r} {key:>40} {found.database_url}"
    told += caplog.text
    assert "private" not in told
    assert key.reveal() == "sk_live_private"
    assert type(key.reveal()) is str
    assert set(found.secrets()) == {"sk_live_private", "postgresql://me:pgprivate@db/x"}
    assert (str(Secret("")), repr(Secret(""))) == ("", "''")


def test_a_file_that_cannot_be_read_is_named_without_its_content(
    folders: tuple[Path, Path],
) -> None:
    (folders[1] / "secrets.toml").write_text('[octopus]\napi_key = "sk_live_private\n')
    with pytest.raises(InputError, match="cannot be read") as caught:
        settings.load({"ENERGYDASH_HOME": str(folders[1])}, folders[0])
    assert "private" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe[octopus]", "secrets.toml cannot be read: it is not UTF-8 text."),
        (b'octopus = "sk_live_mine"', "secrets.toml has octopus as a value, but it is a section."),
    ],
)
def test_a_file_that_means_nothing_is_said_in_one_sentence(
    folders: tuple[Path, Path], content: bytes, said: str
) -> None:
    home, project = folders
    (home / "secrets.toml").write_bytes(content)
    with pytest.raises(InputError) as caught:
        settings.load({"ENERGYDASH_HOME": str(home)}, project)
    assert caught.value.message == said
    assert caught.value.remedy and "sk_live" not in str(caught.value)


def test_a_home_that_is_a_file_has_no_secrets(folders: tuple[Path, Path]) -> None:
    home, project = folders
    (home / "file").write_text("")
    assert settings.load({"ENERGYDASH_HOME": str(home / "file")}, project).home.name == "file"


def test_folders(folders: tuple[Path, Path]) -> None:
    found = settings.load({"ENERGYDASH_HOME": str(folders[1])}, folders[0])
    assert found.database_path == folders[1] / "energydash.db"
    assert found.cache_folder == folders[1] / "cache"
    assert settings.load({}, folders[0]).home.name.lower() == "energydash"
    url = "http://127.0.0.1:8601/"
    assert settings.load({"ENERGYDASH_REPLAY_URL": url}, folders[0]).replay_url == url.rstrip("/")
