"""What every route has in common: the context, the period, who may ask, and how it is answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import Depends, HTTPException, Query, Request
from fastapi.responses import Response

from energydash.core import access
from energydash.core.access import Viewer
from energydash.serialise import Document, to_json
from energydash.sync import context
from energydash.sync.context import Context

MOMENT = "A local day (2026-03-29) or an ISO time (2026-03-29T00:00Z); the end is exclusive"
Form = Annotated[
    Literal["json", "csv"], Query(alias="format", description="json, or the rows as CSV")
]
From = Annotated[str | None, Query(alias="from", description=MOMENT)]
To = Annotated[str | None, Query(alias="to", description=MOMENT)]
Start = Annotated[str, Query(alias="from", description=MOMENT)]
End = Annotated[str, Query(alias="to", description=MOMENT)]
Hours = Annotated[float, Query(description="length in hours")]
Within = Annotated[str | None, Query(description="be done by this local day or ISO time")]


def _here(
    sample: Annotated[bool, Query(description="made-up data, on purpose")] = False,
) -> Context:
    return replace(context.current(), sample=sample)


Here = Annotated[Context, Depends(_here)]


def viewer_of(request: Request) -> Viewer:
    """Whoever asks: by the connection's own address, never by what a header says."""
    return access.viewer_of(request.client.host if request.client else "", request.headers)


def may_see_personal(request: Request) -> bool:
    """Whether whoever asks may see meters, costs and batteries."""
    return access.may_see_personal(access.sharing(context.current().settings), viewer_of(request))


def _only_owner(request: Request) -> None:
    if not may_see_personal(request):
        raise HTTPException(
            403, "This energydash shares the grid only; costs and batteries are private."
        )


ONLY_OWNER = Depends(_only_owner)


def reply(document: Document, form: str) -> Response:
    """A document as JSON, or its rows as CSV under the document's file name."""
    if form == "csv":
        name = {"content-disposition": f'attachment; filename="{document.file_name()}"'}
        return Response(document.to_csv(), media_type="text/csv", headers=name)
    return plain(document.to_json())


def plain(body: Any) -> Response:
    """A body as JSON."""
    return Response(to_json(body), media_type="application/json")
