"""Close a saved community by nudge's own rule, as the processing loop would: what was asked is taken back."""

from collections.abc import Mapping

from kindling.stage import working_copy
from services.nudge.handlers import Nudge
from services.nudge.settings import NudgeSettings
from shared.events import CommunityClosed
from shared.state import Documents
from shared.store import Position, Write
from shared.wire import Envelope
from shared.working import Arrival


async def close(
    event: CommunityClosed, stored: Mapping[bytes, bytes], position: Position, settings: NudgeSettings
) -> Write:
    """Give what the event changes of a state, as it was stored, and what nudge emits."""
    documents = Documents({n.decode(): body for n, body in stored.items() if body and not n.startswith(b"#")})
    copy = await working_copy(Nudge(settings), event.community, documents, position)
    arrival = Arrival(position.offset, event.community, b"", Envelope(event), None)
    copy.step(arrival, position.generation, None, None)
    write = copy.write()
    assert write is not None, "its clock has moved"
    return write
