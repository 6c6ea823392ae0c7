"""A body that streams by."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_mlflow.content import Body, BodyCollector
from otel_mlflow.content.collect import inflate


def collected(chunks: list[bytes], limit: int) -> Body:
    """Let chunks pass a collector."""
    collector = BodyCollector(limit)
    for chunk in chunks:
        collector.add(chunk)
    return collector.body()


@given(st.lists(st.binary(max_size=40)), st.integers(1, 100))
def test_the_beginning_is_kept_and_the_whole_is_counted(chunks: list[bytes], limit: int) -> None:
    """However the body is cut into chunks."""
    whole = b"".join(chunks)
    body = collected(chunks, limit)
    assert body == Body(whole[:limit], len(whole), limit)
    assert body.is_cut == (len(whole) > limit)


def test_large_body_takes_no_memory() -> None:
    """50 MB pass, and no more than the limit stays."""
    chunk = bytes(1_000_000)
    tracemalloc.start()
    try:
        body = collected([chunk] * 50, 65_536)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert body.total == 50_000_000
    assert peak < 300_000


def test_whole_chunks_are_not_copied() -> None:
    """The bytes that the server handed over are the bytes that are kept."""
    chunk = bytes(1000)
    assert collected([chunk], 65_536).kept is chunk


def test_buffer_that_is_written_again_is_copied() -> None:
    """What a sender does with its own buffer later does not change what was seen."""
    buffer = bytearray(b"first")
    collector = BodyCollector(100)
    collector.add(buffer)
    buffer[:] = b"later"
    assert collector.body().kept == b"first"


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"hello" * 100)),
        ("x-gzip", gzip.compress(b"hello" * 100)),
        ("deflate", zlib.compress(b"hello" * 100)),
        ("deflate", zlib.compress(b"hello" * 100)[2:-4]),
    ],
    ids=["gzip", "x-gzip", "deflate", "deflate without header"],  # gzip writes the time into what it packs
)
def test_inflated(encoding: str, packed: bytes) -> None:
    """Both readings of "deflate" are understood, with zlib's header and without."""
    assert inflate(Body(packed, len(packed), 1000), encoding) == Body(b"hello" * 100, 500, 1000)


def test_inflated_no_further_than_the_limit() -> None:
    """A small body that unpacks to a huge one does not get to."""
    packed = gzip.compress(bytes(10_000_000))
    assert inflate(Body(packed, len(packed), 1000), "gzip") == Body(bytes(1000), None, 1000)


def test_inflated_as_far_as_it_was_kept() -> None:
    """Of a packed body that was cut, the beginning can still be read."""
    packed = gzip.compress(bytes(range(256)) * 4)
    inflated = inflate(Body(packed[:200], len(packed), 10_000), "gzip")
    assert inflated is not None
    assert inflated.total is None
    assert bytes(range(256)).startswith(inflated.kept[:100])


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip"])
def test_not_inflated(encoding: str) -> None:
    """What Python cannot unpack, or what is not what it says, stays packed."""
    assert inflate(Body(b"neither", 7, 100), encoding) is None
