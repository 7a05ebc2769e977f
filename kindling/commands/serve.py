"""`kindling up` and `kindling run`: the services at work."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console

from kindling.commands.common import DataDir, log_to_stderr
from kindling.secrets import with_given_key, with_secrets
from kindling.servers import configured, embedded, partitions
from kindling.settings import Settings, load
from services.nudge.settings import NudgeSettings
from shared.app import ServiceApp
from shared.app import serve as serve_apps
from shared.connections import Connections
from shared.embedded import free_port
from shared.failures import UnsafeSettings
from shared.service import ServiceName
from shared.traces import NO_TRACES, Traces

log = logging.getLogger(__name__)

Port = Annotated[int | None, typer.Option(help="Port to listen on (0: any free one).", min=0, max=65535)]
Host = Annotated[str | None, typer.Option(help="Address to listen on; 0.0.0.0 opens the doors to the world.")]


def up(data_dir: DataDir = None, port: Port = None, host: Host = None) -> None:
    """Run everything in one process, on the embedded server unless settings name others."""
    settings = with_secrets(load(data_dir=data_dir, port=port, host=host))
    # Known before anything starts: the services call each other, and links lead here.
    settings = settings.model_copy(update={"port": settings.port or free_port()})
    settings = settings.model_copy(update={"nudge": at_home(settings)})
    log_to_stderr(settings)
    if settings.store is not None:
        asyncio.run(_serve(settings, configured(settings), list(ServiceName), settings.port))
        return
    with embedded(settings) as connections:
        asyncio.run(_serve(settings, connections, list(ServiceName), settings.port))


def at_home(settings: Settings) -> NudgeSettings:
    """Point nudge at the other services of this process, where nothing else is set."""
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104 - compared, not listened on
    here = f"http://{host}:{settings.port}"
    given = settings.nudge.model_fields_set
    addresses = ("ingest_url", "recommend_url", "public_url")
    return settings.nudge.model_copy(update={name: here for name in addresses if name not in given})


def run(
    service: Annotated[ServiceName, typer.Argument(help="Which service this process is.")],
    port: Port = None,
    host: Host = None,
) -> None:
    """Run one service of a distributed installation, on the servers that the settings name."""
    settings = load(host=host)
    log_to_stderr(settings)
    if not settings.service_key:
        raise UnsafeSettings("KINDLING_SERVICE_KEY is not set: the services must share one, of 32 characters or more")
    if service is ServiceName.NUDGE and not settings.nudge.link_secret.get_secret_value():
        raise UnsafeSettings("KINDLING_NUDGE__LINK_SECRET is not set: it signs the links to inboxes (32 characters)")
    default = {
        ServiceName.INGEST: settings.ingest_port,
        ServiceName.RECOMMEND: settings.recommend_port,
        ServiceName.NUDGE: settings.nudge_port,
    }[service]
    number = default if port is None else port
    asyncio.run(
        _serve(with_given_key(settings, settings.service_key), configured(settings), [service], number or free_port())
    )


async def _serve(settings: Settings, connections: Connections, names: Sequence[ServiceName], port: int) -> None:
    apps = [await build(name, settings, connections) for name in names]
    if len(apps) > 1:
        make = _once(lambda: make_topics(settings, connections))
        apps = [replace(app, make_ready=make) for app in apps]
    Console(stderr=True).print(
        f"Kindling ({', '.join(names)}) listens on [bold]http://{settings.host}:{port}[/bold]; its doors are described "
        f"at /docs, /health/ready says whether it is at work. Ctrl-C stops it.",
        highlight=False,
    )
    await serve_apps(apps, settings.host, port)


def _once(work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Have one of several who ask at the same time do it, and do it again only where it failed."""
    lock, done = asyncio.Lock(), asyncio.Event()

    async def ask() -> None:
        async with lock:
            if not done.is_set():
                await work()
                done.set()

    return ask


async def make_topics(settings: Settings, connections: Connections) -> None:
    """Make the topics where they are missing: with one process there is nobody else to do it."""
    async with connections.closing_log() as broker:
        await broker.create(partitions(settings))


async def build(name: ServiceName, settings: Settings, connections: Connections) -> ServiceApp:
    """Put one service together; only what it is made of is loaded, for its image has no more than that."""
    traces, waits = traces_of(name, settings, connections), settings.wait_for_upgrade
    if name is ServiceName.INGEST:
        from services.ingest import app as ingest  # noqa: PLC0415  # its packages alone

        return await ingest.build(settings.ingest, connections, wait_for_upgrade=waits, traces=traces)
    if name is ServiceName.NUDGE:
        from services.nudge import app as nudge  # noqa: PLC0415  # its packages alone

        return await nudge.build(settings.nudge, connections, wait_for_upgrade=waits, traces=traces)
    return await _build_recommend(settings, connections, traces)


def traces_of(name: ServiceName, settings: Settings, connections: Connections) -> Traces:
    """Open the traces of a service; what sends them is loaded only where there is somewhere to send them to."""
    if settings.traces.endpoint is None:
        return NO_TRACES
    from shared.trace_sending import open_traces  # noqa: PLC0415  # a tenth of a second, for what is mostly off

    return open_traces(settings.traces, name, connections.log_url)


async def _build_recommend(settings: Settings, connections: Connections, traces: Traces) -> ServiceApp:
    from kindling.retrain import Retraining  # noqa: PLC0415  # needs numpy
    from services.recommend import app as recommend  # noqa: PLC0415  # its packages alone

    app = await recommend.build(settings, settings.recommend, connections, traces=traces)
    if not settings.recommend.train_every_hours:
        return app
    every = timedelta(hours=settings.recommend.train_every_hours)
    return replace(app, beside=(*app.beside, Retraining(every, connections, app.redis, app.log).run))
