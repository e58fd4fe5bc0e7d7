"""The settings file of Aretas's own clients, read into ours."""

from __future__ import annotations

import configparser

from energydash.core.errors import InputError


def read_config(text: str, name: str = "config.cfg") -> dict[str, str]:
    """`[aretas]` settings of a client's INI file (`API_URL, API_USERNAME, API_PASSWORD`, and
    `self_mac`), whichever section they are in. Raises InputError."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise InputError(
            f"{name} is not a configuration file.",
            remedy="It has lines such as API_USERNAME = you, under [ARETAS].",
        ) from error
    values = dict(parser.defaults())
    for section in parser.sections():
        values.update(parser[section])
    wanted = {
        "url": ("api_url",), "username": ("api_username",), "password": ("api_password",),
        "mac": ("self_mac", "mac"),
    }  # fmt: skip
    found = {
        ours: next((_unquoted(values[theirs]) for theirs in keys if theirs in values), "")
        for ours, keys in wanted.items()
    }
    if not found["username"] or not found["password"]:
        raise InputError(
            f"{name} has no API_USERNAME and API_PASSWORD.",
            remedy="Choose the client's config.cfg or config.ini.",
        )
    return {key: value for key, value in found.items() if value}


def _unquoted(text: str) -> str:
    """The value without a pair of quotes around it."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text
