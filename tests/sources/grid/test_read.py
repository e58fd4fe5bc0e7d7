"""The edges of every format: clock changes, blanks, split intervals, damaged files."""

from __future__ import annotations

import io
import math
import zipfile
from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energydash.core.errors import InputError
from energydash.grid.fuels import FUELS
from energydash.sources import READERS, read
from tests.sources.grid import samples
from tests.sources.grid.samples import GOOD


def _stamps(frame: pd.DataFrame) -> list[str]:
    return [f"{at:%Y-%m-%dT%H:%M:%S}" for at in frame.index]


def test_every_source_has_a_sample() -> None:
    assert set(GOOD) == set(READERS)


@pytest.mark.parametrize("source", READERS)
def test_frames_are_tidy(source: str) -> None:
    answer = read(source, [GOOD[source]])
    assert str(answer.frame.index.dtype) == "datetime64[us, UTC]"
    assert answer.frame.index.is_monotonic_increasing
    if answer.quantity == "intensity":
        assert list(answer.frame) == ["actual_g_per_kwh", "forecast_g_per_kwh"]
        return
    if answer.quantity == "consumption":
        assert list(answer.frame) == ["consumption_kwh"]
        return
    if answer.quantity == "telemetry":
        assert {"voltage_v", "soc_percent"} <= set(answer.frame)
        return
    assert answer.unit == "MW"
    if source == "nbpower":
        assert list(answer.frame) == ["load"]
        return
    assert answer.quantity == "mix"
    assert set(answer.frame.columns) <= set(FUELS)


@pytest.mark.parametrize("source", READERS)
@given(data=st.data())
def test_a_cut_file_is_read_or_refused_by_name(source: str, data: st.DataObject) -> None:
    name, content = GOOD[source]
    cut = data.draw(st.integers(0, len(content) - 1))
    try:
        answer = read(source, [(name, content[:cut])])
    except InputError as error:
        assert name in str(error)
    else:
        assert len(answer.frame) <= len(read(source, [(name, content)]).frame)


@pytest.mark.parametrize("source", READERS)
@given(data=st.data())
def test_a_garbled_file_raises_nothing_else(source: str, data: st.DataObject) -> None:
    name, content = GOOD[source]
    garbled = bytearray(content)
    for _ in range(3):
        place = data.draw(st.integers(0, len(content) - 1))
        garbled[place] = data.draw(st.integers(0, 255))
    try:
        read(source, [(name, bytes(garbled))])
    except InputError as error:
        assert str(error)


@pytest.mark.parametrize("source", READERS)
@pytest.mark.parametrize(
    "content", [b"", b"  \n", b"<!DOCTYPE html><html>sorry</html>", b"\xff\xfe\x00", b"[]", b"1"]
)
def test_what_is_no_answer_is_refused_by_name(source: str, content: bytes) -> None:
    with pytest.raises(InputError, match="wrong"):
        read(source, [("wrong", content)])


@pytest.mark.parametrize("source", sorted(set(READERS) - {"eia"}))
def test_another_region_is_refused(source: str) -> None:
    with pytest.raises(InputError, match="Atlantis"):
        read(source, [GOOD[source]], "Atlantis")


@pytest.mark.parametrize(
    ("source", "name"), [("pjm", "PJM"), ("caiso", "US-CAISO"), ("bpa", "bpat")]
)
def test_its_own_region_is_accepted_by_any_name(source: str, name: str) -> None:
    assert read(source, [GOOD[source]], name).region == source.upper()


def test_unknown_source_and_no_file() -> None:
    with pytest.raises(InputError, match="Choose from eia"):
        read("enron", [])
    with pytest.raises(InputError, match="no file"):
        read("caiso", [])


