"""Where nudge is put together: the only place here that names concrete adapters."""

import httpx

from services.nudge.api import router
from services.nudge.ask_model import ModelOpener
from services.nudge.ask_recommend import Matchmaker
from services.nudge.count import begin, count
from services.nudge.guard import Guard
from services.nudge.handlers import Nudge
from services.nudge.links import Links
from services.nudge.opening import by_template
from services.nudge.press import Press
from services.nudge.settings import NudgeSettings
from shared.app import ServiceApp
from shared.clock import Clock, wall_clock
from shared.connections import Connections
from shared.processing import Processor
from shared.service import ServiceName
from shared.traces import NO_TRACES, Traces


async def build(
    settings: NudgeSettings,
    connections: Connections,
    clock: Clock = wall_clock,
    *,
    wait_for_upgrade: bool = True,
    traces: Traces = NO_TRACES,
) -> ServiceApp:
    """Make the service: its loop, the inboxes, and the way of what people press to ingest.

    `clock` says when something is pressed; a community whose time is not the wall's (the demo's) brings its own.
    Links are valid by the wall clock always.
    """
    begin()
    redis = connections.redis()
    broker = connections.log()
    store = connections.store(redis, ServiceName.NUDGE)
    http = httpx.AsyncClient()
    press, guard = Press(http, settings, clock, traces), Guard(redis, connections.prefix, settings)
    opener = ModelOpener(http, settings) if settings.opening_url else by_template
    processor = Processor(
        Nudge(settings), broker, store, count=count, waits_for_upgrade=wait_for_upgrade, traces=traces
    )
    doors = router(store, press, guard, Links(settings), settings, opener, Matchmaker(http, settings))
    return ServiceApp(
        name=ServiceName.NUDGE,
        router=doors,
        log=broker,
        redis=redis,
        prefix=connections.prefix,
        processor=processor,
        close=http.aclose,
        traces=traces,
    )
