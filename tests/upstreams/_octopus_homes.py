"""Whose homes the Octopus stand-in knows: accounts, meter points, meters, agreements."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

KEY, ACCOUNT = "sk_live_StandInOctopusKey0001", "A-57A4D1A1"
SECOND_KEY, SECOND_ACCOUNT = "sk_live_StandInOctopusKey0002", "A-57A4D1A2"
IMPORT_MPAN, EXPORT_MPAN, GAS_MPRN = "1900000000011", "1900000000029", "3000000011"
OLD_MPAN, OLD_MPRN, GO_MPAN = "2000000000017", "3000000029", "1700000000033"
OLD_SERIAL, SERIAL, GAS_SERIAL = "17P0000001", "21L0000002", "G4A00000000003"
REPLACED = datetime(2024, 6, 12, 10, tzinfo=UTC)  # when the import meter was replaced
SUPPLIED_SINCE = datetime(2022, 3, 1, tzinfo=UTC)
MOVED = "2023-05-02T00:00:00+01:00"

METERS = {
    ("electricity", IMPORT_MPAN, OLD_SERIAL): ACCOUNT,
    ("electricity", IMPORT_MPAN, SERIAL): ACCOUNT,
    ("electricity", EXPORT_MPAN, SERIAL): ACCOUNT,
    ("gas", GAS_MPRN, GAS_SERIAL): ACCOUNT,
    ("electricity", OLD_MPAN, "16E0000009"): ACCOUNT,
    ("gas", OLD_MPRN, "G1A00000000009"): ACCOUNT,
    ("electricity", GO_MPAN, "22M0000004"): SECOND_ACCOUNT,
}
AGREEMENTS: dict[str, tuple[tuple[str, str, str | None], ...]] = {
    IMPORT_MPAN: (
        ("E-1R-VAR-22-11-01-J", MOVED, "2024-04-01T00:00:00+01:00"),
        ("E-1R-FLUX-IMPORT-23-02-14-J", "2024-04-01T00:00:00+01:00", "2025-11-01T00:00:00Z"),
        ("E-1R-AGILE-24-10-01-J", "2025-11-01T00:00:00Z", None),
    ),
    EXPORT_MPAN: (
        ("E-1R-FLUX-EXPORT-23-02-14-J", "2024-06-12T00:00:00+01:00", "2025-11-01T00:00:00Z"),
        ("E-1R-OUTGOING-VAR-24-10-26-J", "2025-11-01T00:00:00Z", None),
    ),
    GAS_MPRN: (("G-1R-VAR-22-11-01-J", MOVED, None),),
    OLD_MPAN: (("E-2R-VAR-20-09-22-C", "2022-03-01T00:00:00Z", MOVED),),
    OLD_MPRN: (("G-1R-VAR-20-09-22-C", "2022-03-01T00:00:00Z", MOVED),),
    GO_MPAN: (("E-1R-INTELLI-VAR-24-10-29-G", "2024-11-01T00:00:00Z", None),),
}


def first() -> dict[str, Any]:
    """The first account: a home moved out of and the one lived in."""
    old = home(1, "E1 6AN", "2022-03-01T00:00:00Z", MOVED)
    old["electricity_meter_points"] = [
        electricity(OLD_MPAN, ["16E0000009"], rates=("DAY", "NIGHT"))
    ]
    old["gas_meter_points"] = [gas(OLD_MPRN, "G1A00000000009")]
    new = home(2, "SE10 8XJ", MOVED, None)
    new["electricity_meter_points"] = [
        electricity(IMPORT_MPAN, [OLD_SERIAL, SERIAL]),
        electricity(EXPORT_MPAN, [SERIAL], is_export=True),
    ]
    new["gas_meter_points"] = [gas(GAS_MPRN, GAS_SERIAL)]
    return {"number": ACCOUNT, "properties": [old, new]}


def second() -> dict[str, Any]:
    """The second account: one flat with a car."""
    flat = home(3, "M1 2AB", "2024-11-01T00:00:00Z", None)
    flat["electricity_meter_points"] = [electricity(GO_MPAN, ["22M0000004"])]
    return {"number": SECOND_ACCOUNT, "properties": [flat]}


def home(number: int, postcode: str, moved_in: str, moved_out: str | None) -> dict[str, Any]:
    return {
        "id": number,
        "moved_in_at": moved_in,
        "moved_out_at": moved_out,
        "address_line_1": f"{number} Stand-in Street",
        "postcode": postcode,
        "electricity_meter_points": [],
        "gas_meter_points": [],
    }


def electricity(
    mpan: str,
    serials: list[str],
    *,
    is_export: bool = False,
    rates: tuple[str, ...] = ("STANDARD",),
) -> dict[str, Any]:
    registers = [
        {"identifier": str(n), "rate": rate, "is_settlement_register": True}
        for n, rate in enumerate(rates, 1)
    ]
    return {
        "mpan": mpan,
        "profile_class": len(rates),
        "consumption_standard": 2900,
        "meters": [{"serial_number": serial, "registers": registers} for serial in serials],
        "agreements": agreements(mpan),
        "is_export": is_export,
    }


def gas(mprn: str, serial: str) -> dict[str, Any]:
    return {
        "mprn": mprn,
        "consumption_standard": 11500,
        "meters": [{"serial_number": serial}],
        "agreements": agreements(mprn),
    }


def agreements(point: str) -> list[dict[str, Any]]:
    return [
        {"tariff_code": code, "valid_from": start, "valid_to": end}
        for code, start, end in AGREEMENTS[point]
    ]


def agreement_at(point: str, instant: datetime) -> str:
    for code, start, end in AGREEMENTS[point]:
        if datetime.fromisoformat(start) <= instant and (
            end is None or instant < datetime.fromisoformat(end)
        ):
            return code
    return AGREEMENTS[point][0][0]
