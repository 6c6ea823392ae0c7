"""What follows a trace that the backend has: attachments of its spans, prompts, tags and runs from other processes.

MLflow's own client does it, which knows where each backend keeps them. It has no deadline, so it is given one.
"""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Callable
from typing import Any

from otel_mlflow.backends.calls import call_with_timeout
from otel_mlflow.backends.response import error_for_status
from otel_mlflow.delivery.destinations.request_runs import RequestRun, end_open_runs, make_run, write_run
from otel_mlflow.delivery.destinations.store_runs import StoreRuns
from otel_mlflow.delivery.records import SpooledFeedback
from otel_mlflow.errors import RejectedError, RetryableError, TraceNotFoundError
from otel_mlflow.integrations import INTEGRATIONS

SECONDS = 30.0
"""That a follow-up may take, an upload of some megabytes included."""


def attachment(attachment_id: str, content_type: str, content: bytes) -> bytes:
    """The payload that uploads an attachment."""
    encoded = base64.b64encode(content).decode()
    return json.dumps({"attachment": {"id": attachment_id, "content_type": content_type, "content": encoded}}).encode()


def prompt_links(prompts: list[dict[str, str]]) -> bytes:
    """The payload that links prompts, each by its `name` and `version`."""
    return json.dumps({"prompts": prompts}).encode()


def tags(tags: dict[str, str]) -> bytes:
    """The payload that sets tags."""
    return json.dumps({"tags": tags}).encode()


def deleted_tags(keys: list[str]) -> bytes:
    """The payload that deletes tags, where they are there."""
    return json.dumps({"deleted_tags": keys}).encode()


def joined_request(request: str, info: dict[str, Any]) -> bytes:
    """The payload that makes the run of a `request` (`trace/span`) in its caller's trace, and ends those left open."""
    payload = {"joined_request": {"request": request, "info": info}}
    return json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace")


def is_follow_up(feedback: SpooledFeedback) -> bool:
    """Whether it is one of these, and no assessment."""
    return feedback.payload.startswith(_BEGINNINGS)


def send_follow_up(feedback: SpooledFeedback, tracking_uri: str) -> None:
    """Send it by MLflow's client for `tracking_uri`. Raises what a destination raises."""
    from mlflow.exceptions import MlflowException

    try:
        call_with_timeout(functools.partial(_send, feedback, tracking_uri), SECONDS)
    except TimeoutError:
        raise RetryableError(
            f"MLflow has not taken what follows trace {feedback.trace_id} in {SECONDS:.0f} s"
        ) from None
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            raise TraceNotFoundError(f"MLflow does not know trace {feedback.trace_id}") from error
        status: int = error.get_http_status_code()  # type: ignore[no-untyped-call]
        raise error_for_status(status, f"MLflow says: {error.message}") from error


def _send(feedback: SpooledFeedback, tracking_uri: str) -> None:
    from mlflow.tracing.client import TracingClient

    client: Any = TracingClient(tracking_uri)
    for kind, what in json.loads(feedback.payload).items():
        _SENDERS[kind](client, feedback.trace_id, what)


def _upload(client: Any, trace_id: str, what: dict[str, str]) -> None:
    if (left_out := INTEGRATIONS.missing("mlflow_attachments")) is not None:
        raise RejectedError(left_out.reason)
    repository = client._get_artifact_repo_for_trace(client.store.get_trace_info(trace_id))
    repository.upload_attachment(what["id"], base64.b64decode(what["content"]))


def _link(client: Any, trace_id: str, what: list[dict[str, str]]) -> None:
    from mlflow.entities import model_registry

    prompt_version: Any = model_registry.PromptVersion
    prompts = [prompt_version(each["name"], int(each["version"]), "") for each in what]
    link: Callable[..., None] | None = getattr(client.store, "link_prompts_to_trace", None)
    if link is not None:
        link(trace_id, prompts)


def _set_tags(client: Any, trace_id: str, what: dict[str, str]) -> None:
    """Not by the client's own function: while the trace is open in this process, that one sets them there only."""
    from mlflow.utils.mlflow_tags import IMMUTABLE_TAGS

    for key in what.keys() - IMMUTABLE_TAGS:
        client.store.set_trace_tag(trace_id, key, what[key])


def _delete_tags(client: Any, trace_id: str, what: list[str]) -> None:
    for key in client.store.get_trace_info(trace_id).tags.keys() & what:
        client.store.delete_trace_tag(trace_id, key)


def _write_runs(client: Any, trace_id: str, what: dict[str, Any]) -> None:
    runs, request, info = StoreRuns(client.store), what["request"], what["info"]
    end_open_runs(runs, info)
    if "run" not in info:
        return
    experiment_id = client.store.get_trace_info(trace_id).experiment_id
    if experiment_id is None:
        raise RejectedError(f"trace {trace_id} is in no experiment, so that the run of {request} can be in none")
    run = RequestRun.from_info(info, request)
    run_id = make_run(runs, experiment_id, run, earlier=runs.find(experiment_id, request))
    write_run(runs, run_id, run)
    client.store.link_traces_to_run([trace_id], run_id)


_SENDERS: dict[str, Callable[[Any, str, Any], None]] = {
    "attachment": _upload,
    "prompts": _link,
    "tags": _set_tags,
    "deleted_tags": _delete_tags,
    "joined_request": _write_runs,
}

_BEGINNINGS = tuple(f'{{"{kind}"'.encode() for kind in _SENDERS)
