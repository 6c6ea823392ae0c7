"""Bodies that were packed."""

from __future__ import annotations

import gzip
import zlib

import pytest

from otel_mlflow.content.inflate import Body, inflate


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
