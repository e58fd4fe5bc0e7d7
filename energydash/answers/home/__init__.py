"""One function per question about a home: costs, bill, comparison, trouble, price, windows."""

from __future__ import annotations

from energydash.answers.home.carbon import bring_carbon, region_of
from energydash.answers.home.compare import (
    NOW,
    Choice,
    ComparisonAnswer,
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
from energydash.answers.home.edit import (
    Flux,
    Removed,
    add_flux,
    correct_reading,
    delete_meter,
    delete_readings,
    delete_tariff,
    own_meters,
    own_tariffs,
    save_meter,
    save_tariff,
    undo,
)
from energydash.answers.home.homes import Home, home_of, needs_connecting
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
from energydash.answers.home.products import bring_prices, products, tariff_codes

__all__ = [
    "NOW",
    "BillAnswer",
    "Choice",
    "ComparisonAnswer",
    "CostsAnswer",
    "Flux",
    "Home",
    "HomeCards",
    "MapAnswer",
    "MeterCard",
    "PriceNow",
    "PriceWindow",
    "Removed",
    "TroublesAnswer",
    "WindowsAnswer",
    "add_flux",
    "bill",
    "bring_carbon",
    "bring_prices",
    "cheapest_windows",
    "choices",
    "compare",
    "correct_reading",
    "costs",
    "day_map",
    "delete_meter",
    "delete_readings",
    "delete_tariff",
    "home_cards",
    "home_of",
    "needs_connecting",
    "own_meters",
    "own_tariffs",
    "price_now",
    "products",
    "region_of",
    "save_meter",
    "save_tariff",
    "tariff_codes",
    "troubles",
    "undo",
]