CAISO = "20260701_fuelsource.csv"
JUST = "2026-07-01T00:08:02"
PLACES = [
    (
        "caiso",
        CAISO,
        samples.caiso_mix("00:00").replace(b",90,", b",x,"),
        "2, column 'Natural Gas'",
    ),
    ("caiso", CAISO, samples.caiso_mix("00:00", "25:05"), "3, column 'Time'"),
    ("caiso", CAISO, samples.caiso_mix("00:00")[:-9], "2, column 12"),
    ("nyiso", "a", samples.nyiso_mix(("07/01/2026 00:05", "PST", 1)), "2, column 'Time Zone'"),
    ("nyiso", "a", samples.nyiso_mix(("2026-07-01", "EST", 1)), "2, column 'Time Stamp'"),
    ("bpa", "b", samples.BPA.replace(b"5001", b"5oo1"), "line 11, column 'Load'"),
    ("spp", "b", samples.SPP_MIX.replace(b"4001", b"inf"), "line 3, column 'Wind Market'"),
    ("isone", "c", samples.isone_mix((f"{JUST}-04:00", "Hydro", 1))[:-20], "line 1, column"),
    ("isone", "c", samples.isone_mix(("soon", "Hydro", 1)), "record 1, field 'BeginDate'"),
    ("isone", "c", samples.isone_mix((JUST, "Hydro", 1)), "no offset"),
    ("miso", "d", samples.miso_mix(("2026-07-01 12:00:00 AM", "Coal", "x")), "1, field 'ACT'"),
    ("eia", "e", samples.eia_mix(("2026-07-01T01", "CISO", "NG", [])), "1, field 'value'"),
    ("eia", "e", samples.eia_mix(("2026-07-01", "CISO", "NG", 1)), "1, field 'period'"),
    ("eia", "e", samples.eia_mix(("0001-01-01T00", "CISO", "NG", 1)), "1, field 'period'"),
    ("nyiso", "a", samples.nyiso_mix(("07/01/1026 00:05", "EST", 1)), "2, column 'Time Stamp'"),
    ("isone", "c", samples.isone_mix((f"9999{JUST[4:]}-04:00", "Hydro", 1)), "'BeginDate'"),
    ("ercot", "d", samples.ercot_mix({"0001-01-01 00:00:00+0500": {"Wind": 1}}), "not a time"),
    ("ercot", "d", b'{"data":[{"epoch":1e20,"forecast":0,"demand":1}]}', "1, field 'epoch'"),
    ("miso", "d", samples.miso_mix(("0001-07-01 12:00:00 AM", "Coal", 1)), "'INTERVALEST'"),
    ("ieso", "f", samples.IESO_GENERATORS.replace(b">2026-07-01<", b">9999-12-31<"), "a date"),
    ("ieso", "f", samples.IESO_GENERATORS[:-40], "line 11, column"),
    ("ieso", "f", samples.IESO_TOTALS.replace(b"l>2", b"l>13"), "from 1 to 12"),
]


@pytest.mark.parametrize(("source", "name", "content", "place"), PLACES)
def test_errors_say_where(source: str, name: str, content: bytes, place: str) -> None:
    with pytest.raises(InputError) as caught:
        read(source, [(name, content)])
    assert str(caught.value).startswith(name)
    assert place in str(caught.value)


# --- clock changes ---------------------------------------------------------------------------


def test_caiso_autumn_hour_that_is_not_repeated_is_daylight_time() -> None:
    content = samples.caiso_mix("00:55", "01:00", "01:55", "02:00")
    frame = read("caiso", [("20261101_fuelsource.csv", content)]).frame
    assert [at[11:16] for at in _stamps(frame)] == ["07:55", "08:00", "08:55", "10:00"]


def test_caiso_autumn_hour_that_is_repeated_is_kept_twice() -> None:
    content = samples.caiso_mix("01:00", "01:55", "01:00", "01:55", "02:00")
    frame = read("caiso", [("20261101_fuelsource.csv", content)]).frame
    assert [at[11:16] for at in _stamps(frame)] == ["08:00", "08:55", "09:00", "09:55", "10:00"]


def test_caiso_last_midnight_is_the_next_day_and_days_join() -> None:
    files = [
        ("20260701_fuelsource.csv", samples.caiso_mix("23:55", "00:00")),
        ("20260702_fuelsource.csv", samples.caiso_mix("00:00", "00:05")),
    ]
    frame = read("caiso", files).frame
    assert _stamps(frame) == ["2026-07-02T06:55:00", "2026-07-02T07:00:00", "2026-07-02T07:05:00"]


def test_caiso_needs_a_day() -> None:
    with pytest.raises(InputError, match="without a date"):
        read("caiso", [("fuelsource.csv", samples.caiso_mix("00:00"))])
    frame = read(
        "caiso", [("fuelsource.csv", samples.caiso_mix("00:00"))], day=date(2026, 7, 1)
    ).frame
    assert _stamps(frame) == ["2026-07-01T07:00:00"]


