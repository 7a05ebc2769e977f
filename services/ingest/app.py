"""Where ingest is put together: the only place here that names concrete adapters."""

from services.ingest.api import router
from services.ingest.handlers import Ingest
from services.ingest.keys import Keys
from services.ingest.limit import Limiter
from services.ingest.settings import IngestSettings
from services.ingest.tick import keep_ticking
from shared.app import ServiceApp
from shared.clock import Clock, wall_clock
from shared.connections import Connections
from shared.processing import Processor
from shared.service import ServiceName
from shared.traces import NO_TRACES, Traces


async def build(
    settings: IngestSettings,
    connections: Connections,
    clock: Clock = wall_clock,
    *,
    wait_for_upgrade: bool = True,
    traces: Traces = NO_TRACES,
) -> ServiceApp:
    """Make the service: its door, its loop (what nudge decides comes in again), and the ticks of `clock`.

    What lies ahead of `clock` is refused; keys go by the wall clock whatever it says.
    """
    redis = connections.redis()
    broker = connections.log()
    secret = settings.service_key.get_secret_value() if settings.service_key else None
    store = connections.store(redis, ServiceName.INGEST)
    keys = Keys(redis, connections.prefix, wall_clock, secret, settings.key_cache_seconds)
    limiter = Limiter(settings.events_per_minute)

    async def tick() -> None:
        await keep_ticking(broker, clock, settings.tick_seconds)

    return ServiceApp(
        name=ServiceName.INGEST,
        router=router(broker, keys, limiter, clock, settings, traces),
        log=broker,
        redis=redis,
        prefix=connections.prefix,
        processor=Processor(Ingest(), broker, store, waits_for_upgrade=wait_for_upgrade, traces=traces),
        beside=(tick,) if settings.ticks and not settings.draining else (),
        traces=traces,
    )
