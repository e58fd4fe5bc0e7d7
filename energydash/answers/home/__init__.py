"""One function per question about a home: costs, bill, comparison, trouble, price, windows."""

from __future__ import annotations

from energydash.answers.home.compare import (
    Choice,
    ComparisonAnswer,
    bring_prices,
    choices,
    compare,
)
from energydash.answers.home.costs import (
    BillAnswer,
    CostsAnswer,
    MapAnswer,
    TroublesAnswer,
    bill,
    costs,
    day_map,
    troubles,
)
from energydash.answers.home.now import (
    HomeCards,
    MeterCard,
    PriceNow,
    PriceWindow,
    WindowsAnswer,
    cheapest_windows,
    home_cards,
    price_now,
)
from energydash.answers.home.pricing import Home, home_of

__all__ = [
    "BillAnswer",
    "Choice",
    "ComparisonAnswer",
    "CostsAnswer",
    "Home",
    "HomeCards",
    "MapAnswer",
    "MeterCard",
    "PriceNow",
    "PriceWindow",
    "TroublesAnswer",
    "WindowsAnswer",
    "bill",
    "bring_prices",
    "cheapest_windows",
    "choices",
    "compare",
    "costs",
    "day_map",
    "home_cards",
    "home_of",
    "price_now",
    "troubles",
]
