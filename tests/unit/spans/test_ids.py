"""Ids that no seed and no fork can make repeat."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest

from otel_mlflow.spans.ids import UniqueIdGenerator, new_trace_id


def test_seeding_random_does_not_repeat_ids() -> None:
    """Notebooks and tests seed the module `random`, from which OpenTelemetry takes its ids."""
    ids = set()
    for _ in range(2):
        random.seed(1)
        ids |= {new_trace_id(), UniqueIdGenerator().generate_trace_id(), UniqueIdGenerator().generate_span_id()}
    assert len(ids) == 6


def test_ids_are_of_the_size_that_opentelemetry_has_for_them() -> None:
    """And never zero, which means none."""
    generator = UniqueIdGenerator()
    assert all(0 < generator.generate_trace_id() < 2**128 for _ in range(1000))
    assert all(0 < generator.generate_span_id() < 2**64 for _ in range(1000))


def test_samplers_are_told_that_ids_are_random() -> None:
    """W3C Trace Context level 2: consistent sampling relies on it."""
    assert UniqueIdGenerator().is_trace_id_random() is True


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_makes_ids_of_its_own() -> None:
    """Gunicorn with preload forks after the first ids were made."""
    program = (
        "import os\n"
        "from otel_mlflow.spans.ids import new_trace_id\n"
        "new_trace_id()\n"
        "child = os.fork()\n"
        "os.write(1, b'%d\\n' % new_trace_id())\n"
        "if child: os.waitpid(child, 0)\n"
        "else: os._exit(0)\n"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert len(set(printed.split())) == 2
