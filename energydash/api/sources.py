"""How the sources are doing: the household's own are left out for everybody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from energydash.answers.sources.health import health
from energydash.api import grid_models as models
from energydash.api.asking import Form, Here, may_see_personal, reply
from energydash.serialise import sources as documents


def get_health(request: Request, here: Here, form: Form = "json") -> Response:
    """Every source: newest value, last success, trouble."""
    return reply(documents.health(health(here, personal=may_see_personal(request))), form)


ROUTES: dict[str, tuple[Callable[..., Response], Any]] = {
    "/health": (get_health, list[models.SourceHealth])
}
