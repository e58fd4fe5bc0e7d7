"""Sites, their monitors and newest values, and the time zone of a site."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from energydash.core.errors import BadData, InputError
from energydash.core.settings import Section
from energydash.core.time import zone_info
from energydash.sources import http, parser
from energydash.sources.aretas.client import as_list, authorised, instant, latest_body
from energydash.sources.aretas.rows import SOURCE

ACTIVE_WITHIN: Final = timedelta(hours=24)


@dataclass(frozen=True)
class Monitor:
    """A device at a site, as `client/locationview` lists it."""

    mac: str
    description: str
    last_report: datetime | None
    site: str
    site_id: str = ""
    country: str = ""
    state: str = ""
    city: str = ""
    latitude: float | None = None
    longitude: float | None = None

    def is_active(self, now: datetime) -> bool:
        """Reported within a day."""
        return self.last_report is not None and now - self.last_report < ACTIVE_WITHIN


def monitors(account: Section) -> tuple[Monitor, ...]:
    """Every device of every site of the account."""
    return read_monitors(
        authorised("GET", account, "client/locationview", params=[("invalidateCache", "false")])
    )


@parser(SOURCE)
def read_monitors(body: bytes) -> tuple[Monitor, ...]:
    """The devices in a `client/locationview` answer."""
    view = http.as_json(SOURCE, body)
    if not isinstance(view, dict) or not isinstance(view.get("locationSensorViews"), list):
        raise BadData(SOURCE, f"{SOURCE} sent a list of sites in another shape.")
    found = []
    for site in view["locationSensorViews"]:
        place = site.get("location") or {}
        for sensor in site.get("sensorList") or ():
            reported = sensor.get("lastReportTime") or -1
            found.append(
                Monitor(
                    mac=str(sensor.get("mac", "")),
                    description=str(sensor.get("description") or ""),
                    last_report=instant(reported) if reported > 0 else None,
                    site=str(place.get("description") or ""),
                    site_id=str(place.get("id") or ""),
                    country=str(place.get("country") or ""),
                    state=str(place.get("state") or ""),
                    city=str(place.get("city") or ""),
                    latitude=place.get("lat"),
                    longitude=place.get("lon"),
                )
            )
    return tuple(found)


def latest(
    account: Section, macs: tuple[str, ...]
) -> dict[tuple[str, int], tuple[datetime, float]]:
    """The newest value of every sensor of these monitors, from the server's own cache."""
    found = {}
    for row in as_list(latest_body(account, macs)):
        if isinstance(row.get("data"), int | float) and isinstance(row.get("timestamp"), int):
            key = (str(row.get("mac", "")), int(row["type"]))
            found[key] = (instant(row["timestamp"]), float(row["data"]))
    return found


def site_zone(account: Section, latitude: float, longitude: float) -> str:
    """The IANA time zone at a site, never the host's own."""
    body = authorised(
        "GET", account, "timezone/query", params=[("lat", latitude), ("lon", longitude)]
    )
    answer = http.as_json(SOURCE, body)
    zone = str(answer.get("message", "")) if isinstance(answer, dict) else ""
    try:
        zone_info(zone)
    except InputError as error:
        raise BadData(SOURCE, f"{SOURCE} does not know the time zone of this site.") from error
    return zone
