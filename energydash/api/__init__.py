"""The REST API, mounted at /api/v1: read-only answers as JSON or CSV, documented at /api/v1/docs.

Sample data come only on request (`sample=true`). Personal answers obey `access.may_see_personal`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from energydash import __version__
from energydash.api import battery, docs, grid, home, models, sources
from energydash.api.asking import ONLY_OWNER, PLAINLY_WORDED
from energydash.core.errors import EnergydashError, InputError, StoreError
from energydash.sync import context, wishes


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
        (APIRouter(dependencies=[PLAINLY_WORDED]), grid.ROUTES | sources.ROUTES),
        (APIRouter(dependencies=[ONLY_OWNER, PLAINLY_WORDED]), home.ROUTES | battery.ROUTES),
    ):
        for path, (function, model) in routes.items():
            router.get(path, response_model=model, responses={422: {"model": models.Refusal}})(
                _wishing(function)
            )
        app.include_router(router)

    @app.get("/docs", include_in_schema=False)
    def documentation(request: Request) -> HTMLResponse:
        return HTMLResponse(docs.page(app.openapi(), request.scope.get("root_path", "")))

    return app


def _wishing(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same endpoint; what it answers about is wished for, so that the crawler keeps it."""

    @wraps(function)
    def endpoint(*arguments: Any, **named: Any) -> Any:
        with wishes.noted(context.current()):
            return function(*arguments, **named)

    return endpoint


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
