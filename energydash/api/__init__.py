"""The REST API, mounted at /api/v1: read-only answers as JSON or CSV, documented at /api/v1/docs.

Sample data come only on request (`sample=true`). Personal answers obey `access.may_see_personal`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from energydash import __version__
from energydash.answers.memo import Memo
from energydash.api import battery, docs, grid, home, models, sources
from energydash.api.asking import ONLY_OWNER, PLAINLY_WORDED, Reply
from energydash.core.errors import EnergydashError, InputError, StoreError
from energydash.sync import context
from energydash.sync.context import Context

PUBLIC = grid.ROUTES | sources.ROUTES
PERSONAL = home.ROUTES | battery.ROUTES
ROUTES = PUBLIC | PERSONAL
_memo = Memo(64_000_000, lambda reply: len(reply.body))


def create() -> FastAPI:
    """The API as an ASGI app."""
    app = FastAPI(
        title="energydash",
        version=__version__,
        docs_url=None,  # its page loads scripts from elsewhere; ours is below
        redoc_url=None,
    )
    app.add_exception_handler(InputError, _refused(422))
    app.add_exception_handler(StoreError, _refused(503))
    app.add_exception_handler(EnergydashError, _refused(502))
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(HTTPException, _stopped)
    for router, routes in (
        (APIRouter(dependencies=[PLAINLY_WORDED]), PUBLIC),
        (APIRouter(dependencies=[ONLY_OWNER, PLAINLY_WORDED]), PERSONAL),
    ):
        for path, (function, model) in routes.items():
            router.get(path, response_model=model, responses={422: {"model": models.Refusal}})(
                _remembering(path, function)
            )
        app.include_router(router)

    @app.get("/docs", include_in_schema=False)
    def documentation(request: Request) -> HTMLResponse:
        return HTMLResponse(docs.page(app.openapi(), request.scope.get("root_path", "")))

    return app


def _remembering(path: str, function: Callable[..., Reply]) -> Callable[..., Response]:
    """An endpoint that asks `function` the same question again only when its answer may differ."""

    @wraps(function)
    def endpoint(request: Request, **named: Any) -> Response:
        here = named.pop("here", None) or context.current()
        found = _memo.ask(here, _worked_out, path, **named).result
        return found.response(request.headers.get("if-none-match", ""))

    asked = signature(function, eval_str=True)
    request = Parameter("request", Parameter.KEYWORD_ONLY, annotation=Request)
    endpoint.__signature__ = asked.replace(  # type: ignore[attr-defined]
        parameters=[*asked.parameters.values(), request], return_annotation=Response
    )
    return endpoint


def _worked_out(here: Context, /, path: str, **named: Any) -> Reply:
    function, _ = ROUTES[path]
    if "here" in signature(function).parameters:
        named["here"] = here
    return function(**named)


async def _misread(request: Request, error: Exception) -> JSONResponse:
    """Each parameter that is not what its type says, without a word of what it was."""
    assert isinstance(error, RequestValidationError)
    wrong = [f"'{one['loc'][-1]}': {one['msg']}." for one in error.errors()]
    return JSONResponse({"error": " ".join(wrong)}, 422)


async def _stopped(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


def _refused(status: int) -> Callable[[Request, Exception], Awaitable[JSONResponse]]:
    async def answer(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=status)

    return answer
