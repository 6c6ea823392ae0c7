"""Experiments of a workspace: found, made, lost and full."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from otel_mlflow import Settings
from otel_mlflow.backends.databricks.experiments import canonical_name
from tests.databricks.sending import NAME, settings_in
from tests.delivering import Finished, delivering, put, trace, wait_for
from tests.servers.workspace import USER, Workspace


def named(folder: Path, name: str) -> Settings:
    """Settings with another experiment."""
    return settings_in(folder).model_copy(update={"experiment_name": name})


@pytest.mark.parametrize(
    ("name", "kept_as"),
    [
        ("/Users/ada/agent", "/Users/ada/agent"),
        ("/Workspace/Users/ada/agent", "/Users/ada/agent"),
        ("agent", "/Users/ada/agent"),
        ("/Shared/agent", "/Shared/agent"),
    ],
)
def test_names_are_paths(name: str, kept_as: str) -> None:
    """Databricks keeps an experiment under one path, however it is written."""
    assert canonical_name(name, "ada") == kept_as


def test_a_name_without_a_path_is_in_shared_where_nobody_is_known() -> None:
    """There is no home folder for an unknown identity."""
    assert canonical_name("agent", "unknown") == "/Shared/agent"


def test_a_missing_folder_is_made(as_user: Workspace, tmp_path: Path) -> None:
    """With all folders above it."""
    with delivering(named(tmp_path, "/Workspace/Shared/team/agents/slides")) as delivery:
        put(delivery, 1)
        assert delivery.flush(30)
        experiment = delivery.status().experiment
    assert experiment is not None
    assert (experiment.name, len(as_user.traces.infos)) == ("/Shared/team/agents/slides", 1)
    assert experiment.url == f"{as_user.url}/ml/experiments/{experiment.id}"


def test_an_experiment_by_id(as_user: Workspace, tmp_path: Path) -> None:
    """The id alone will do."""
    experiment_id = as_user.experiments.make(NAME)
    settings = Settings(tracking_uri="databricks", experiment_id=experiment_id, delivery={"spool_dir": tmp_path})
    with delivering(settings) as delivery:
        put(delivery, 1)
        assert delivery.flush(30)
    assert len(as_user.traces.in_experiment(experiment_id)) == 1


def test_several_workers_make_it_once(as_user: Workspace, tmp_path: Path) -> None:
    """Who comes second uses what the first one made."""
    started = threading.Barrier(4)

    def work(number: int) -> None:
        with delivering(settings_in(tmp_path / str(number))) as delivery:
            started.wait()
            put(delivery, 1)
            assert delivery.flush(60)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [len(as_user.traces.in_experiment(each)) for each in as_user.experiments.by_id] == [4]


def test_no_permission_says_who_may_not_do_what(as_user: Workspace, tmp_path: Path) -> None:
    """Traces wait; with the right granted they arrive."""
    as_user.folders.forbidden.add("/Shared")
    with delivering(named(tmp_path, "/Shared/agent")) as delivery:
        put(delivery, 2)
        wait_for(delivery, lambda counts: delivery.status().state == "failed")
        assert f"{USER} may not create experiment /Shared/agent" in delivery.status().reason
        as_user.folders.forbidden.clear()
        wait_for(delivery, lambda counts: counts.delivered == 2)


def test_a_deleted_experiment_says_so(as_user: Workspace, tmp_path: Path) -> None:
    """Traces wait until it is restored."""
    with delivering(settings_in(tmp_path)) as delivery:
        put(delivery, 1)
        wait_for(delivery, lambda counts: counts.delivered == 1)
        [experiment] = as_user.experiments.by_id.values()
        experiment["lifecycle_stage"] = "deleted"
        put(delivery, 1)
        wait_for(delivery, lambda counts: delivery.status().state == "failed")
        assert "is deleted" in delivery.status().reason
        experiment["lifecycle_stage"] = "active"
        wait_for(delivery, lambda counts: counts.delivered == 2)


def test_an_experiment_that_disappears_is_found_or_made_again(as_user: Workspace, tmp_path: Path) -> None:
    """It was removed for good: the traces go to a new one of that name, whose id is told."""
    with delivering(settings_in(tmp_path)) as delivery:
        put(delivery, 1)
        wait_for(delivery, lambda counts: counts.delivered == 1)
        [experiment] = as_user.experiments.by_id.values()
        experiment.update(name="/Trash/agent", lifecycle_stage="deleted")
        put(delivery, 1)
        wait_for(delivery, lambda counts: counts.delivered == 2)
        now = delivery.status().experiment
    assert now is not None
    assert len(as_user.traces.in_experiment(now.id)) == 1


def test_each_request_may_have_an_experiment_of_its_own(as_user: Workspace, tmp_path: Path) -> None:
    """One that may not be used holds up no other."""
    as_user.folders.forbidden.add("/Users/eve")
    with delivering(settings_in(tmp_path)) as delivery:
        for user in ("bob", "eve", "carol"):
            delivery.put(Finished(trace(experiment=f"/Users/{user}/agent")))
        wait_for(delivery, lambda counts: counts.delivered == 2 and delivery.status().state == "degraded")
        assert "/Users/eve" in delivery.status().reason
        as_user.folders.forbidden.clear()
        wait_for(delivery, lambda counts: counts.delivered == 3)
    own = {each["name"]: len(as_user.traces.in_experiment(key)) for key, each in as_user.experiments.by_id.items()}
    assert own == {NAME: 0, "/Users/bob/agent": 1, "/Users/carol/agent": 1, "/Users/eve/agent": 1}
