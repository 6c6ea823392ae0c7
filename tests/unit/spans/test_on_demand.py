"""What is made when somebody asks for it."""

from __future__ import annotations

from otel_mlflow.spans.on_demand import OnDemand


class Holder:
    """Has something on demand."""

    made = 0
    numbers: OnDemand[list[int]] = OnDemand(lambda holder: holder.make())

    def make(self) -> list[int]:
        """Another each time."""
        self.made += 1
        return []


def test_it_is_made_once_and_kept() -> None:
    """For each holder, and not before somebody asks."""
    holder, other = Holder(), Holder()
    assert "numbers" not in vars(holder)
    holder.numbers.append(1)
    assert holder.numbers == [1]
    assert (holder.made, other.numbers) == (1, [])


def test_whoever_asks_meanwhile_gets_the_same() -> None:
    """Two threads may find that there is none: what is kept first is what both have."""

    class Interrupted(Holder):
        def make(self) -> list[int]:
            if self.made == 0:
                self.made += 1
                self.numbers.append(7)
            return super().make()

    holder = Interrupted()
    assert holder.numbers == [7]
