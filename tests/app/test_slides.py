"""The deck over the routes: every change, everything that is refused, and that a refusal changes nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.anyio
SLIDE = '<div class="slide" id="mine"><h2>Mine</h2><canvas id="c"></canvas></div>'


@pytest.fixture
async def of(client: httpx.AsyncClient) -> dict[str, str]:
    """The query of a session with a deck of five slides."""
    answer = (await client.post("/api/chat", json={"message": "revenue by region in 2024"})).json()
    return {"session_id": answer["session_id"]}


def names(answer: httpx.Response) -> list[str]:
    """The slides' ids, which stay with them; places are counted anew."""
    slides = answer.raise_for_status().json()["slides"]
    assert [slide["index"] for slide in slides] == list(range(len(slides)))
    assert answer.json()["slide_count"] == len(slides)
    return [slide["slide_id"] for slide in slides]


async def test_slides_are_put_into_another_order(client: httpx.AsyncClient, of: dict[str, str]) -> None:
    """The new order holds, and is kept."""
    before = names(await client.get("/api/slides", params=of))
    wanted = [before[place] for place in (4, 0, 3, 1, 2)]
    assert names(await client.put("/api/slides/reorder", params=of, json={"new_order": [4, 0, 3, 1, 2]})) == wanted
    assert names(await client.get("/api/slides", params=of)) == wanted


async def test_a_slide_is_edited(client: httpx.AsyncClient, of: dict[str, str]) -> None:
    """Its HTML is the new one, its id and the others stay as they were."""
    before = names(await client.get("/api/slides", params=of))
    answer = await client.patch("/api/slides/1", params=of, json={"html": SLIDE})
    assert names(answer) == before
    assert "<h2>Mine</h2>" in answer.json()["slides"][1]["html"]


async def test_a_slide_is_duplicated_behind_itself(client: httpx.AsyncClient, of: dict[str, str]) -> None:
    """With a name of its own."""
    before = names(await client.get("/api/slides", params=of))
    after = names(await client.post("/api/slides/2/duplicate", params=of))
    assert after == [*before[:3], f"{before[2]}-copy", *before[3:]]


async def test_a_slide_is_deleted(client: httpx.AsyncClient, of: dict[str, str]) -> None:
    """The others close up."""
    before = names(await client.get("/api/slides", params=of))
    assert names(await client.delete("/api/slides/0", params=of)) == before[1:]


async def test_the_export_is_the_whole_document(client: httpx.AsyncClient, of: dict[str, str]) -> None:
    """As a file to save, named by its title; opened from here it is no page of ours."""
    answer = await client.get("/api/slides/export", params={**of, "format": "html"})
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="north-leads-with-36-of-revenue-in-2024.html"'
    )
    assert answer.headers["Content-Security-Policy"] == "sandbox allow-scripts"
    assert answer.text.startswith("<!DOCTYPE html>")
    assert answer.text.count('class="slide"') == 5


async def test_a_frame_shows_one_slide_and_reaches_nothing(client: httpx.AsyncClient, of: dict[str, str]) -> None:
    """One slide with the deck's styles, in a document that may draw, and nothing else."""
    answer = await client.get("/api/slides/1/frame", params=of)
    assert answer.text.count('class="slide"') == 1
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts; script-src 'unsafe-inline'; default-src 'none'")
    assert "connect-src" not in policy


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("PUT", "reorder", {"new_order": [0, 1, 2, 3]}, 422, "expected each of 0 to 4 once"),
        ("PUT", "reorder", {"new_order": [0, 1, 2, 3, 3]}, 422, "expected each of 0 to 4 once"),
        ("PUT", "reorder", {"new_order": [1, 2, 3, 4, 5]}, 422, "expected each of 0 to 4 once"),
        ("PUT", "reorder", {"new_order": "backwards"}, 422, "new_order: Input should be a valid list"),
        ("PUT", "reorder", "{", 422, "body: JSON decode error"),
        ("PATCH", "0", {"html": "<p>no slide</p>"}, 422, "html is not a slide: there is no element of class 'slide'"),
        ("PATCH", "0", {"html": SLIDE + SLIDE}, 422, "html holds 2 slides; expected one"),
        ("PATCH", "0", {"html": ""}, 422, "html: String should have at least 1 character"),
        ("PATCH", "5", {"html": SLIDE}, 404, "There is no slide 5: the deck has 5"),
        ("PATCH", "first", {"html": SLIDE}, 422, "place: Input should be a valid integer"),
        ("POST", "5/duplicate", None, 404, "There is no slide 5"),
        ("POST", "-1/duplicate", None, 404, "There is no slide -1"),
        ("DELETE", "5", None, 404, "There is no slide 5"),
        ("GET", "5/frame", None, 404, "There is no slide 5"),
        ("GET", "export?format=pptx", None, 422, "format: Input should be 'html'"),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, of: dict[str, str], method: str, path: str, body: Any, status: int, said: str
) -> None:
    """The status, a sentence that names what was wrong, and the deck as it was."""
    before = (await client.get("/api/slides", params=of)).json()
    sent: dict[str, Any] = {"content": body} if isinstance(body, str) else {"json": body}
    separator = "&" if "?" in path else "?"
    address = f"/api/slides/{path}{separator}session_id={of['session_id']}"
    answer = await client.request(method, address, headers={"Content-Type": "application/json"}, **sent)
    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert set(answer.json()) == {"detail", "request_id", "trace_id"}
    assert (await client.get("/api/slides", params=of)).json() == before


async def test_the_only_slide_stays(client: httpx.AsyncClient, of: dict[str, str]) -> None:
    """A deck without slides would be none."""
    for _ in range(4):
        await client.delete("/api/slides/0", params=of)
    answer = await client.delete("/api/slides/0", params=of)
    assert (answer.status_code, "at least one" in answer.json()["detail"]) == (422, True)
    assert len(names(await client.get("/api/slides", params=of))) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "/export"), ("GET", "/0/frame"), ("DELETE", "/0"), ("POST", "/0/duplicate")],
)
async def test_without_a_deck_there_are_no_slides(client: httpx.AsyncClient, method: str, path: str) -> None:
    """404, and what to do."""
    made = (await client.post("/api/sessions")).json()
    answer = await client.request(method, f"/api/slides{path}", params={"session_id": made["session_id"]})
    assert (answer.status_code, answer.json()["detail"]) == (404, "This session has no deck yet. Ask for one first.")


async def test_slides_want_a_session(client: httpx.AsyncClient) -> None:
    """Without the query parameter there is nothing to show."""
    answer = await client.get("/api/slides")
    assert (answer.status_code, answer.json()["detail"]) == (422, "session_id: Field required")