def test_caiso_storage_and_mixed_kinds() -> None:
    header = b"Time,Total batteries,Stand-alone batteries,Hybrid batteries\n"
    storage = ("20260701_storage.csv", header + b"00:00,-300,-250,-50\n00:05,,,\n")
    answer = read("caiso", [storage])
    assert answer.quantity == "storage"
    assert answer.frame["battery"].tolist() == [-300]
    with pytest.raises(InputError, match="different kinds"):
        read("caiso", [storage, GOOD["caiso"]])


def test_a_blank_part_leaves_its_fuel_unknown() -> None:
    content = samples.caiso_mix("00:00").replace(b",40,5,", b",40,,")  # biogas is blank
    frame = read("caiso", [("20260701_fuelsource.csv", content)]).frame
    assert math.isnan(frame["biomass"].iloc[0])
    assert frame["gas"].iloc[0] == 90


def test_nyiso_repeated_hour_is_told_by_its_time_zone() -> None:
    content = samples.nyiso_mix(
        ("11/01/2026 01:05:00", "EDT", 1), ("11/01/2026 01:05:00", "EST", 2)
    )
    frame = read("nyiso", [("20261101rtfuelmix.csv", content)]).frame
    assert _stamps(frame) == ["2026-11-01T05:00:00", "2026-11-01T06:00:00"]
    assert frame["hydro"].tolist() == [1, 2]


def test_nyiso_monthly_zip() -> None:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for day in (2, 1):
            content = samples.nyiso_mix((f"07/0{day}/2026 00:05:00", "EDT", day))
            archive.writestr(f"2026070{day}rtfuelmix.csv", content)
    frame = read("nyiso", [("20260701rtfuelmix_csv.zip", memory.getvalue())]).frame
    assert frame["hydro"].tolist() == [1, 2]
    with pytest.raises(InputError, match=r"20260701rtfuelmix_csv\.zip: this is a damaged"):
        read("nyiso", [("20260701rtfuelmix_csv.zip", memory.getvalue()[:-30])])


def test_bpa_repeated_hour_blanks_and_announced_rows() -> None:
    frame = read("bpa", [GOOD["bpa"]]).frame
    assert [at[11:16] for at in _stamps(frame)] == [
        "07:55", "08:00", "08:55", "09:00", "09:55", "10:00",
    ]  # fmt: skip
    assert frame["wind"].tolist() == [900, 901, 902, 903, 904, 905]
    assert math.isnan(frame["gas"].iloc[4])
    assert list(frame.columns) == ["nuclear", "hydro", "wind", "gas"]


def test_isone_table_over_the_repeated_hour() -> None:
    """Irregular instants: only the clock's going back tells the second 01:xx."""
    frame = read("isone", [("20261101_mix.csv", samples.ISONE_TABLE)]).frame
    assert [at[11:16] for at in _stamps(frame)] == [
        "04:52", "05:10", "05:58", "06:04", "06:30", "07:01",
    ]  # fmt: skip
    assert frame["hydro"].tolist()[:5] == [900, 901, 902, 903, 904]
    assert math.isnan(frame["hydro"].iloc[5])
    assert frame["biomass"].iloc[1] == 50


def test_isone_table_that_is_cut_short() -> None:
    content = samples.ISONE_TABLE[: samples.ISONE_TABLE.index(b'"T"')]
    with pytest.raises(InputError, match=r"day\.csv, line 11: the table is cut short"):
        read("isone", [("day.csv", content)])


def test_aeso_has_three_quantities_in_one_report() -> None:
    answer = read("aeso", [GOOD["aeso"]])
    assert _stamps(answer.frame) == ["2026-07-01T18:34:00"]
    assert answer.frame.iloc[0].to_dict() == {"biomass": 300, "wind": 3700, "gas": 5000}
    assert answer.parts("load")["load"].tolist() == [9500]
    assert answer.parts("interchange")["net_export"].tolist() == [-500]


def test_aeso_fuels_that_do_not_add_up_are_refused() -> None:
    content = samples.AESO.replace(b"WIND,5000,3700", b"WIND,5000,2700")
    with pytest.raises(InputError, match="the fuels add up to 8000 of 9000 MW"):
        read("aeso", [("report.csv", content)])


