"""Why an endpoint of model serving refused a question: which, where, as whom, and what to do."""

from __future__ import annotations

import httpx

from app.agent.errors import ModelError
from app.credentials import current_user_token
from app.secrets import masked

BUSY = (429, 503)
"""The statuses of an endpoint that may answer later."""


def refusal(endpoint: str, answer: httpx.Response) -> ModelError:
    """The error for an answer that is none."""
    return ModelError(f"the endpoint {endpoint!r} answered {answer.status_code}: {_reason(answer)}")


def _reason(answer: httpx.Response) -> str:
    """Of the endpoint's own words only those about the question: others may quote credentials."""
    status, host = answer.status_code, f"{answer.url.scheme}://{answer.url.netloc.decode()}"
    if status == 401:
        return f"{host} rejects {_whose()}."
    if status == 403:
        return f"{_whose()} may not use it at {host}. It takes the permission CAN QUERY on the endpoint."
    if status == 404:
        return f"there is none of that name at {host}. See databricks.serving_endpoint in config/app.yaml."
    if status in BUSY:
        asked = answer.headers.get("retry-after", "")
        return f"it is busy{f', and asks to wait {asked[:20]} s' if asked else ''}. Try again later."
    return _own_words(answer) if status == 400 else "it has failed. Try again later."


def _whose() -> str:
    return "your own token, as forwarded," if current_user_token() else "the app's own credential"


def _own_words(answer: httpx.Response) -> str:
    try:
        said = answer.json()
    except ValueError:
        return "it refused the question."
    told = said.get("message") or said.get("error") if isinstance(said, dict) else ""
    return masked(str(told)) or "it refused the question."
