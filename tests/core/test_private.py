"""Files with personal data are for their user alone, or a warning says that they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from energydash.core import private, settings


def test_what_is_written_is_closed_to_others(tmp_path: Path) -> None:
    new, old = tmp_path / "new.csv", tmp_path / "old.csv"
    old.write_text("older and longer")
    old.chmod(0o644)
    for file in (new, old):
        private.write_private(file, b"0.25")
        assert file.read_bytes() == b"0.25"
        assert file.stat().st_mode & 0o777 == 0o600


def test_where_it_cannot_be_closed_a_warning_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", refused)
    file = tmp_path / "other.csv"
    file.write_text("")  # 0644 by the usual mask
    private.write_private(file, b"0.25")
    assert f"{file} can be read by other users" in caplog.text


def test_secrets_that_others_can_read_are_named_once(
    private_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = private_home / "secrets.toml"
    file.write_text("[octopus]\napi_key = 'sesame'\n")
    file.chmod(0o640)
    for _ in range(2):
        settings.load()
    assert caplog.text.count("can be read by other users") == 1
    assert "sesame" not in caplog.text
