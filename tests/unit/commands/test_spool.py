"""`otel-mlflow status` and `otel-mlflow spool`: what a person sees of the spool and does about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from otel_mlflow.commands.cli import main
from otel_mlflow.delivery import Delivery
from otel_mlflow.delivery.destinations import destination_key
from otel_mlflow.delivery.records import TraceRecord
from otel_mlflow.delivery.spool import Spool
from otel_mlflow.delivery.spool_admin import SpoolAdmin
from otel_mlflow.feedback import log_feedback
from tests.delivering import EXPERIMENT, Finished, assert_adds_up, settings_for, trace
from tests.servers.process import until
from tests.servers.scripted import Fault, ScriptedMlflow


@dataclass
class Shell:
    """A command line in the environment of an app whose process has ended."""

    folder: Path
    scripted: ScriptedMlflow

    def run(self, *arguments: str, answers: str = "", code: int = 0, **environment: str) -> Result:
        """Run `otel-mlflow`; check its exit code."""
        settings = {
            "OTEL_MLFLOW_DELIVERY__SPOOL_DIR": str(self.folder),
            "OTEL_MLFLOW_TRACKING_URI": self.scripted.url,
            "OTEL_MLFLOW_EXPERIMENT_NAME": EXPERIMENT,
        }
        result = CliRunner().invoke(main, arguments, env={**settings, **environment}, input=answers)
        assert result.exit_code == code, result.output
        return result

    def json(self, *arguments: str, code: int = 0, **environment: str) -> Any:
        """What it says with `--json`: nothing else is on standard output."""
        return json.loads(self.run(*arguments, "--json", code=code, **environment).stdout)

    def spool(self, *records: TraceRecord, uri: str | None = None) -> list[str]:
        """Leave traces in the spool."""
        delivery = Delivery(settings_for(self.folder, uri or self.scripted.url))
        for record in records:
            delivery.put(Finished(record))
        delivery.write_down()
        return [record.trace_id for record in records]

    def quarantine(self, trace_id: str, reason: str) -> None:
        """Put a trace into quarantine, as the forwarder does when the backend refuses it."""
        destination = destination_key(settings_for(self.folder, self.scripted.url))
        with closing(SpoolAdmin(self.folder)) as spool_admin:
            (record,) = [kept.id for kept in spool_admin.records() if kept.trace_id == trace_id]
            spool = Spool(spool_admin.path, owner="the test", destination=destination, max_bytes=10**9)
        spool.quarantine({record: reason})
        spool.file.close()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A command line and a backend."""
    with ScriptedMlflow() as scripted:
        yield Shell(tmp_path, scripted)


@pytest.mark.parametrize("command", [["spool", "list"], ["spool", "export", "-"], ["spool", "purge"]])
def test_without_a_spool_it_says_so(shell: Shell, command: list[str]) -> None:
    """Where nothing was ever traced, the message names the folder and the setting."""
    result = shell.run(*command, code=1)
    assert str(shell.folder) in result.stderr
    assert "delivery.spool_dir" in result.stderr


def test_list_names_what_waits_and_what_was_refused(shell: Shell) -> None:
    """Each record with its age, its size and the backend's reason; each destination with its sums."""
    waiting, refused = shell.spool(trace(), trace())
    shell.quarantine(refused, "it is [bad]")
    listed = shell.json("spool", "list")
    (destination,) = listed["destinations"]
    assert (destination["pending"], destination["quarantined"]) == (1, 1)
    assert EXPERIMENT in destination["destination"]
    assert {each["trace_id"]: each["reason"] for each in listed["records"]} == {waiting: None, refused: "it is [bad]"}
    shown = shell.run("spool", "list", COLUMNS="250").stdout
    for word in (waiting, refused, "it is [bad]", "a person", "delivery"):
        assert word in shown


