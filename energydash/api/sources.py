"""How the sources are doing: the household's own are left out for everybody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from energydash.answers.sources.health import health
from energydash.api import grid_models as models
from energydash.api.asking import Form, Here, Personal, Reply, reply
from energydash.serialise import sources as documents


def get_health(personal: Personal, here: Here, form: Form = "json") -> Reply:
    """Every source: newest value, last success, trouble."""
    return reply(documents.health(health(here, personal=personal)), form)


ROUTES: dict[str, tuple[Callable[..., Reply], Any]] = {
    "/health": (get_health, list[models.SourceHealth])
}
