"""Which period of a feed was fetched when, with how many rows, and whether it is final.

The windows of a feed never overlap: a newer answer takes its part out of older ones. Final windows
that touch become one, so that a feed polled for years has a handful of windows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from energydash.core.time import Period, merge, subtract
from energydash.store.database import Connection
from energydash.store.schema import columns


@dataclass(frozen=True)
class Covered:
    """A window that a source answered for. rows: what it brought; none is an answer too.

    Of several answers joined in one final window, `fetched_at` is the oldest.
    """

    period: Period
    fetched_at: datetime
    rows: int
    final: bool


def windows(
    period: Period,
    fetched_at: datetime,
    final_before: datetime | None,
    silences: Sequence[Period],
    count: Callable[[Period], int],
) -> list[Covered]:
    """An answer's windows: what ends by `final_before` is final, the rest may still change.

    silences: what was asked for and brought nothing, inside `period` or beside it; never final.
    """
    edge = period.start if final_before is None else final_before
    edge = min(max(edge, period.start), period.end)
    settled, recent = Period(period.start, edge), Period(edge, period.end)
    finals = subtract(settled, list(silences))
    still_open = [*subtract(settled, finals), recent]
    still_open += [part for one in merge(list(silences)) for part in subtract(one, [period])]
    parts = [(part, True) for part in finals] + [(part, False) for part in still_open]
    return [Covered(part, fetched_at, count(part), final) for part, final in parts if part.duration]


def without(
    windows: Sequence[Covered], taken: Period, count: Callable[[Period], int]
) -> list[Covered]:
    """The same windows without the time of `taken`; a part left of one is counted anew."""
    left: list[Covered] = []
    for window in windows:
        for part in subtract(window.period, [taken]):
            whole = part == window.period
            rows = window.rows if whole else count(part)
            left.append(replace(window, period=part, rows=rows))
    return left


def joined(windows: Sequence[Covered]) -> list[Covered]:
    """The same windows in order, with final ones that touch made one."""
    out: list[Covered] = []
    for window in sorted(windows, key=lambda window: window.period):
        last = out[-1] if out else None
        if last and last.final and window.final and last.period.end == window.period.start:
            out[-1] = Covered(
                Period(last.period.start, window.period.end),
                min(last.fetched_at, window.fetched_at),
                last.rows + window.rows,
                True,
            )
        else:
            out.append(window)
    return out


def read(connection: Connection, feed_id: int, period: Period) -> list[Covered]:
    """The windows that overlap or touch a period, whole, in order."""
    schema = columns("coverage", "start", "end", "fetched_at", "rows", "final")
    rows = connection.rows(
        schema,
        'SELECT start, "end", fetched_at, rows, final FROM coverage '
        'WHERE feed_id = $1 AND start <= $2 AND "end" >= $3 ORDER BY start',
        feed_id,
        period.end,
        period.start,
    )
    return [
        Covered(
            Period(row["start"], row["end"]),
            row["fetched_at"].astimezone(UTC),
            row["rows"],
            row["final"],
        )
        for row in rows
    ]


def clip(windows: Sequence[Covered], period: Period) -> list[Covered]:
    """The windows that overlap `period`, whole where they reach out of it."""
    return [window for window in windows if window.period.intersect(period)]


def replace_around(
    connection: Connection,
    feed_id: int,
    period: Period,
    new: Sequence[Covered],
    count: Callable[[Period], int],
) -> None:
    """Put `new` in the place of everything the feed had in `period`."""
    old = read(connection, feed_id, period)
    connection.execute(
        'DELETE FROM coverage WHERE feed_id = $1 AND start <= $2 AND "end" >= $3',
        feed_id,
        period.end,
        period.start,
    )
    for window in joined([*without(old, period, count), *new]):
        connection.execute(
            'INSERT INTO coverage (feed_id, start, "end", fetched_at, rows, final) '
            "VALUES ($1, $2, $3, $4, $5, $6)",
            feed_id,
            window.period.start,
            window.period.end,
            window.fetched_at,
            window.rows,
            window.final,
        )