def test_list_can_be_narrowed(shell: Shell) -> None:
    """Only what was refused, only so many."""
    ids = shell.spool(*(trace() for _ in range(5)))
    shell.quarantine(ids[3], "bad")
    assert [each["trace_id"] for each in shell.json("spool", "list", "--quarantined")["records"]] == [ids[3]]
    assert [each["trace_id"] for each in shell.json("spool", "list", "--limit", "2")["records"]] == ids[:2]


def test_status_of_an_app_that_does_not_run(shell: Shell) -> None:
    """The counters add up, and it says that nobody delivers what waits, and what to do."""
    shell.spool(trace(), trace())
    found = shell.json("status")
    assert (found["state"], found["counts"]["pending"], found["processes"]) == ("degraded", 2, 0)
    assert "no process delivers" in found["reason"]
    assert "spool retry" in found["fix"]
    assert "pending" in shell.run("status").stdout


def test_status_of_an_app_that_runs(shell: Shell) -> None:
    """What its process says of itself, without any secret; exit code 1 once a person has to mend something."""
    shell.scripted.authorization = "Bearer right"
    delivery = Delivery(settings_for(shell.folder, shell.scripted.url))
    delivery.start()
    try:
        delivery.put(Finished())
        delivery.flush(timeout=1.0)
        _wait_until_failed(shell)
        found = shell.json("status", code=1)
    finally:
        delivery.shutdown(timeout=0)
    assert (found["state"], found["processes"], found["counts"]["pending"]) == ("failed", 1, 1)
    assert "401" in found["reason"]


def _wait_until_failed(shell: Shell) -> None:
    def look() -> bool:
        with closing(SpoolAdmin(shell.folder)) as spool_admin:
            (waiting,) = spool_admin.backlogs()
            return any(word["state"] == "failed" for word in spool_admin.process_statuses(waiting.destination))

    until(look, seconds=30, waiting_for=lambda: "the process's word")


def test_retry_delivers_what_waits_and_what_was_refused(shell: Shell) -> None:
    """Everything arrives, and on a terminal the progress of it is on standard error."""
    ids = shell.spool(*(trace() for _ in range(30)))
    shell.quarantine(ids[0], "it was bad")
    result = shell.run("spool", "retry", "--json", FORCE_COLOR="1")
    answer = json.loads(result.stdout)
    assert (answer["requeued"], answer["counts"]["delivered"], answer["reason"]) == (1, 30, "")
    assert "delivering" in result.stderr
    assert shell.scripted.traces == set(ids)


def test_retry_of_one_trace_leaves_the_others_in_quarantine(shell: Shell) -> None:
    """The traces that are named, and no other."""
    first, second = shell.spool(trace(), trace())
    for trace_id in (first, second):
        shell.quarantine(trace_id, "bad")
    answer = shell.json("spool", "retry", first, code=1)
    assert (answer["requeued"], answer["counts"]["delivered"], answer["counts"]["quarantined"]) == (1, 1, 1)
    assert shell.scripted.traces == {first}


def test_retry_says_why_it_cannot(shell: Shell) -> None:
    """Rejected credentials end it at once; what waits goes on waiting."""
    shell.spool(trace())
    shell.scripted.authorization = "Bearer right"
    answer = shell.json("spool", "retry", code=1)
    assert "401" in answer["reason"]
    assert answer["counts"]["pending"] == 1


def test_retry_can_take_over_what_waits_for_a_mistyped_address(shell: Shell) -> None:
    """`--from` gives another destination's traces to the one that is configured, counters and all."""
    ids = shell.spool(trace(), trace(), uri="http://127.0.0.1:1")
    shell.spool(trace())
    mistyped = next(
        each["destination"]
        for each in shell.json("spool", "list")["destinations"]
        if "127.0.0.1:1 " in each["destination"]
    )
    answer = shell.json("spool", "retry", "--from", mistyped)
    assert answer["counts"]["delivered"] == answer["counts"]["requests"] == 3
    assert set(ids) <= shell.scripted.traces


def test_an_unknown_destination_is_wrong_usage(shell: Shell) -> None:
    """The message lists those that there are."""
    shell.spool(trace())
    result = shell.run("spool", "retry", "--destination", "elsewhere", code=2)
    assert EXPERIMENT in result.stderr


