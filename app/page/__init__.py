"""The page: a question box, the deck in sandboxed frames, a link to the trace. No build step, no CDN."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

_HERE = Path(__file__).parent
# Slides are HTML that a model wrote: frames may style themselves, and only our own file may run.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; frame-src 'self';"
    " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

router = APIRouter(include_in_schema=False)


@router.get("/")
async def index() -> FileResponse:
    """The page itself."""
    return FileResponse(_HERE / "index.html", headers={"Content-Security-Policy": _POLICY})


@router.get("/page.css")
async def style() -> FileResponse:
    """Its looks."""
    return FileResponse(_HERE / "page.css")


@router.get("/page.js")
async def script() -> FileResponse:
    """Its behaviour."""
    return FileResponse(_HERE / "page.js")
