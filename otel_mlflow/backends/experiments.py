"""Names of experiments become ids; what is missing is created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from otel_mlflow.errors import (
    CredentialsRejectedError,
    ExperimentRejectedError,
    ExperimentUnusableError,
    MisconfigurationError,
    RejectedError,
    UnexpectedResponseError,
)


@dataclass(frozen=True)
class FoundExperiment:
    """What a backend says of an experiment."""

    id: str
    name: str
    is_deleted: bool
    tags: Mapping[str, str] = field(default_factory=dict)


BY_ID = "mlflow-experiment-id:"
"""How the name begins that stands for an experiment by its id."""


def experiment_by_id(experiment_id: str) -> str:
    """What stands for an experiment's id wherever a name is expected."""
    return f"{BY_ID}{experiment_id}"


class ExperimentApi(Protocol):
    """The calls that finding an experiment takes."""

    def by_name(self, name: str) -> FoundExperiment | None:
        """The experiment of that name, None when there is none."""

    def by_id(self, experiment_id: str) -> FoundExperiment | None:
        """The experiment with that id, None when there is none."""

    def create(self, name: str) -> None:
        """Create it; return also when somebody else just did."""


class Experiments:
    """The experiments of one backend, looked up once each."""

    def __init__(self, api: ExperimentApi) -> None:
        self._api = api
        self._named_before: dict[str, FoundExperiment] = {}
        self._rejected: dict[str, ExperimentRejectedError] = {}

    def configured(self, *, experiment_id: str | None, name: str) -> FoundExperiment:
        """The experiment of the settings.

        Raises `MisconfigurationError` when it is deleted, cannot be created, or there is none with that id.
        """
        try:
            return self._named(name) if experiment_id is None else self._with_id(experiment_id)
        except RejectedError as error:
            fix = "choose another experiment_name" if experiment_id is None else "correct experiment_id"
            raise MisconfigurationError(error.reason, fix) from error

    def id_of(self, name: str) -> str:
        """The id of a request's own experiment. Raises what `named` raises."""
        return self.named(name).id

    def named(self, name: str) -> FoundExperiment:
        """A request's own experiment. What is wrong with it concerns no other request.

        Raises `ExperimentUnusableError` when it is deleted or may not be used, `ExperimentRejectedError` when the
        backend refuses the name.
        """
        if (rejected := self._rejected.get(name)) is not None:
            raise rejected
        if name not in self._named_before:
            self._named_before[name] = self._find(name)
        return self._named_before[name]

    def forget(self, name: str) -> None:
        """Look the experiment up again next time."""
        self._named_before.pop(name, None)

    def _find(self, name: str) -> FoundExperiment:
        try:
            return self._with_id(name.removeprefix(BY_ID)) if name.startswith(BY_ID) else self._named(name)
        except (CredentialsRejectedError, UnexpectedResponseError):
            raise
        except MisconfigurationError as error:
            raise ExperimentUnusableError(error.reason, error.fix) from error
        except RejectedError as error:
            self._rejected[name] = ExperimentRejectedError(error.reason, "let experiment_for return another name")
            raise self._rejected[name] from error

    def _named(self, name: str) -> FoundExperiment:
        found = self._api.by_name(name)
        if found is None:
            self._api.create(name)
            found = self._api.by_name(name)
        if found is None:
            raise MisconfigurationError(
                f"experiment {name!r} was created and cannot be found", "check the rights of these credentials"
            )
        return _usable(found)

    def _with_id(self, experiment_id: str) -> FoundExperiment:
        found = self._api.by_id(experiment_id)
        if found is None:
            raise MisconfigurationError(
                f"there is no experiment with id {experiment_id}", "correct experiment_id, or set experiment_name"
            )
        return _usable(found)


def _usable(found: FoundExperiment) -> FoundExperiment:
    if found.is_deleted:
        raise MisconfigurationError(
            f"experiment {found.name!r} (id {found.id}) is deleted",
            "restore it, or choose another experiment_name",
        )
    return found
