"""`battery analyse FILE`: the published capacities, signs, cut-offs, and faults in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from energydash.answers import battery
from energydash.answers.battery import analyse_file
from energydash.core.errors import InputError
from energydash.serialise.battery import analysis_json
from tests.battery.simulated import Report, monitored, truth

NASA = "time=Time,voltage=Voltage_measured,current=Current_measured,cycle=cycle_idx"


@pytest.fixture(scope="module")
def report() -> Report:
    return monitored(truth(8, seed=4), 1)


def csv(report: Report, parts: tuple[str, ...], **scale: float) -> bytes:
    """The samples of one channel after the other; each row has one value."""
    frames = []
    for part in parts:
        time_us, value = report.arrays[part]
        name = part.rpartition("_")[0]
        frames.append(pd.DataFrame({"time": time_us / 1e6, name: value * scale.get(name, 1.0)}))
    return pd.concat(frames).sort_values("time").to_csv(index=False).encode()


ALL = ("voltage_v", "current_a", "power_kw", "soc_percent")


def body_of(text: bytes, columns: str = "", **options: Any) -> dict[str, Any]:
    said = battery.said_of([columns])
    return analysis_json(analyse_file(text, "home.csv", said=said, **options))


def test_nasa_every_cycle_and_the_capacity(recordings: Path) -> None:
    text = (recordings / "battery" / "nasa_B0005_discharge_timeseries.csv").read_bytes()
    published = pd.read_csv(
        recordings / "battery" / "nasa_B0005_published_capacity.csv", index_col="cycle_idx"
    )["capacity_ah"]
    body = body_of(text, columns=NASA, cutoff_v=2.7)
    assert len(body["cycles"]) == 168
    for cycle in body["cycles"]:
        assert abs(cycle["ah_out"] / published[cycle["cycle"]] - 1) < 5e-5
        assert cycle["ah_in"] >= 0
        assert cycle["coverage"] == pytest.approx(1)
    assert body["capacity"]["ah"] == pytest.approx(published[168], rel=5e-5)
    assert body["capacity"]["method"] == "full-discharge"
    assert body["efficiency"]["coulombic"] is None
    assert "reason" not in body
    turned = body_of(text, columns=NASA, cutoff_v=2.7, discharge_sign="+")
    assert turned["totals"]["ah_in"] == pytest.approx(
        body_of(text, columns=NASA)["totals"]["ah_out"], rel=1e-3
    )
    assert turned["capacity"] is None
    assert "2.7 V" in turned["reason"]


def test_a_home_battery(report: Report) -> None:
    body = body_of(csv(report, ALL))
    real = truth(8, seed=4).flows()
    for name, wanted in zip(("ah_in", "ah_out", "kwh_in", "kwh_out"), real, strict=True):
        assert body["totals"][name] == pytest.approx(wanted, rel=0.002)
        assert sum(cycle[name] for cycle in body["cycles"]) == pytest.approx(
            body["totals"][name], rel=1e-9
        )
    size = body["capacity"]
    assert abs(size["ah"] - 200) < 2 * size["sigma_ah"]
    assert size["sigma_ah"] < 6
    assert size["depends_on_bms"]
    assert abs(body["efficiency"]["coulombic"] - 1) < 2 * body["efficiency"]["sigma_coulombic"]
    assert body["efficiency"]["energy"] < 1
    assert [fault for fault in body["faults"] if fault["severity"] != "note"] == []


def test_the_sign_is_told_by_the_state_of_charge_or_by_the_user(report: Report) -> None:
    right = body_of(csv(report, ALL))
    turned = csv(report, ALL, current=-1, power=-1)
    assert body_of(turned)["totals"]["ah_in"] == pytest.approx(right["totals"]["ah_in"])
    stopped = body_of(turned, discharge_sign="-")
    assert stopped["totals"] is None
    assert "wrong sign" in stopped["reason"]
    assert stopped["cycles"] == []


@pytest.mark.parametrize(
    ("scale", "word"),
    [({"voltage": 1000.0}, "millivolts"), ({"current": 1000.0}, "milliamperes")],
)
def test_units_are_detected_not_integrated(
    report: Report, scale: dict[str, float], word: str
) -> None:
    body = body_of(csv(report, ALL, **scale))
    assert body["totals"] is None
    assert body["capacity"] is None
    assert word in body["reason"]
    assert body["faults"][0]["kind"] == "scale"


def test_without_voltage_there_is_charge_and_no_energy(report: Report) -> None:
    body = body_of(csv(report, ("current_a", "soc_percent")))
    assert body["totals"]["ah_in"] > 0
    assert body["totals"]["kwh_in"] is None
    assert body["totals"]["coverage"] > 0.99
    assert body["capacity"]["kwh"] is None


def test_without_current_nothing_is_counted(report: Report) -> None:
    body = body_of(csv(report, ("voltage_v", "soc_percent")))
    assert body["totals"] is None
    assert "no current channel" in body["reason"]


def test_without_a_state_of_charge_cycles_are_counted_and_capacity_is_not(report: Report) -> None:
    body = body_of(csv(report, ("voltage_v", "current_a")))
    assert len(body["cycles"]) > 4
    assert body["capacity"] is None
    assert "state of charge" in body["reason"]


def test_ten_percent_missing_is_covered_by_the_bound() -> None:
    real = truth(8, seed=4)
    body = body_of(csv(monitored(real, 2, gaps=10), ALL))
    total = body["totals"]
    assert 0.85 < total["coverage"] < 0.97
    whole = real.flows()[2]
    assert total["kwh_in"] - 2 * total["sigma_kwh_in"] <= whole
    assert whole <= total["kwh_in"] + total["gap_kwh"] + 2 * total["sigma_kwh_in"]


def test_max_gap(report: Report) -> None:
    thin = csv(report, ("current_a",)).decode().splitlines()
    text = "\n".join([thin[0], *thin[1::10]]).encode()
    assert body_of(text, max_gap_s=100)["totals"]["coverage"] == 0
    assert body_of(text, max_gap_s=300)["totals"]["coverage"] == pytest.approx(1)
    with pytest.raises(InputError):
        body_of(text, max_gap_s=-1)


def test_a_single_full_discharge_with_a_cutoff() -> None:
    seconds = np.arange(0, 3601, 10)
    volts = np.interp(seconds, [0, 3000, 3300, 3600], [4.1, 3.5, 2.6, 3.2])
    amps = np.where(seconds <= 3300, 2.0, 0.0)
    rows = "\n".join(f"{t},{v},{i}" for t, v, i in zip(seconds, volts, amps, strict=True))
    body = body_of(f"time,voltage,current\n{rows}".encode(), discharge_sign="+", cutoff_v=2.7)
    reached = seconds[np.flatnonzero(volts <= 2.7)[0]]
    assert body["capacity"]["ah"] == pytest.approx(2.0 * reached / 3600)
    assert body["cycles"][0]["ah_out"] == pytest.approx(2.0 * reached / 3600)
    assert body["capacity"]["window"]["end"] == reached


def test_power_and_state_of_charge_alone_are_analysed_in_kwh(report: Report) -> None:
    """Most home inverters tell no current."""
    body = body_of(csv(report, ("power_kw", "soc_percent")))
    _, _, kwh_in, kwh_out = truth(8, seed=4).flows()
    assert body["totals"]["kwh_in"] == pytest.approx(kwh_in, rel=0.003)
    assert body["totals"]["kwh_out"] == pytest.approx(kwh_out, rel=0.003)
    assert body["totals"]["ah_in"] is None
    assert body["capacity"]["kwh"] == pytest.approx(200 * 0.0505, rel=0.02)
    assert body["capacity"]["ah"] is None
    assert body["capacity"]["depends_on_bms"]
    assert body["efficiency"]["energy"] is not None
    assert body["efficiency"]["coulombic"] is None
    assert {one["severity"] for one in body["faults"]} == {"note"}
    with_voltage = body_of(csv(report, ("power_kw", "voltage_v", "soc_percent")))
    both = body_of(csv(report, ("current_a", "voltage_v", "soc_percent")))
    assert with_voltage["totals"]["ah_in"] == pytest.approx(both["totals"]["ah_in"], rel=0.005)
    turned = body_of(csv(report, ("power_kw", "soc_percent"), power=-1.0))
    assert turned["totals"]["kwh_in"] == pytest.approx(kwh_in, rel=0.003)  # told by the charge
    lost = body_of(csv(report, ("power_kw",)).replace(b",-", b","))
    assert lost["totals"] is None
    assert "never changes its sign" in lost["reason"]


@pytest.mark.parametrize("state", ["unavailable", "unknown", ""])
@pytest.mark.parametrize("told", ["current", "power"])
def test_a_value_ends_where_home_assistant_says_so(state: str, told: str) -> None:
    """Held for an hour, 121 Ah became 1,404."""
    rows, unit = [], {"current": 10, "power": 500}[told]
    for hour in range(24):  # five minutes at work, then off the air
        for minute, value in ((0, str(unit if hour % 2 else -unit)), (5, state)):
            at = f"2026-01-01T{hour:02}:{minute:02}:00Z"
            rows += [f"sensor.bms_{told},{value},{at}", f"sensor.bms_voltage,50,{at}"]
    text = "\n".join(["entity_id,state,last_changed", *rows, ""]).encode()
    body = body_of(text)
    assert body["totals"]["ah_in"] == pytest.approx(10)
    assert body["totals"]["kwh_out"] == pytest.approx(0.5)
    assert body["totals"]["coverage"] < 0.1
