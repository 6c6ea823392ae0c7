"""How fast the backend is fed."""

from __future__ import annotations

from otel_mlflow.delivery.rate_controller import LARGEST_BATCH, LONGEST_PAUSE, RateController


def test_rate_halves_on_failure_and_doubles_on_success() -> None:
    """The batch shrinks to one record and grows back to the largest."""
    rate = RateController()
    for _ in range(10):
        rate = rate.failed()
    assert rate.batch == 1
    for _ in range(10):
        rate = rate.taken()
    assert rate == RateController(LARGEST_BATCH)


def test_rate_slows_down_when_asked_to_and_finds_its_way_back() -> None:
    """Each 429 doubles the pause up to a cap; successes shorten it until there is none."""
    rate = RateController().throttled()
    assert 0 < rate.pause < rate.throttled().pause
    assert rate.batch < LARGEST_BATCH
    for _ in range(20):
        rate = rate.throttled()
    assert rate.pause == LONGEST_PAUSE
    for _ in range(40):
        rate = rate.taken()
    assert rate.pause == 0
