"""Log records that say in which MLflow trace they were written: `record.trace_id`, for any formatter.

A filter of `logging` holds for one logger or one handler. `instrument()` therefore runs this one where every record is
made, so that it holds for all loggers and handlers, those that are set up later too. A record factory would do that as
well, but `logging` lets nobody say `extra={"trace_id": …}` where a factory has given the record one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from typing_extensions import override

from otel_mlflow.request import current_trace

ATTRIBUTE = "trace_id"

_logger_class: Any = logging.Logger


class TraceIdFilter(logging.Filter):
    """Gives each record the MLflow id of the trace it was written in as `trace_id`, `""` outside of any.

    For handlers whose format names `%(trace_id)s` and that may run without `instrument()`; it lets everything through.
    """

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, ATTRIBUTE):
            setattr(record, ATTRIBUTE, current_trace().id)
        return True


class _RecordMaker:
    """In place of `logging.Logger.makeRecord`, while at least one owner wants it."""

    def __init__(self) -> None:
        self._filter = TraceIdFilter()
        self._owners: list[object] = []
        self._before: Callable[..., logging.LogRecord] | None = None

    def install(self, owner: object) -> None:
        self._owners.append(owner)
        if self._before is None:
            self._before = before = _logger_class.makeRecord

            def make_record(logger: logging.Logger, *args: Any, **kwargs: Any) -> logging.LogRecord:
                record: logging.LogRecord = before(logger, *args, **kwargs)
                if self._owners:
                    self._filter.filter(record)
                return record

            _logger_class.makeRecord = self._ours = make_record

    def uninstall(self, owner: object) -> None:
        self._owners = [other for other in self._owners if other is not owner]
        # Where somebody else has put theirs round ours meanwhile, ours stays and does nothing.
        if not self._owners and self._before is not None and _logger_class.makeRecord is self._ours:
            _logger_class.makeRecord = self._before
            self._before = None


_MAKER = _RecordMaker()
install = _MAKER.install
uninstall = _MAKER.uninstall