def test_nbpower_load_and_net_export() -> None:
    answer = read("nbpower", [GOOD["nbpower"]])
    assert _stamps(answer.frame) == ["2026-07-01T15:34:00"]
    assert answer.frame["load"].tolist() == [1500]
    assert answer.parts("interchange")["net_export"].tolist() == [150]


def test_what_fails_in_a_way_of_its_own_names_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("by a mistake of ours")

    monkeypatch.setattr("energydash.sources.grid.miso.read", fail)
    with pytest.raises(InputError, match=r"mix\.json: this is data in a form that is not known\.$"):
        read("miso", [GOOD["miso"]])


def test_miso_is_est_in_summer_too() -> None:
    assert _stamps(read("miso", [GOOD["miso"]]).frame) == ["2026-07-01T05:00:00"]


def test_miso_load() -> None:
    content = (
        b'{"LoadInfo":{"RefId":"01-Jul-2026 - Interval 00:10 EST","FiveMinTotalLoad":'
        b'[{"Load":{"Time":"00:00","Value":"68500"}},{"Load":{"Time":"00:05","Value":null}}]}}'
    )
    answer = read("miso", [("load.json", content)])
    assert (answer.quantity, _stamps(answer.frame)) == ("load", ["2026-07-01T05:00:00"])


# --- splits, sums, unknown names --------------------------------------------------------------


def test_ercot_interval_that_was_split_is_joined() -> None:
    content = samples.ercot_mix(
        {
            "2026-07-01 00:09:58-0500": {"Wind": 3.0, "Power Storage": 5.0},
            "2026-07-01 00:09:56-0500": {"Hydro": 2.0, "Power Storage Charging": -9.0},
            "2026-07-01 00:14:56-0500": {"Wind": 4.0, "Hydro": 1.0},
        }
    )
    answer = read("ercot", [("mix.json", content)])
    assert _stamps(answer.frame) == ["2026-07-01T05:09:56", "2026-07-01T05:14:56"]
    assert answer.frame["wind"].tolist() == [3, 4]
    assert answer.frame["hydro"].tolist() == [2, 1]
    assert answer.unknown == ()


def test_ercot_load_is_stamped_at_its_end_and_forecasts_are_left_out() -> None:
    content = (
        b'{"lastUpdated":"x","data":[{"epoch":1782882300000,"forecast":0,"demand":50000},'
        b'{"epoch":1782882600000,"forecast":1,"demand":51000}]}'
    )
    answer = read("ercot", [("supply-demand.json", content)])
    assert answer.frame["load"].to_dict() == {pd.Timestamp("2026-07-01T05:00Z"): 50000}


def test_ercot_storage_of_the_repeated_hour() -> None:
    rows = [("01:55:00-0500", "N", 1), ("02:00:00-0600", "Y", 3), ("02:00:00-0600", "N", 2)]
    records = [
        f'{{"timestamp":"2026-11-01 {at}","dstFlag":"{flag}","netOutput":{value}}}'
        for at, flag, value in rows
    ]
    content = f'{{"currentDay":{{"data":[{",".join(records)}]}}}}'.encode()
    frame = read("ercot", [("storage.json", content)]).frame
    assert [at[11:16] for at in _stamps(frame)] == ["06:55", "07:00", "08:00"]
    assert frame["battery"].tolist() == [1, 2, 3]


def test_spp_adds_market_and_self() -> None:
    answer = read("spp", [GOOD["spp"]])
    first = answer.frame.iloc[0]
    assert first["coal"] == 1500
    assert first["gas"] == 730
    assert first["battery"] == -20
    assert first["other"] == 5 + 3  # waste heat, and what is not known
    assert answer.unknown == ("Peat",)
    assert math.isnan(answer.frame["coal"].iloc[1])  # the Self half is blank


def test_spp_adds_both_authorities_where_none_is_late() -> None:
    west = b"GMT MKT Interval,Coal Market,Coal Self\n2026-07-01T00:00:00Z,100,1\n"
    frame = read("spp", [GOOD["spp"], ("GenMix2Hour_SWPW.csv", west)]).frame
    assert _stamps(frame) == ["2026-07-01T00:00:00"]
    assert frame["coal"].iloc[0] == 1601
    assert frame["wind"].iloc[0] == 4010


