"""Sub-applications and routers: the root's name is the template all the way down."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from tests.acceptance.shapes.family import Family, Shape
from tests.acceptance.shapes.spans import nested

family = Family()
tenant = FastAPI()
deep = FastAPI()
rooms = APIRouter(prefix="/rooms/{room}")


@tenant.get("/items/{item}")
@deep.get("/items/{item}")
@rooms.get("/items/{item}")
def item(item: str) -> str:
    nested("work", "query")
    return item


async def bare(request: Request) -> PlainTextResponse:
    nested("work", "query")
    return PlainTextResponse(request.path_params["item"])


tenant.mount("/deep", deep)
family.router.include_router(rooms, prefix="/routers/{house}")


def mount_all(app: FastAPI) -> None:
    """Mount what a router cannot hold."""
    app.mount("/mounts/tenants/{tenant}", tenant)
    app.mount("/mounts/bare/{tenant}", Starlette(routes=[Route("/items/{item}", bare)]))
    app.router.routes.append(Mount("/mounts/routes/{tenant}", routes=[Route("/items/{item}", bare)]))


family.shapes += [
    Shape("GET /mounts/tenants/{tenant}/items/{item} > work > query", "/mounts/tenants/7/items/3"),
    Shape("GET /mounts/tenants/{tenant}/deep/items/{item} > work > query", "/mounts/tenants/7/deep/items/3"),
    Shape("GET /mounts/bare/{tenant}/items/{item} > work > query", "/mounts/bare/7/items/3"),
    Shape("GET /mounts/routes/{tenant}/items/{item} > work > query", "/mounts/routes/7/items/3"),
    Shape("GET /routers/{house}/rooms/{room}/items/{item} > work > query", "/routers/1/rooms/2/items/3"),
    Shape("GET", "/handlers/sync/", status=307),
    Shape("GET", "/nowhere", status=404),
    Shape("POST", "/nowhere", status=404),
]
