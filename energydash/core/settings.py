"""One frozen settings object: environment, then $ENERGYDASH_HOME/secrets.toml, then
.streamlit/secrets.toml of the checkout that it runs in.

A section `[octopus]` with `api_key` may also be given as ENERGYDASH_OCTOPUS_API_KEY. Several
accounts are `[octopus.NAME]`. Secrets never show in a repr. `st.secrets` is not used: it fails
outside Streamlit.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from energydash.core import private
from energydash.core.errors import InputError

SECTIONS = (
    "octopus", "watttime", "electricity_maps", "eia", "entsoe", "pjm", "aeso", "isone",
    "openelectricity", "aretas", "flexmeasures", "auth", "grid", "share", "proxy", "api",
)  # fmt: skip
PREFIX = "ENERGYDASH_"

# Where app.py, pages/ and .streamlit/ are: the top of a checkout, or what the wheel carries of it.
_PACKAGE = Path(__file__).resolve().parents[1]
APP_FOLDER = _PACKAGE / "_app" if (_PACKAGE / "_app").is_dir() else _PACKAGE.parent


class Secret(str):
    """A text that prints as stars. `reveal()` is the only way to its value in an f-string."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'" if self else "''"

    def __str__(self) -> str:
        return "***" if str.__len__(self) else ""

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def reveal(self) -> str:
        return "".join(self)


@dataclass(frozen=True)
class Section:
    """One configured thing: its name ('' for the plain section) and its values."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def text(self, key: str, default: str = "") -> str:
        """A plain value."""
        return _reveal(self.values.get(key, default))

    def secret(self, key: str) -> Secret:
        """A value that must not be shown; empty where it is not configured."""
        return Secret(_reveal(self.values.get(key, "")))

    def items(self, key: str) -> tuple[str, ...]:
        """A list, or a comma-separated text, as texts."""
        value = self.values.get(key, ())
        parts = _reveal(value).split(",") if isinstance(value, str) else value
        return tuple(str(part).strip() for part in parts if str(part).strip())


@dataclass(frozen=True)
class Settings:
    """Where data lives and what is configured."""

    home: Path
    database_url: Secret = field(default=Secret())
    replay_url: str = ""
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)

    def section(self, name: str) -> Section | None:
        """The plain section `[name]`, None where nothing of it is configured."""
        values = {k: v for k, v in self.sections.get(name, {}).items() if not isinstance(v, dict)}
        return Section("", values) if values else None

    def named(self, name: str) -> tuple[Section, ...]:
        """`[name]` and every `[name.X]`, each as a section."""
        plain = self.section(name)
        nested = {k: v for k, v in self.sections.get(name, {}).items() if isinstance(v, dict)}
        return (*((plain,) if plain else ()), *(Section(k, v) for k, v in nested.items()))

    def secrets(self) -> tuple[str, ...]:
        """Every configured text long enough to be a secret, longest first, for redaction."""
        found: set[str] = set()

        def walk(value: Any) -> None:
            if isinstance(value, dict):
                for key, inner in value.items():
                    if isinstance(inner, dict) or any(word in key for word in _SECRET_WORDS):
                        walk(inner)
            elif isinstance(value, str) and len(value) >= 4:
                found.add(_reveal(value))

        for section in self.sections.values():
            walk(section)
        if self.database_url:
            found.add(self.database_url.reveal())
        return tuple(sorted(found, key=len, reverse=True))

    @property
    def cache_folder(self) -> Path:
        return self.home / "cache"

    @property
    def backup_folder(self) -> Path:
        """Where a copy of the database is kept for each of the last days."""
        return self.home / "backups"

    @property
    def database_path(self) -> Path:
        return self.home / "energydash.db"


_SECRET_WORDS = ("key", "secret", "password", "token", "username", "number", "email")


def _reveal(value: Any) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value)


def _default_home() -> Path:
    from platformdirs import user_data_path

    return user_data_path("energydash", appauthor=False)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name} cannot be read: it is not UTF-8 text.", remedy="Save it as UTF-8."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"{path.name} cannot be read: {error}.", remedy="Mend it, or move it away."
        ) from error
    except OSError as error:
        raise InputError(
            f"{path.name} cannot be read: {(error.strerror or 'unknown trouble').lower()}.",
            remedy="Let this user read it.",
        ) from error


def load(environment: Mapping[str, str] | None = None, project: Path | None = None) -> Settings:
    """The settings of this process. `project` is the folder that has `.streamlit/`."""
    env = dict(os.environ if environment is None else environment)
    home = Path(env[f"{PREFIX}HOME"]).expanduser() if env.get(f"{PREFIX}HOME") else _default_home()
    sections: dict[str, dict[str, Any]] = {}
    folder = project or APP_FOLDER
    for path in (folder / ".streamlit" / "secrets.toml", home / "secrets.toml"):
        private.warn_if_open(path)
        for name, values in _read_toml(path).items():
            if name not in SECTIONS:
                continue
            if not isinstance(values, dict):
                raise InputError(
                    f"{path.name} has {name} as a value, but it is a section.",
                    remedy=f"Write [{name}] on a line of its own, and what belongs to it below.",
                )
            sections.setdefault(name, {}).update(values)
    for variable, value in env.items():
        if not variable.startswith(PREFIX) or not value:
            continue
        rest = variable.removeprefix(PREFIX).lower()
        for name in SECTIONS:
            if rest.startswith(f"{name}_"):
                sections.setdefault(name, {})[rest.removeprefix(f"{name}_")] = value
    return Settings(
        home=home,
        database_url=Secret(env.get(f"{PREFIX}DATABASE_URL", "")),
        replay_url=env.get(f"{PREFIX}REPLAY_URL", "").rstrip("/"),
        sections=sections,
    )


@cache
def current() -> Settings:
    """This process's settings, read once; `current.cache_clear()` after they were edited."""
    return load()
