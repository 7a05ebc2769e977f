from hypothesis import given
from hypothesis import strategies as st

from services.ingest.limit import Limiter


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_worth_may_come_at_once() -> None:
    """Bursts are fine up to what a minute allows; then it goes on as tokens come."""
    clock = Hand()
    limiter = Limiter(60, clock)
    for _ in range(60):
        assert limiter.wait("k") == 0
        limiter.charge("k", 1)
    assert limiter.wait("k") == 1
    assert limiter.wait("other") == 0
    clock.now = 1.0
    assert limiter.wait("k") == 0


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 500)), min_size=1, max_size=40))
def test_no_key_gets_more_than_its_rate(requests: list[tuple[float, int]]) -> None:
    """Over any time, what was let in is at most the burst, the rate and one last request; and waiting helps."""
    clock = Hand()
    limiter = Limiter(600, clock)
    let_in = largest = 0
    for pause, events in requests:
        clock.now += pause
        if (wait := limiter.wait("k")) > 0:
            clock.now += wait
        assert limiter.wait("k") <= 1e-6
        limiter.charge("k", events)
        let_in, largest = let_in + events, max(largest, events)
        assert let_in <= 600 + 10 * clock.now + largest
