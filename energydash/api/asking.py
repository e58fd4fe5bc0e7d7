"""What every route has in common: the context, the period, who may ask, and how it is answered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import Annotated, Literal

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
        may_repeat = name == "tariff" and request.url.path.endswith("/comparison")
        if len(query.getlist(name)) > 1 and not may_repeat:
            raise InputError(f"'{name}' is given twice.", remedy="Give it once.")


async def _may_see_personal(request: Request) -> bool:
    return may_see_personal(request)


Personal = Annotated[bool, Depends(_may_see_personal)]
ONLY_OWNER = Depends(_only_owner)
PLAINLY_WORDED = Depends(_plainly_worded)


@dataclass(frozen=True)
class Reply:
    """What is sent, as bytes; `file_name` of what a browser keeps as a file."""

    body: bytes
    file_name: str = ""

    @cached_property
    def mark(self) -> str:
        """The same for the same bytes, however they are compressed."""
        return f'W/"{blake2b(self.body, digest_size=12).hexdigest()}"'

    def response(self, known: str) -> Response:
        """`known`: the marks (If-None-Match) of answers that need not be sent again."""
        headers = {"etag": self.mark, "cache-control": "private, no-cache"}
        if self.mark in map(str.strip, known.split(",")):
            return Response(status_code=304, headers=headers)
        if self.file_name:
            headers["content-disposition"] = f'attachment; filename="{self.file_name}"'
        media = "text/csv" if self.file_name else "application/json"
        return Response(self.body, media_type=media, headers=headers)


def reply(document: Document, form: str) -> Reply:
    """A document as JSON, or its rows as CSV under the document's file name."""
    if form == "csv":
        return Reply(document.to_csv().encode(), document.file_name())
    return Reply(to_json(document.to_json()))
