"""A service at work: its doors, its loop and what runs beside them; started and stopped as one."""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from fastapi_offline import FastAPIOffline

from shared import health, problems
from shared.failures import UnsafeSettings
from shared.log import Log
from shared.patience import Stopping
from shared.processing import Processor
from shared.redis_store import check_durable
from shared.renewing import refuse_renewing
from shared.service import ServiceName
from shared.traces import NO_TRACES, Traces

log = logging.getLogger(__name__)

# From the signal to the end of all services. Orchestrators kill after ten seconds mostly, and the embedded server
# and the interpreter end after this.
STOP_SECONDS = 6.5
# Of these, how long requests under way may take, and then a service's batches.
DOORS_SECONDS = 2
LOOP_SECONDS = 3.0


@dataclass
class ServiceApp:
    """What `build` of a service's `app.py` makes. `beside` are tasks that run as long as the service does.

    `make_ready` makes what must be there before the log is opened; called until nothing of it is unavailable.
    """

    name: ServiceName
    router: APIRouter
    log: Log
    redis: Any
    prefix: str
    processor: Processor[Any]
    beside: Sequence[Callable[[], Awaitable[None]]] = ()
    close: Callable[[], Awaitable[None]] | None = None
    make_ready: Callable[[], Awaitable[None]] | None = None
    traces: Traces = NO_TRACES
    _tasks: list[asyncio.Future[None]] = field(default_factory=list)

    def end(self) -> None:
        """Ask the service to stop: `run` returns, and with it `serve`."""
        if not self.processor.failure.done():
            self.processor.failure.set_result(None)

    async def run(self) -> None:
        """Wait for the servers, start, and stay until cancelled; a fault of the loop is raised."""
        patience = self.processor.patience
        with suppress(Stopping):
            await patience("store", lambda: check_durable(self.redis))
            await patience("store", self._refuse_renewing)
            if self.make_ready is not None:
                await patience("log", self.make_ready)
            await patience("log", self.log.start)
            # A renewal marks first and then looks who is at work: so one of the two sees the other.
            await patience("store", self._refuse_renewing)
            self._tasks = [asyncio.ensure_future(work()) for work in self.beside]
            for task in self._tasks:
                task.add_done_callback(self._ended)
            log.info("%s is at work", self.name.value)
            await self.processor.failure

    async def _refuse_renewing(self) -> None:
        await refuse_renewing(self.redis, self.prefix)

    def _ended(self, task: asyncio.Future[None]) -> None:
        # What runs beside the loop runs as long as it; without ticks, say, nothing would ever be due.
        if not task.cancelled() and (error := task.exception()) is not None:
            self.processor.failed(error)

    async def stop(self) -> None:
        """End what runs, within seconds; what was begun and is not durable is read again."""
        for task in self._tasks:
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOP_SECONDS):
                await self.processor.stop()
                if self._tasks:
                    await asyncio.wait(self._tasks)
        await self.log.stop()
        if self.close is not None:
            await self.close()
        await self.redis.aclose()
        await self.traces.close()


class _Server(uvicorn.Server):
    """Leaves signals to `serve`: uvicorn would raise them again before the services have stopped."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def end(self) -> None:
        self.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    """Take the address before anything else starts.

    Raises:
        UnsafeSettings: it is taken, or not this machine's.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UnsafeSettings(f"cannot listen on {host}:{port} ({error.strerror}): choose another one") from None


def doors(apps: Sequence[ServiceApp]) -> FastAPI:
    """Put the services' routes together, with their health, and /docs that describes them."""
    # FastAPI's own page loads its scripts from elsewhere: offline it is blank, and online others learn who reads it.
    # Its own telemetry would tell of addresses, which name members: what is told is in shared/traces.py alone.
    silent: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
    http = FastAPIOffline(
        title="Kindling", redoc_url=None, swagger_ui_parameters={"validatorUrl": None}, telemetry=silent
    )
    problems.install(http)
    http.include_router(health.router([app.processor.status for app in apps]))
    for app in apps:
        http.include_router(app.router)
    return http


def collect_rarely() -> None:
    """Have garbage collected less often: looking through millions of small objects that stay stops everything."""
    gc.set_threshold(100_000, 50, 1000)


async def serve(apps: Sequence[ServiceApp], host: str, port: int) -> None:
    """Serve one or several services on one address until SIGTERM or SIGINT.

    The doors answer before the servers are there: health then says what is waited for.
    """
    collect_rarely()
    config = uvicorn.Config(
        doors(apps),
        host,
        port,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=DOORS_SECONDS,
        access_log=False,
    )
    server = _Server(config)
    listening = _listen(host, port)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.end)
    running = [asyncio.create_task(app.run()) for app in apps]
    for task in running:
        task.add_done_callback(lambda _: server.end())
    try:
        await server.serve(sockets=[listening])
    finally:
        failed = [task for task in running if task.done() and not task.cancelled() and task.exception()]
        await _stop(apps, running, STOP_SECONDS - DOORS_SECONDS)
    for task in failed:
        task.result()


async def _stop(apps: Sequence[ServiceApp], running: Sequence[asyncio.Task[None]], seconds: float) -> None:
    """Stop all services at once; a server that hangs must not keep the process longer than `seconds`."""
    for task in running:
        task.cancel()
    await asyncio.wait(running, timeout=1)
    stops = {asyncio.create_task(app.stop()): app for app in apps}
    ended, late = await asyncio.wait(stops, timeout=seconds - 1)
    for task in late:
        log.warning("%s did not stop in time; nothing is lost", stops[task].name.value)
    for task in ended:
        task.result()
