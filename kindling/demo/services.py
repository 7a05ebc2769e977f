"""The demo's services: those of `kindling up`, whose doors live in the demo's time instead of the wall's."""

from dataclasses import replace

from kindling.commands.serve import build
from kindling.settings import Settings
from services.ingest import app as ingest
from services.ingest.api import router
from services.ingest.keys import Keys
from services.ingest.limit import Limiter
from services.nudge import app as nudge
from shared.app import ServiceApp
from shared.clock import Clock, wall_clock
from shared.connections import Connections
from shared.service import ServiceName


async def build_services(settings: Settings, connections: Connections, clock: Clock) -> list[ServiceApp]:
    """Put all services together; what is pressed happens at `clock`, and the front door goes by it, too."""
    return [
        await _ingest(settings, connections, clock),
        await build(ServiceName.RECOMMEND, settings, connections),
        await nudge.build(settings.nudge, connections, clock),
    ]


async def _ingest(settings: Settings, connections: Connections, clock: Clock) -> ServiceApp:
    """Make an ingest to which "five minutes ahead" means ahead of the demo; keys go by the wall clock, as ever."""
    made = await ingest.build(settings.ingest, connections)
    secret = settings.ingest.service_key
    keys = Keys(
        made.redis,
        connections.prefix,
        wall_clock,
        secret.get_secret_value() if secret else None,
        settings.ingest.key_cache_seconds,
    )
    limiter = Limiter(settings.ingest.events_per_minute)
    return replace(made, router=router(made.log, keys, limiter, clock, settings.ingest))
