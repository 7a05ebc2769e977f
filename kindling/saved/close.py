"""Close a saved community by nudge's own rule, as the processing loop would: what was asked is taken back."""

from collections.abc import Mapping

from services.nudge.handlers import Nudge
from services.nudge.settings import NudgeSettings
from shared.events import CommunityClosed
from shared.state import Documents
from shared.store import Position, Write
from shared.wire import Envelope
from shared.working import Arrival, Working


async def close(
    event: CommunityClosed, stored: Mapping[bytes, bytes], position: Position, settings: NudgeSettings
) -> Write:
    """Give what the event changes of a state, as it was stored, and what nudge emits."""
    documents = Documents({n.decode(): body for n, body in stored.items() if body and not n.startswith(b"#")})
    service = Nudge(settings)
    state = await service.open(event.community, documents)
    copy = Working(service, event.community, documents, state, b"", position, sequenced=True)
    arrival = Arrival(position.offset, event.community, b"", Envelope(event), None)
    copy.step(arrival, position.generation, None, None)
    write = copy.write()
    assert write is not None, "its clock has moved"
    return write
