"""The command line: `energydash` or `python -m energydash`.

Standard output carries only the result, logs go to standard error. Errors are one sentence: exit
2 for bad input, 1 for trouble with an upstream or the store. Each command's module is imported
when it is called, so that `--help` needs neither pandas nor streamlit.
"""

from __future__ import annotations

import importlib
import inspect
import logging
import sys
from collections.abc import Mapping
from typing import Any

import click

from energydash import __version__
from energydash.cli.output import Log, say
from energydash.core.errors import EnergydashError, InputError


class LazyGroup(click.Group):
    """A group whose commands are `module:function` texts with their one-line help."""

    def __init__(self, *args: Any, lazy: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lazy:
            return None
        target, summary = self.lazy[cmd_name]
        if target.startswith("group:"):
            return LazyGroup(cmd_name, lazy=GROUPS[cmd_name], help=summary)
        module, _, name = target.partition(":")
        command = getattr(importlib.import_module(f"energydash.cli.{module}"), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{target} is not a command")
        # The summary stands in the table alone; what else there is to say is the docstring.
        more = inspect.cleandoc(command.callback.__doc__ or "") if command.callback else ""
        command.help = f"{summary}\n\n{more}".strip()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, from the one-line texts: no command is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self.lazy.items()])


COMMANDS = {
    "serve": ("serving:serve", "The dashboard and the REST API, the crawler beside them."),
    "check": ("sources:check", "Every configured source: reachable, key good, newest reading."),
    "health": ("sources:health", "How every source is doing, as stored."),
    "regions": ("grid:regions", "Regions: ids, names, aliases, feeds."),
    "factors": ("grid:factors", "Emission-factor sets."),
    "read": ("sources:read", "Parse saved upstream answers into CSV."),
    "import": ("group:", "Readings, tariffs or telemetry from files."),
    "ingest": ("sources:ingest", "Fetch what the store lacks, and what may still change."),
    "crawl": ("serving:crawl", "Keep everything configured up to date."),
    "now": ("grid:now", "The newest mix and intensity of a region."),
    "mix": ("grid:mix", "Generation by fuel."),
    "records": ("grid:records", "The extremes of a period: most wind, highest shares."),
    "load": ("grid:load", "Demand in MW."),
    "storage": ("grid:storage", "Storage by kind in MW; + is discharging."),
    "interconnectors": ("grid:interconnectors", "Each link in MW; + is import."),
    "intensity": ("grid:intensity", "Carbon intensity of a region, a place or a mix file."),
    "windows": ("grid:windows", "The greenest or cheapest hours ahead."),
    "meters": ("home:meters", "The household's meters."),
    "price": ("home:price", "What a kWh costs now, and next."),
    "costs": ("home:costs", "Electricity costs by half-hour, day, month, rate..."),
    "bill": ("home:bill", "A statement for a period."),
    "findings": ("home:findings", "What is odd in readings and tariffs, the dearest first."),
    "map": ("home:day_map", "Days by half-hours."),
    "compare": ("home:compare", "The same readings under other tariffs."),
    "battery": ("group:", "What a battery really holds, costs and how it ages."),
    "export": ("store:export", "Readings or tariffs as files."),
    "backup": ("store:backup", "A consistent copy of the store."),
    "restore": ("store:restore", "Put a backup in the store's place."),
    "forget": ("store:forget", "Remove everything of one household."),
}
GROUPS: dict[str, dict[str, tuple[str, str]]] = {
    "import": {
        "readings": ("home:import_readings", "Meter readings: website CSV, API JSON, JSONL, CSV."),
        "telemetry": ("battery:import_telemetry", "Battery telemetry: Aretas, VRM, CSV, xlsx."),
        "tariffs": ("home:import_tariffs", "Tariffs: octopus_viz config JSON, energydash TOML."),
    },
    "battery": {
        "list": ("battery:batteries", "The household's batteries."),
        "days": ("battery:by_day", "Energy in and out by day, and the analysis of the period."),
        "money": ("battery:money", "What a battery saved against having none."),
        "health": ("battery:health", "Capacity over its life, trend, forecast, warranty."),
        "channels": ("battery:channels", "Voltage, current, power, charge, temperature."),
        "analyse": ("battery:analyse", "Ah and kWh in and out, capacity, efficiency."),
        "report": ("battery:report", "One HTML page about a battery."),
    },
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
@click.version_option(__version__)
@click.option("-v", "--verbose", is_flag=True, help="Say more on standard error.")
def cli(verbose: bool) -> None:
    """Grid, home, battery and schedule in one place, with figures people can trust."""
    log = logging.StreamHandler(sys.stderr)
    log.setFormatter(Log("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, handlers=[log])
    if not verbose:  # every retry of every address: what came of it is said in one sentence
        logging.getLogger("urllib3").setLevel(logging.ERROR)


def main() -> None:
    """Run the command line; errors become one sentence and an exit code."""
    try:
        cli(standalone_mode=False)
    except InputError as error:
        _stop(str(error), 2)
    except EnergydashError as error:
        _stop(str(error), 1)
    except click.ClickException as error:
        error.show(sys.stderr)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        _stop("Stopped.", 130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone: nothing more to say


def _stop(message: str, code: int) -> None:
    say(f"energydash: {message}", err=True)
    sys.exit(code)
