"""The demo's services: those of `kindling up`, whose doors live in the demo's time instead of the wall's."""

from kindling.commands.serve import build, traces_of
from kindling.settings import Settings
from services.ingest import app as ingest
from services.nudge import app as nudge
from shared.app import ServiceApp
from shared.clock import Clock
from shared.connections import Connections
from shared.service import ServiceName


async def build_services(settings: Settings, connections: Connections, clock: Clock) -> list[ServiceApp]:
    """Put all services together; what is pressed happens at `clock`, and the front door goes by it, too."""
    ingest_traces, nudge_traces = (
        traces_of(name, settings, connections) for name in (ServiceName.INGEST, ServiceName.NUDGE)
    )
    return [
        await ingest.build(settings.ingest, connections, clock, traces=ingest_traces),
        await build(ServiceName.RECOMMEND, settings, connections),
        await nudge.build(settings.nudge, connections, clock, traces=nudge_traces),
    ]
