"""Every question that the faces answer, as REST and as the command line ask it."""

from __future__ import annotations

from dataclasses import dataclass

DAYS = ("2026-03-28", "2026-03-30")  # the clocks of London change in between
BATTERY = "sample"


@dataclass(frozen=True)
class Question:
    """path: of REST, with its parameters. command: the words after `energydash`. rows: the key of
    the table in JSON."""

    path: str
    command: tuple[str, ...]
    rows: str = "rows"

    @property
    def name(self) -> str:
        return self.path.partition("?")[0].strip("/")


def over(path: str, *command: str, rows: str = "rows", **parameters: str) -> Question:
    """A question about `DAYS`."""
    asked = {"from": DAYS[0], "to": DAYS[1]} | parameters
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return Question(f"{path}?{query}", (*command, "--from", DAYS[0], "--to", DAYS[1]), rows)


QUESTIONS = (
    Question("/regions?", ("regions",)),
    Question("/factors?", ("factors",)),
    Question("/health?", ("health",)),
    Question("/now/GB?", ("now", "GB"), "fuels"),
    over("/mix/GB", "mix", "GB"),
    over("/mix/GB-13", "mix", "GB-13"),
    over("/mix/CAISO", "mix", "CAISO", "--step", "60", step_minutes="60"),
    over("/records/GB", "records", "GB"),
    over("/load/CAISO", "load", "CAISO"),
    over("/storage/CAISO", "storage", "CAISO"),
    over("/interconnectors/GB", "interconnectors", "GB"),
    over("/intensity/GB", "intensity", "GB"),
    over("/intensity/ERCOT", "intensity", "ERCOT"),
    Question("/windows/GB?hours=2.5", ("windows", "GB", "--hours", "2.5"), "alternatives"),
    Question("/windows?hours=2.5", ("windows", "--by", "price", "--hours", "2.5"), "alternatives"),
    Question("/meters?", ("meters",)),
    Question("/price?", ("price",)),
    *(
        over("/costs", "costs", "--by", by, by=by)
        for by in ("half-hour", "hour", "day", "weekday", "week", "month", "rate", "total")
    ),
    over("/costs", "costs", "--carbon", carbon="true"),
    over("/bill", "bill", rows="statements"),
    over("/comparison", "compare", rows="pairs"),
    over("/comparison", "compare", "--shift", "20", rows="pairs", shift_percent="20"),
    over("/findings", "findings"),
    over("/map", "map"),
    Question("/batteries?", ("battery", "list")),
    over(f"/batteries/{BATTERY}", "battery", "days", rows="days"),
    over(f"/batteries/{BATTERY}/money", "battery", "money"),
    Question(f"/batteries/{BATTERY}/health?", ("battery", "health"), "points"),
    over(f"/batteries/{BATTERY}/channels", "battery", "channels"),
)
