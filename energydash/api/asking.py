"""What every route has in common: the context, the period, who may ask, and how it is answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import Depends, HTTPException, Query, Request
from fastapi.responses import Response
from pydantic import WithJsonSchema

from energydash.core import access, bounds
from energydash.core.access import Viewer
from energydash.core.errors import InputError
from energydash.serialise import Document, to_json
from energydash.sync import context
from energydash.sync.context import Context

MOMENT = "A local day (2026-03-29) or an ISO time (2026-03-29T00:00Z); the end is exclusive"
Form = Annotated[
    Literal["json", "csv"], Query(alias="format", description="json, or the rows as CSV")
]
# What a number or a moment may be is checked by `core.bounds`, as on every face; here it is told.
Moment = Annotated[
    str,
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": form} for form in ("date", "date-time")]}
    ),
]
From = Annotated[Moment | None, Query(alias="from", description=MOMENT)]
To = Annotated[Moment | None, Query(alias="to", description=MOMENT)]
Start = Annotated[Moment, Query(alias="from", description=MOMENT)]
End = Annotated[Moment, Query(alias="to", description=MOMENT)]
Hours = Annotated[
    float,
    Query(
        description="length in hours",
        json_schema_extra={"exclusiveMinimum": 0, "maximum": bounds.LONGEST_WINDOW_HOURS},
    ),
]
Within = Annotated[Moment | None, Query(description="be done by this local day or ISO time")]
LONGEST_VALUE = 200


async def _here(
    sample: Annotated[bool, Query(description="made-up data, on purpose")] = False,
) -> Context:
    return replace(context.current(), sample=sample)


Here = Annotated[Context, Depends(_here)]


def viewer_of(request: Request) -> Viewer:
    """Whoever asks: by the connection's own address, and the owner elsewhere by the token."""
    settings, authorization = context.current().settings, request.headers.get("authorization", "")
    return access.viewer_of(
        request.client.host if request.client else "",
        request.headers,
        is_logged_in=access.holds_token(settings, authorization),
    )


def may_see_personal(request: Request) -> bool:
    """Whether whoever asks may see meters, costs and batteries."""
    return access.may_see_personal(access.sharing(context.current().settings), viewer_of(request))


async def _only_owner(request: Request) -> None:
    if not may_see_personal(request):
        raise HTTPException(
            403,
            "This energydash shares the grid only; costs and batteries are private. "
            "Their owner sends the token of [api] as 'Authorization: Bearer TOKEN'.",
        )


async def _plainly_worded(request: Request) -> None:
    """Refuses what nothing asked here can mean: very long, with control characters, or twice."""
    query = request.query_params
    for name, value in (*query.multi_items(), *request.path_params.items()):
        if len(value) > LONGEST_VALUE or not value.isprintable():
            raise InputError(
                f"'{name[:LONGEST_VALUE]}' is longer than {LONGEST_VALUE} characters, or has some "
                "that cannot be printed.",
                remedy="Shorten it.",
            )
        if name != "tariff" and len(query.getlist(name)) > 1:
            raise InputError(f"'{name}' is given twice.", remedy="Give it once.")


ONLY_OWNER = Depends(_only_owner)
PLAINLY_WORDED = Depends(_plainly_worded)


def reply(document: Document, form: str) -> Response:
    """A document as JSON, or its rows as CSV under the document's file name."""
    if form == "csv":
        name = {"content-disposition": f'attachment; filename="{document.file_name()}"'}
        return Response(document.to_csv(), media_type="text/csv", headers=name)
    return plain(document.to_json())


def plain(body: Any) -> Response:
    """A body as JSON."""
    return Response(to_json(body), media_type="application/json")
