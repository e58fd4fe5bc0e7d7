"""Who may see and change what."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from energydash.core import access, settings
from energydash.core.access import Sharing, Viewer, viewer_of
from energydash.core.errors import InputError
from energydash.core.settings import Settings

HERE, LAN, OWNER = Viewer(True), Viewer(False), Viewer(False, is_logged_in=True)


@pytest.mark.parametrize(
    ("sharing", "viewer", "sees"),
    [
        (Sharing.OFF, HERE, True),
        (Sharing.OFF, LAN, False),
        (Sharing.OFF, OWNER, True),
        (Sharing.GRID, HERE, True),
        (Sharing.GRID, LAN, False),
        (Sharing.GRID, OWNER, True),
        (Sharing.PERSONAL, LAN, True),
    ],
)
def test_who_sees_personal_data(sharing: Sharing, viewer: Viewer, sees: bool) -> None:
    assert access.may_see_personal(sharing, viewer) is sees
    assert access.may_edit(sharing, viewer) is (viewer is HERE)


@pytest.mark.parametrize(
    ("address", "headers", "loopback"),
    [
        ("127.0.0.1", [], True),
        ("127.8.8.8", ["accept", "host"], True),
        ("::1", [], True),
        ("::1%lo", [], True),
        ("127.0.0.1", ["X-Forwarded-For"], False),
        ("127.0.0.1", ["forwarded"], False),
        ("127.0.0.1", ["Via"], False),
        ("192.168.1.20", [], False),
        ("fd00::2", [], False),
        ("fe80::1%eth0", [], False),
        ("0.0.0.0", [], False),
        ("", [], False),
        ("localhost", [], False),
        ("testclient", [], False),
    ],
)
def test_only_the_connections_own_address_counts(
    address: str, headers: list[str], loopback: bool
) -> None:
    assert viewer_of(address, headers).is_loopback is loopback


def with_auth(home: Path, **values: object) -> Settings:
    return Settings(home, sections={"auth": {"client_id": "x", **values}})


def test_a_login_is_the_owners_only_by_name(private_home: Path) -> None:
    mine = with_auth(private_home, owners=["Ann@Example.org", "bob@example.org"])
    assert access.is_owner(mine, "ann@example.org", verified=True)
    assert access.is_owner(mine, "BOB@example.org", verified=True)
    assert not access.is_owner(mine, "ann@example.org", verified=False)
    assert not access.is_owner(mine, "eve@example.org", verified=True)
    assert not access.is_owner(mine, "", verified=True)
    assert not access.is_owner(with_auth(private_home), "ann@example.org", verified=True)
    assert not access.is_owner(with_auth(private_home, owners=""), "", verified=True)
    assert not access.is_owner(Settings(private_home), "ann@example.org", verified=True)


def test_a_level_that_is_none_is_refused(private_home: Path) -> None:
    assert access.sharing(Settings(private_home)) is Sharing.OFF
    with pytest.raises(InputError, match="off, grid, personal"):
        access.sharing(Settings(private_home, sections={"share": {"level": "all"}}))


@pytest.mark.parametrize(
    ("user", "sees"),
    [
        ({"is_logged_in": True, "email": "ann@example.org", "email_verified": True}, True),
        ({"is_logged_in": True, "email": "ann@example.org"}, False),
        ({"is_logged_in": True, "email": "ann@example.org", "email_verified": "true"}, False),
        ({"is_logged_in": True, "email": "ann@example.org", "email_verified": False}, False),
        ({"is_logged_in": True, "email": "eve@example.org", "email_verified": True}, False),
        ({"is_logged_in": True}, False),
        ({"is_logged_in": False}, False),
        ({}, False),
    ],
)
def test_a_lan_viewer_who_logs_in_as_owner_sees_personal_pages(
    user: dict[str, object], sees: bool, monkeypatch: pytest.MonkeyPatch, private_home: Path
) -> None:
    from energydash.views import viewer

    (private_home / "secrets.toml").write_text(
        '[auth]\nclient_id = "x"\nowners = ["ann@example.org"]\n[share]\nlevel = "grid"\n'
    )
    settings.current.cache_clear()
    fake = SimpleNamespace(
        context=SimpleNamespace(headers={}),
        user=SimpleNamespace(to_dict=lambda: user),
    )
    monkeypatch.setattr(viewer, "st", fake)
    for address in ("192.168.1.20", None):  # None: Streamlit does not know
        connect_from(address, monkeypatch)
        assert viewer.may_see_personal() is sees
        assert not viewer.may_edit()
    connect_from("127.0.0.1", monkeypatch)
    assert viewer.may_edit()


def connect_from(address: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit's connection of this script run."""
    from energydash.views import viewer

    client = SimpleNamespace(client_context=SimpleNamespace(remote_ip=address))
    instance = SimpleNamespace(get_client=lambda session: client)
    monkeypatch.setattr(viewer, "runtime", SimpleNamespace(get_instance=lambda: instance))
    monkeypatch.setattr(viewer, "get_script_run_ctx", lambda: SimpleNamespace(session_id="one"))


TOKEN = "a-token-of-thirty-characters-0"


@pytest.mark.parametrize(
    ("authorization", "opens"),
    [
        (f"Bearer {TOKEN}", True),
        (f"bearer  {TOKEN} ", True),
        (TOKEN, False),
        (f"Basic {TOKEN}", False),
        (f"Bearer {TOKEN}x", False),
        (f"Bearer {TOKEN[:-1]}", False),
        ("Bearer ", False),
        ("Bearer \u00e9\ud800", False),
        ("", False),
    ],
)
def test_the_token_opens_and_nothing_else_does(authorization: str, opens: bool) -> None:
    found = Settings(Path(), sections={"api": {"token": TOKEN}})
    assert access.holds_token(found, authorization) is opens
    assert not access.holds_token(Settings(Path()), authorization), "without a token"
    assert TOKEN not in f"{found!r} {access.token(found)!r} {access.token(found)}"
    assert TOKEN in found.secrets(), "it is struck out of what is logged"


def test_a_token_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(InputError, match="can be guessed"):
        access.token(Settings(Path(), sections={"api": {"token": "secret"}}))
