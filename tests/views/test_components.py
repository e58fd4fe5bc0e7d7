"""CSV as it is shown, text from elsewhere, and keys of remembered answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from energydash.views import cache, components


def test_text_from_elsewhere_is_not_markdown() -> None:
    assert components.escape("*a* [b](x) $c$") == r"\*a\* \[b\]\(x\) \$c\$"


def test_every_chart_has_the_strip_for_its_title_that_is_cut_off() -> None:
    drawn = [path.name for path in Path(components.__file__).parent.glob("*.py")
             if "plotly_chart(" in path.read_text()]  # fmt: skip
    assert drawn == ["components.py"]


def test_keys_of_remembered_answers() -> None:
    @dataclass(frozen=True)
    class Options:
        hours: float

    plain = cache.plain_key
    assert plain((1, "1")) != plain(("1", 1))
    assert plain(("a,b",)) != plain(("a", "b"))
    assert plain(Options(2.0)).endswith("Options(2.0)")
    assert plain(date(2026, 1, 1)) != plain("datetime.date(2026, 1, 1)")
    with pytest.raises(TypeError, match="DataFrame"):
        plain((pd.DataFrame(),))
