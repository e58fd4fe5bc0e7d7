"""From an operator's rows and columns to frames of ours, and from a question to its files.

A fuel that a provider does not list at an instant is NaN; a name that we do not know becomes
`other` and is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime

import pandas as pd

from energydash.core.errors import InputError, NotFound
from energydash.core.feeds import Feed, Fetched, empty_frame, tidy
from energydash.core.time import Period, utc_now
from energydash.grid import regions
from energydash.grid.fuels import FUELS
from energydash.sources import Answer
from energydash.sources.tables import File, expand, trouble

Row = tuple[datetime, str, float]  # an instant, the provider's name, MW
Reader = Callable[[list[File], str | None, date | None], Answer]


def fetched(
    feed: Feed,
    period: Period,
    get: Callable[[Period], Sequence[File]],
    read: Reader,
    ends: bytes = b"",
) -> Fetched:
    """One question: the files that `get` downloads for the part of the period that has begun, as
    `read` (the same that reads saved files) understands them.

    ends: how every download ends that is whole. Raises: SourceError, Unreadable.
    """
    now = utc_now()
    asked = Period(min(period.start, now), min(period.end, now))
    if asked.start == asked.end:
        return Fetched(empty_frame(), asked)
    files = get(asked)
    if not files:
        return Fetched(empty_frame(), asked)
    for file in files:
        if not file.data.endswith(ends):
            raise trouble(file.name, "the answer is cut short")
    answer = read(expand(files), None, None)
    frame = answer.parts(feed.quantity)
    inside = (frame.index >= pd.Timestamp(asked.start)) & (frame.index < pd.Timestamp(asked.end))
    return Fetched(frame[inside], asked, unknown=answer.unknown)


def day_by_day(days: Iterable[date], get: Callable[[date], File]) -> list[File]:
    """The file of each day. The newest may not be published yet (just after midnight): where the
    others are there, it is no error."""
    wanted = list(days)
    files: list[File] = []
    for day in wanted:
        try:
            files.append(get(day))
        except NotFound:
            if day != wanted[-1] or not files:
                raise
    return files


def only_region(region: str | None, own: str) -> str:
    """`own`, where `region` is empty or one of its names; these files have no other region."""
    if region and region.upper() != own and regions.find(region).id != own:
        raise InputError(
            f"These files are of {own}, not of '{region}'.", remedy="Leave --region away."
        )
    return own


def same_quantity(found: Iterable[str]) -> str:
    """The quantity that all files share; InputError where they differ."""
    kinds = sorted(set(found))
    if len(kinds) != 1:
        raise InputError(
            f"The files are of different kinds ({', '.join(kinds)}).",
            remedy="Read one kind at a time.",
        )
    return kinds[0]


def frame_of(times: Sequence[datetime], columns: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """A tidy frame; rows without any value are left out, of repeated times the last one stays."""
    index = _utc_index(times)
    return tidy(pd.DataFrame(dict(columns), index=index, dtype="float64").dropna(how="all"))


def stacked(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Frames below each other as one tidy frame; of repeated times the last one stays."""
    return tidy(pd.concat(list(frames)).dropna(how="all"))


def mix_of_columns(
    wide: pd.DataFrame, fuels: Mapping[str, str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """A frame with a column per provider name as (frame per canonical fuel, unknown names).

    Where several columns make one fuel (biomass and biogas), a blank in one leaves the fuel
    unknown: a part would pass for the whole.
    """
    chosen, unknown = _fuel_names([str(name) for name in wide.columns], fuels)
    parts = {
        fuel: wide[[name for name, own in chosen.items() if own == fuel]].sum(axis=1, skipna=False)
        for fuel in FUELS
        if fuel in chosen.values()
    }
    return tidy(pd.DataFrame(parts, index=wide.index).dropna(how="all")), unknown


def mix_of_rows(
    rows: Sequence[Row], fuels: Mapping[str, str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Rows of (instant, provider name, MW) as (frame per canonical fuel, unknown names).

    A name that comes twice at an instant is one reading sent twice: the last one counts. An
    explicit blank leaves its fuel unknown; a name that is not listed adds nothing.
    """
    if not rows:
        return empty_frame(), ()
    chosen, unknown = _fuel_names({name for _, name, _ in rows}, fuels)
    long = pd.DataFrame(rows, columns=["time", "name", "value"])
    long["time"] = _utc_index([at for at, _, _ in rows])
    long = long.drop_duplicates(["time", "name"], keep="last")
    long["fuel"] = long["name"].map(chosen)
    groups = long.groupby(["time", "fuel"])["value"]
    total = groups.sum().where(groups.count() == groups.size())
    wide = total.unstack("fuel")
    columns = [fuel for fuel in FUELS if fuel in wide.columns]
    return tidy(wide[columns].rename_axis(columns=None).dropna(how="all")), unknown


def _fuel_names(
    names: Iterable[str], fuels: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """(provider name -> canonical fuel, names that are unknown and became `other`).

    Names are matched without regard to case and outer spaces.
    """
    known = {name.lower(): fuel for name, fuel in fuels.items()}
    chosen = {name: known.get(name.strip().lower(), "other") for name in names}
    unknown = sorted({name.strip() for name in chosen if name.strip().lower() not in known})
    return chosen, tuple(unknown)


def _utc_index(times: Sequence[datetime]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime(list(times), utc=True), name="time")