@pytest.mark.parametrize("command", [("retry",), ("purge", "--yes")])
def test_a_trace_that_is_not_in_the_spool_is_wrong_usage(shell: Shell, command: tuple[str, ...]) -> None:
    """A mistyped id is named, and nothing is done about the others."""
    (known,) = shell.spool(trace())
    shell.quarantine(known, "bad")
    result = shell.run("spool", *command, known, "tr-mistyped", code=2)
    assert "no record of tr-mistyped" in " ".join(result.stderr.split())
    assert shell.json("spool", "list")["records"][0]["quarantined"]


def test_export_writes_what_collectors_read(shell: Shell) -> None:
    """A line of OTLP JSON for each record, with ids in hexadecimal, and nothing leaves the spool."""
    (trace_id,) = shell.spool(trace(experiment="theirs"))
    delivery = Delivery(settings_for(shell.folder, shell.scripted.url))
    log_feedback(trace_id, "helpful", True)
    delivery.write_down()
    result = shell.run("spool", "export", "-", FORCE_COLOR="1")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    spans = lines[0]["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert {span["traceId"] for span in spans} == {trace_id.removeprefix("tr-")}
    assert len(spans[0]["spanId"]) == 16
    assert lines[0]["otelMlflow"]["experiment"] == "theirs"
    assert lines[0]["otelMlflow"]["info"]["state"] == "OK"
    assert lines[1]["otelMlflow"]["info"]["assessment"]["assessment_name"] == "helpful"
    assert "2 records exported" in result.stderr
    assert "exporting" in result.stderr
    assert shell.json("status")["counts"]["pending"] == 1


def test_export_of_what_was_refused(shell: Shell, tmp_path: Path) -> None:
    """Only that, with the reason; the count alone is on standard output."""
    ids = shell.spool(trace(), trace())
    shell.quarantine(ids[1], "bad")
    file = tmp_path / "refused.jsonl"
    assert shell.json("spool", "export", "--quarantined", str(file)) == {"exported": 1}
    (line,) = map(json.loads, file.read_text().splitlines())
    assert (line["otelMlflow"]["traceId"], line["otelMlflow"]["reason"]) == (ids[1], "bad")


def test_purge_asks_first(shell: Shell) -> None:
    """Without a yes nothing is deleted."""
    (trace_id,) = shell.spool(trace())
    shell.quarantine(trace_id, "bad")
    shell.run("spool", "purge", answers="n\n", code=1)
    assert shell.json("status")["counts"]["quarantined"] == 1
    shell.run("spool", "purge", answers="y\n")
    assert shell.json("status")["counts"]["quarantined"] == 0


def test_purge_counts_what_it_deletes_as_dropped(shell: Shell) -> None:
    """What was refused goes; what waits goes only with `--all`."""
    waiting, refused = shell.spool(trace(), trace())
    shell.quarantine(refused, "bad")
    assert shell.json("spool", "purge", "--yes") == {"purged": 1}
    counts = shell.json("status")["counts"]
    assert (counts["dropped"], counts["pending"]) == (1, 1)
    assert shell.json("spool", "purge", "--yes", "--all", waiting) == {"purged": 1}
    counts = shell.json("status")["counts"]
    assert (counts["dropped"], counts["pending"], counts["traced"]) == (2, 0, 2)


def test_a_backend_that_is_down_makes_retry_give_up(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without progress for a while it ends, says why, and what waits is still there."""
    monkeypatch.setattr("otel_mlflow.commands.draining.PATIENCE", 1.0)
    shell.spool(trace())
    shell.scripted.fault = Fault(503)
    answer = shell.json("spool", "retry", code=1)
    assert "503" in answer["reason"]
    with closing(SpoolAdmin(shell.folder)) as spool_admin:
        (waiting,) = spool_admin.backlogs()
        assert_adds_up(spool_admin.counts(waiting.destination))
    assert waiting.pending == 1
