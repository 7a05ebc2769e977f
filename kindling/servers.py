"""The servers that a command works on: those of the settings, or the embedded one, running or started for it."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from kindling.settings import Settings
from shared.connections import Connections
from shared.embedded import EmbeddedServer, EmbeddedServerError, running_server
from shared.failures import UnsafeSettings

# One process owns all partitions there: a few are enough to keep communities from waiting for each other.
EMBEDDED_PARTITIONS = 4
FOLDER = "store"
LOOK_SECONDS = 0.5
LONGEST_PAUSE = 30.0

log = logging.getLogger(__name__)


@contextmanager
def servers(settings: Settings) -> Iterator[Connections]:
    """Give the connections of a tool; the embedded server is shared with `kindling up` where that is running."""
    if settings.store is not None:
        yield configured(settings)
        return
    running = running_server(settings.folder / FOLDER)
    if running is not None:
        yield Connections(running.url, running.url, settings.prefix)
        return
    with embedded(settings) as connections:
        yield connections


@contextmanager
def embedded(settings: Settings) -> Iterator[Connections]:
    """Run the embedded server in the data directory, for as long as the block lasts; one that dies is started again."""
    with EmbeddedServer(settings.folder / FOLDER) as server, _kept_alive(server):
        yield Connections(server.url, server.url, settings.prefix)


@contextmanager
def _kept_alive(server: EmbeddedServer) -> Iterator[None]:
    ending = threading.Event()
    keeper = threading.Thread(target=_keep_alive, args=(server, ending), name="embedded server", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ending.set()
        keeper.join(2 * LOOK_SECONDS)
        while keeper.is_alive():
            server.kill()  # it is being started again, and reads its data
            keeper.join(LOOK_SECONDS)


def _keep_alive(server: EmbeddedServer, ending: threading.Event) -> None:
    """Start the server again whenever it has died; who uses it waits, as for any server that is away."""
    pause = LOOK_SECONDS
    while not ending.wait(pause):
        if server.is_alive():
            pause = LOOK_SECONDS
            continue
        log.error("the embedded server has died; starting it again")
        try:
            server.revive()
        except (EmbeddedServerError, OSError) as error:
            pause = min(2 * pause, LONGEST_PAUSE)
            log.error("%s Trying again in %.0f seconds.", error, pause)  # noqa: TRY400 - the sentence says it all
        else:
            log.warning("the embedded server is back")


def configured(settings: Settings) -> Connections:
    """Give the connections that the settings name.

    Raises:
        UnsafeSettings: they name none.
    """
    if settings.store is None:
        raise UnsafeSettings(
            "KINDLING_STORE is not set: separate services need a Redis and a log (KINDLING_LOG). "
            "Without servers, `kindling up` runs all services in one process"
        )
    log_url = settings.log or settings.store
    return Connections(log_url, settings.store, settings.prefix, settings.kafka, settings.store_password)


def partitions(settings: Settings) -> int:
    """Give the number of partitions to make topics with."""
    single = settings.log is None or urlsplit(settings.log).scheme != "kafka"
    chosen = "partitions" in settings.model_fields_set
    return EMBEDDED_PARTITIONS if single and not chosen else settings.partitions
