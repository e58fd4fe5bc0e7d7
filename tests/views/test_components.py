"""CSV as it is shown, text from elsewhere, and keys of remembered answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd
import pytest

from energydash.views import cache, components


def test_csv_has_utc_and_local_columns() -> None:
    index = pd.date_range("2026-10-25T00:30Z", periods=2, freq="30min", name="time")
    text = components.csv(pd.DataFrame({"gas_mw": [1.5, 2.0]}, index=index)).decode()
    assert text == (
        "time_utc,time_local (Europe/London),gas_mw\n"
        "2026-10-25T00:30:00Z,2026-10-25T01:30:00+01:00,1.5\n"
        "2026-10-25T01:00:00Z,2026-10-25T01:00:00+00:00,2.0\n"
    )


def test_text_from_elsewhere_is_not_markdown() -> None:
    assert components.escape("*a* [b](x) $c$") == r"\*a\* \[b\]\(x\) \$c\$"


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
