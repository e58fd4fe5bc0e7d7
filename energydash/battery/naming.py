"""Channels by the names and units of columns and sensors: what is sure, and what must be asked.

A name says its quantity (`Battery voltage`) and often whose it is (`pixel_7_battery_temperature`).
A limit is no measurement, a phone's battery is not the pack, and of two names that fit alike
nobody can tell which is meant: the owner is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from energydash.battery.telemetry import PARTS


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words and units of a label -> the channel. The first that fits counts.
_RULES: Final = (
    ("temperature_c", r"temp", ("°c", "c", "degc", "celsius", "°f", "f")),
    ("soc_percent", r"\bsoc\b|state of charge|charge level", ("%", "percent")),
    ("voltage_v", r"volt|spannung", ("v", "volt", "volts", "mv", "kv")),
    ("current_a", r"current|amperage|strom", ("a", "amp", "amps", "ampere", "amperes", "ma")),
    ("power_kw", r"power|leistung|watts?\b", ("kw", "w", "watt", "watts", "kilowatt", "kilowatts",
                                              "mw")),
)  # fmt: skip
LETTERS: Final = {
    "v": "voltage_v", "u": "voltage_v", "i": "current_a", "p": "power_kw", "soc": "soc_percent",
}  # fmt: skip
_NO_MEASUREMENT: Final = re.compile(
    r"\b(cell|shunt|capacity|health|soh|limit|limits|set ?points?|max|min|maximum|minimum|rated"
    r"|nominal|target|threshold|allowed|alarm|warning|fault|starter|mid|midpoint|deviation"
    r"|absorption|float|bulk|equali[sz]ation|cut ?off|cvl|ccl|dcl|scheduled|forecast|setting"
    r"|phone|iphone|ipad|pixel|galaxy|android|mobile|tablet|laptop|macbook|watch|doorbell|lock"
    r"|vacuum|remote|toothbrush|scooter|car|vehicle)\b"
    r"|\bcurrent (price|rate|cost|tariff|state|status|mode|time|day|date|hour|month|year|cycle"
    r"|version|user)\b"
)
_PACK: Final = re.compile(r"\b(batt\w*|pack|bms|accu|akku|storage|bank)\b")
_NOT_THE_PACK: Final = _words(
    """
    pv pv1 pv2 pv3 solar grid mains load loads house ac generator output input meter export import
    l1 l2 l3 outdoor outside ambient room kitchen water heat
    """
)
_SAYS_NOTHING: Final = _words(
    """
    voltage volt volts v u current amperage amps a i power watt watts kw w p soc state of charge
    level percent temp temperature c f degc degf celsius surface t1 t dc measured measurement actual
    total average avg mean value values reading sensor test net main battery batteries batt bat pack
    bms accu akku storage bank in the my home spannung strom leistung ma mv internal monitor system
    overview charger discharge charging discharging ewe ecell
    """
)
FACTOR: Final = {"mv": 1e-3, "ma": 1e-3, "w": 1e-3, "watt": 1e-3, "watts": 1e-3, "kv": 1e3,
                 "mw": 1e3}  # fmt: skip
USUAL_UNIT: Final = {
    "voltage_v": "V", "current_a": "A", "power_kw": "kW", "soc_percent": "%", "temperature_c": "°C",
}  # fmt: skip
_CAMEL: Final = re.compile(  # not within SoC, kWh, mV
    r"(?<=[a-z]{2})(?=[A-Z])|(?<=[0-9])(?=[A-Z])|(?<=[A-Za-z])(?=[A-Z][a-z]{2})"
)
OPTIONAL: Final = "temperature_c"  # left out where it is doubtful: nothing is counted by it


def plain(label: str) -> str:
    """A label as words in lower case: `maxChargeCurrent` is `max charge current`."""
    text = re.sub(r"[_.\-/\[\](){}:]+", " ", _CAMEL.sub(" ", label))
    return " ".join(text.lower().split())


def part_of(label: str, unit: str = "") -> str | None:
    """The channel that a label and its unit name, None where they do not tell."""
    text, unit = plain(label), unit.strip().lower()
    if _NO_MEASUREMENT.search(text):
        return None
    if text in LETTERS:
        return LETTERS[text]
    for part, words, units in _RULES:
        if re.search(words, text) and (not unit or unit in units):
            return part
    if unit in ("%", "percent"):
        return None  # a percentage alone may be humidity
    return next((part for part, _, units in _RULES if unit and unit in units), None)


@dataclass(frozen=True)
class Chosen:
    """found: channel to name. doubts: channel to the names among which the owner must say."""

    found: Mapping[str, str]
    doubts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def choose(named: Mapping[str, tuple[str, str]], known: Mapping[str, str]) -> Chosen:
    """Which names are the pack's channels.

    named: name to its words and unit. known: channel to name as the owner said; where that is an
    electrical one the others are left to the owner as well, for cyclers also log the set current
    and the voltage at the load.
    """
    found = dict(known)
    told = any(part in known for part in PARTS[:3])
    fitting: dict[str, list[str]] = {}
    for name, (words, unit) in named.items():
        part = name if name in PARTS else part_of(words, unit)
        if part and part not in found and not (told and part in PARTS[:3]) and _strength(words):
            fitting.setdefault(part, []).append(name)
    whose = {name: _whose(words) for name, (words, _) in named.items()}
    owners = _owners(whose, [*fitting.values(), *([name] for name in known.values())])
    doubts: dict[str, tuple[str, ...]] = {}
    for part, names in fitting.items():
        best = _best(names, named)
        if len(best) > 1:
            best = [name for name in best if whose[name] & (owners - {""})] or best
        sure = len(best) == 1 and (
            best[0] in PARTS or bool(whose[best[0]] & owners)
            or (not owners and _strength(named[best[0]][0]) > 1)
        )  # fmt: skip
        if sure:
            found[part] = best[0]
        elif part != OPTIONAL:
            doubts[part] = tuple(best)
    if {"voltage_v", "current_a"} <= set(found):
        doubts.pop("power_kw", None)  # it would only have checked the two
    return Chosen(found, doubts)


def _best(names: list[str], named: Mapping[str, tuple[str, str]]) -> list[str]:
    exact = [name for name in names if name in PARTS]
    strongest = max(_strength(named[name][0]) for name in names)
    return exact or [name for name in names if _strength(named[name][0]) == strongest]


def _strength(words: str) -> int:
    """3: says that it is the pack's; 2: says a quantity and nothing else; 1: says whose it is, who
    may be the pack; 0: is something else's."""
    text = plain(words)
    is_foreign = bool(set(text.split()) & _NOT_THE_PACK)
    if _PACK.search(text):
        return 1 if is_foreign else 3
    if is_foreign:
        return 0
    return 2 if _whose(words) == {""} else 1


def _whose(words: str) -> frozenset[str]:
    """The words of a name that are neither quantity nor unit: its device; '' where none is."""
    rest = [w for w in plain(words).split() if w not in _SAYS_NOTHING and not w.isdigit()]
    return frozenset(rest) or frozenset({""})


def _owners(whose: Mapping[str, frozenset[str]], groups: Iterable[list[str]]) -> set[str]:
    """The devices that have more than one of the channels; none where no device has."""
    seen: dict[str, int] = {}
    for names in groups:
        for word in {word for name in names for word in whose.get(name, frozenset())}:
            seen[word] = seen.get(word, 0) + 1
    most = max(seen.values(), default=0)
    return {word for word, count in seen.items() if count == most} if most > 1 else set()
