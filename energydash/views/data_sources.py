"""What only the data sources page draws: a source's card, its feeds, and clearing one."""

from __future__ import annotations

import streamlit as st

from energydash.answers.sources import health as answers
from energydash.answers.sources.health import FeedHealth, SourceHealth
from energydash.grid.regions import default
from energydash.views import cache, components, formatting, refused, viewer


def feed_line(feed: FeedHealth, source: SourceHealth) -> None:
    """One feed of a source: what is stored of it, and its buttons."""
    now, name = cache.context().now(), "_".join(feed.feed.key)
    what = feed.feed.name or ("yours" if feed.feed.owner else feed.feed.subject)
    what = f"{what} · {feed.feed.quantity}"
    newest = formatting.ago(now - feed.newest) if feed.newest else "nothing yet"
    answered = formatting.ago(now - feed.fetched_at) if feed.fetched_at else "never"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f"{components.state_sign(feed.state)} **{components.escape(what)}**  \n"
            f":gray[newest {newest} · answered {answered} · published every "
            f"{formatting.age(feed.feed.cadence)} · {feed.rows:,} rows · {feed.feed.unit}]",
            width="stretch",
        )
        if viewer.may_edit():
            if components.short_button("Retry", what, key=f"again_{name}"):
                components.retry(feed.feed)
            if components.short_button("Clear", what, key=f"clear_{name}"):
                confirm(feed, source)


@st.dialog("Clear what is stored?")
def confirm(feed: FeedHealth, source: SourceHealth) -> None:
    """Deleting readings is final, so it is asked once more."""
    st.write(
        f"{feed.rows:,} rows of {feed.feed.quantity} from {components.escape(source.info.title)} "
        "are deleted. What the source still publishes is fetched again; what was imported is not."
    )
    if st.button("Delete", type="primary", key="delete_yes", on_click=delete, args=(feed,)):
        st.rerun()


def delete(feed: FeedHealth) -> None:
    answers.clear(cache.context(), feed.feed)
    cache.forget()


def source_card(source: SourceHealth) -> None:
    """One source: state, newest figure, terms, its feeds, its last error."""
    info, here = source.info, cache.context()
    now, zone = here.now(), default(here.settings).zone
    with st.container(border=True, key=f"source_{info.name}", height="stretch"):
        newest = f" · newest {formatting.clock(source.newest, zone, now)}" if source.newest else ""
        st.markdown(
            f"**{components.escape(info.title)}** &nbsp; {components.state_sign(source.state)}  \n"
            f"{components.escape(info.about)}  \n:gray[{source.rows:,} rows stored{newest} · "
            f"{components.escape(info.licence)} · [documentation]({info.documentation})]"
        )
        if info.needs and source.state == "not configured":
            st.caption(f":material/key: {components.escape(info.needs)}")
        if source.problem and not refused.is_said(source.problem.sentence):
            components.trouble(source.problem, key=f"source_{info.name}")
        if source.feeds:
            label = f"{len(source.feeds)} of {source.offered} feeds in use"
            with components.fold(label, key=f"feeds_{info.name}") as is_open:
                for feed in source.feeds if is_open else ():
                    feed_line(feed, source)


def waiting_line(source: SourceHealth) -> str:
    """A source that nobody has asked yet: what it would bring, and on which terms."""
    info = source.info
    return (
        f"**{components.escape(info.title)}** &nbsp; {components.escape(info.about)} "
        f":gray[{components.escape(info.licence)} · [documentation]({info.documentation})]"
    )
