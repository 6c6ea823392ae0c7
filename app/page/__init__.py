"""The page: chat and deck side by side. Plain HTML, CSS and JavaScript modules, nothing to build or to fetch."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

_HERE = Path(__file__).parent
# Only our own files run. Slides are HTML that a model wrote: they come as frames with a policy of their own.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; frame-src 'self';"
    " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

router = APIRouter(include_in_schema=False)
files = StaticFiles(directory=_HERE / "static")


@router.get("/")
async def index() -> FileResponse:
    """The page itself."""
    return FileResponse(_HERE / "index.html", headers={"Content-Security-Policy": _POLICY})
