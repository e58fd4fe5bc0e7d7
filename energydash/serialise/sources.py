"""How the sources are doing, as documents."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from energydash.answers.sources.check import Checked
from energydash.answers.sources.health import FeedHealth, Health
from energydash.serialise.document import Document, jsonable
from energydash.sync.heartbeat import Life


def health(found: Health) -> Document:
    """A row per source with its feeds: state, rows, newest value, last success, trouble; and the
    crawler as one more, whose last success is that it lived."""
    rows: list[dict[str, object]] = [
        {
            "source": one.info.name,
            "title": one.info.title,
            "state": one.state,
            "rows": one.rows,
            "newest": one.newest,
            "fetched_at": one.fetched_at,
            "problem": one.problem.sentence if one.problem else None,
            "feeds": [_feed(feed) for feed in one.feeds],
        }
        for one in found.sources
    ]
    rows.append(_crawler(found.crawler))
    return Document("health", pd.DataFrame(rows), is_list=True)


def _crawler(life: Life) -> dict[str, object]:
    return {
        "source": "crawler",
        "title": "The crawler, which asks them all",
        "state": "trouble" if life.problem else "live" if life.at else "waiting",
        "rows": 0,
        "newest": None,
        "fetched_at": life.at,
        "problem": life.problem.sentence if life.problem else None,
        "feeds": [],
    }


def _feed(one: FeedHealth) -> dict[str, object]:
    return {
        "subject": one.feed.subject,
        "quantity": one.feed.quantity,
        "state": one.state,
        "rows": one.rows,
        "newest": jsonable(one.newest),
        "fetched_at": jsonable(one.fetched_at),
        "problem": one.problem.sentence if one.problem else None,
    }


def check(found: Sequence[Checked]) -> Document:
    """A row per source asked just now: whether it answers, and what to do where not."""
    rows = [
        {
            "source": one.source,
            "of": one.subject,
            "state": one.state,
            "newest": one.newest,
            "trouble": one.problem.sentence if one.problem else "",
            "remedy": one.problem.remedy if one.problem else one.needs,
        }
        for one in found
    ]
    return Document("check", pd.DataFrame(rows), is_list=True)
