"""The schema: there for `/docs`, and true about what the routes answer."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.anyio
JSON = "application/json"
EVENTS = "text/event-stream"
BODIES = {
    "/api/slides/export": "text/html",
    "/api/slides/print": "text/html",
    "/api/chat/stream": EVENTS,
    "/api/chat/events/{request_id}": EVENTS,
}


@pytest.fixture
async def schema(client: httpx.AsyncClient) -> Any:
    """The schema, as a client generator reads it."""
    answer = await client.get("/openapi.json")
    assert answer.status_code == 200, answer.text
    return answer.json()


def operations(schema: Any) -> list[tuple[str, str, Any]]:
    """Method, path, and what is said of it."""
    return [(method, path, said) for path, all_ in schema["paths"].items() for method, said in all_.items()]


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_the_docs_work_without_another_server(client: httpx.AsyncClient, page: str) -> None:
    """Scripts, styles and the icon are our own, and are there."""
    answer = await client.get(page)
    assert answer.status_code == 200
    files = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert "//" not in "".join(files)
    assert len(files) >= 2
    for file in files:
        assert (await client.get(file)).status_code == 200, file


async def test_the_schema_has_the_routes(schema: Any) -> None:
    """Those that clients are generated for."""
    assert {"/api/chat", "/api/chat/stream", "/api/chat/async", "/api/slides/export"} <= schema["paths"].keys()


async def test_every_operation_has_a_place_and_an_id(schema: Any) -> None:
    """Tags sort them; ids name the functions of a generated client."""
    named = {tag["name"] for tag in schema["tags"]}
    assert all(set(said["tags"]) <= named for _, _, said in operations(schema))
    ids = [said["operationId"] for _, _, said in operations(schema)]
    assert len(ids) == len(set(ids))


async def test_every_answer_has_a_body_of_its_media_type(schema: Any) -> None:
    """Files and streams say what they are; errors are the same JSON everywhere."""
    for method, path, said in operations(schema):
        for status, answer in said["responses"].items():
            wanted = JSON if status >= "400" else BODIES.get(path, JSON)
            assert list(answer.get("content", {})) == ([] if status == "204" else [wanted]), (method, path, status)


async def test_every_error_has_the_shape_that_is_answered(schema: Any) -> None:
    """None is FastAPI's own, which is never sent."""
    shapes = {
        answer["content"][JSON]["schema"]["$ref"].rpartition("/")[2]
        for _, _, said in operations(schema)
        for status, answer in said["responses"].items()
        if status >= "400"
    }
    assert shapes == {"ErrorShape", "ConflictShape"}


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999"])
async def test_feedback_is_no_number_that_json_lacks(client: httpx.AsyncClient, value: str) -> None:
    """422, not a defect later."""
    body = f'{{"trace_id": "tr-1", "value": {value}}}'
    answer = await client.post("/api/feedback", content=body, headers={"Content-Type": JSON})
    assert answer.status_code == 422
