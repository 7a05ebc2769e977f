import pytest

from services.ingest.handlers import Ingest
from shared.events import DECISIONS, Event
from shared.service import Moment, Service, ServiceName, TopicName
from tests.golden.examples import AT, examples


@pytest.mark.parametrize("event", examples(), ids=lambda event: type(event).__name__)
def test_exactly_decisions_come_in_again(event: Event) -> None:
    """What nudge decided re-enters unchanged, twice the same; nothing else does, so that nothing goes in circles."""
    ingest: Service[None] = Ingest()
    expected = [event] if isinstance(event, DECISIONS) else []
    for _ in range(2):
        assert list(ingest.handle(None, event, Moment(AT))) == expected


def test_ingest_stands_at_both_ends_of_the_chain() -> None:
    """It reads what nudge decided and writes the activity; its own ticks are not passed in a circle."""
    ingest = Ingest()
    assert (ingest.name, ingest.reads, ingest.writes) == (ServiceName.INGEST, TopicName.NUDGES, TopicName.ACTIVITY)
    assert not ingest.passes_ticks