def test_spp_load_is_that_of_both_authorities() -> None:
    head = b"GMT MKT Interval,Coal Market,Coal Self,Average Actual Load\n"
    files = [
        (f"GenMix2Hour_{name}.csv", head + f"2026-07-01T00:00:00Z,1,1,{load}\n".encode())
        for name, load in (("SPP", 30000), ("SWPW", 3000))
    ]
    assert read("spp", files).parts("load")["load"].tolist() == [33000]


def test_ieso_batteries_are_told_by_their_names() -> None:
    content = samples.IESO_GENERATORS.replace(b"<GeneratorName>B<", b"<GeneratorName>OAK BESS<")
    content = content.replace(b"BIOFUEL", b"OTHER")
    frame = read("ieso", [("PUB_GenOutputCapability.xml", content)]).frame
    assert frame["battery"].dropna().tolist() == [5]
    assert "other" not in frame


def test_spp_before_the_west_joined() -> None:
    west = b"GMT MKT Interval,Coal Market,Coal Self\n2026-07-01T00:05:00Z,100,1\n"
    frame = read("spp", [GOOD["spp"], ("GenMix365_SWPW.csv", west)]).frame
    assert len(frame) == 2
    assert frame["coal"].iloc[0] == 1500


def test_ieso_generators_are_summed_and_silent_ones_told() -> None:
    answer = read("ieso", [GOOD["ieso"]])
    assert _stamps(answer.frame) == ["2026-07-01T05:00:00", "2026-07-01T06:00:00"]
    assert answer.frame["nuclear"].tolist() == [1500, 801]
    assert math.isnan(answer.frame["biomass"].iloc[0])
    assert answer.notes == ("1 generator hours have no output and are not counted.",)


def test_ieso_by_fuel_and_totals() -> None:
    fuels = read("ieso", [("PUB_GenOutputbyFuelHourly.xml", samples.IESO_FUELS)]).frame
    assert fuels["nuclear"].to_dict() == {pd.Timestamp("2026-01-02T04:00Z"): 9000}
    assert math.isnan(fuels["gas"].iloc[0])
    totals = read("ieso", [("PUB_RealtimeTotals.xml", samples.IESO_TOTALS)])
    assert totals.quantity == "load"
    assert totals.frame["load"].to_dict() == {pd.Timestamp("2026-07-01T17:05Z"): 16321.5}


def test_isone_null_is_unknown_and_repeats_count_once() -> None:
    at = "2026-07-01T00:08:02.000-04:00"
    content = samples.isone_mix(
        (at, "Wood", 10), (at, "Refuse", None), (at, "Hydro", 5), (at, "Hydro", 6)
    )
    row = read("isone", [("day.json", content)]).frame.iloc[0]
    assert math.isnan(row["biomass"])
    assert row["hydro"] == 6


def test_eia_texts_nulls_and_overlapping_pages() -> None:
    first = samples.eia_mix(
        ("2026-07-01T01", "CISO", "NG", "8897"), ("2026-07-01T01", "CISO", "OTH", 1), total="4"
    )
    second = samples.eia_mix(
        ("2026-07-01T01", "CISO", "OTH", 2), ("2026-07-01T01", "CISO", "UNK", 3),
        ("2026-07-01T02", "CISO", "NG", None), ("2026-07-01T02", "CISO", "XYZ", 4), total="5",
    )  # fmt: skip
    answer = read("eia", [("1.json", first), ("2.json", second)])
    assert answer.frame["other"].tolist() == [5, 4]
    assert answer.frame["gas"].iloc[0] == 8897
    assert math.isnan(answer.frame["gas"].iloc[1])
    assert answer.unknown == ("XYZ",)
    assert answer.notes == ()


def test_pjm_pages() -> None:
    page = samples.pjm_mix(("2026-07-01T00:00:00", "Gas", 1), total=2)
    assert "pages are missing" in read("pjm", [("1.json", page)]).notes[0]
    other = samples.pjm_mix(("2026-07-01T00:00:00", "Wind", 2), total=2)
    assert read("pjm", [("1.json", page), ("2.json", other)]).notes == ()
