"""Colours with a meaning: fuels, carbon, price, state. The same everywhere, in both themes.

Fuels are at least 0.07 apart in OKLab under normal sight, deuteranopia and protanopia (Machado,
Oliveira and Fernandes 2009), so that no legend has to be guessed. Their order is the stack order.
"""

from __future__ import annotations

from typing import Any, Final

# Streamlit replaces these stand-ins by the theme's chart colours, light or dark, in the browser;
# outside Streamlit (a PNG from a script) they are near black.
ACCENT: Final = "#000001"
SECOND: Final = "#000002"
THIRD: Final = "#000003"
FOURTH: Final = "#000004"
QUIET: Final = "#000005"
CYCLE: Final = (ACCENT, SECOND, THIRD, FOURTH, QUIET, "#000006", "#000007", "#000008")
TEXT: Final = "#000010"  # ticks and words: the theme's grey text, that Plotly knows nothing of
IMPORT: Final = ACCENT  # what a home takes from the grid, and gives to it: in every chart
EXPORT: Final = THIRD
NET: Final = FOURTH
SEQUENTIAL: Final = tuple(f"#0000{n}" for n in range(11, 21))

# Both themes: visible on paper and on ink without being either.
GRID: Final = "rgba(128, 136, 138, 0.18)"
RULE: Final = "#7b8385"

# What each theme draws on, and how much a mark has to stand out from both (WCAG 2.2).
PAPERS: Final = ("#fbfaf7", "#101618")
MARK_CONTRAST: Final = 3.0

INK: Final = "#000000"
PAPER: Final = "#ffffff"

FUELS: Final = {
    "nuclear": "#c988d8",
    "geothermal": "#e0b197",
    "biomass": "#39542b",
    "hydro": "#457cbc",
    "wind": "#6fe3f5",
    "solar": "#e7d22f",
    "gas": "#d87e2a",
    "oil": "#a2664e",
    "coal": "#442c1d",
    "battery": "#9a3a72",
    "pumped_storage": "#4b2f8f",
    "imports": "#8c9298",
    "other": "#b7aabc",
}

# Lightness falls as carbon rises, so that the order also reads in grey.
CARBON: Final = ("#ffffb0", "#e0b040", "#a06030", "#602020", "#000010")

BANDS: Final = {
    "very low": "#1f8a70",
    "low": "#8fb84a",
    "moderate": "#d9b93b",
    "high": "#c9752c",
    "very high": "#963b2f",
}


def fuel(name: str) -> str:
    """The colour of a fuel; of `other` for a name that is none."""
    return FUELS.get(name, FUELS["other"])


def edge(colour: str) -> str:
    """The line around a `#rrggbb` field: its own colour where that is seen in both themes."""
    is_seen = all(contrast(colour, paper) >= MARK_CONTRAST for paper in PAPERS)
    return colour if is_seen else RULE


def bar_edge(colour: str, is_first: bool) -> dict[str, Any]:
    """A line around the bars next to the axis, so that a zero is seen and a gap is not.

    What is stacked on them has none: its zeros would lie on top of the others.
    """
    return {"width": 1 if is_first else 0, "color": colour}


def hatched(shape: str) -> dict[str, Any]:
    """A bar's hatching (`/`, `x`, `.`) over its full colour: the hatch alone would be too pale."""
    return {"shape": shape, "fillmode": "overlay", "fgopacity": 0.6, "size": 6}


def ink_on(colour: str) -> str:
    """Text that can be read on a `#rrggbb` colour: dark or light, whichever stands out more."""
    return max((INK, PAPER), key=lambda text: contrast(text, colour))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two `#rrggbb` colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def faint(colour: str, opacity: float) -> str:
    """The same `#rrggbb` colour, see-through."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"
