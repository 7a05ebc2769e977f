"""The servers that a command works on: those of the settings, or the embedded one, running or started for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from kindling.settings import Settings
from shared.connections import Connections
from shared.embedded import EmbeddedServer, running_server
from shared.failures import UnsafeSettings

# One process owns all partitions there: a few are enough to keep communities from waiting for each other.
EMBEDDED_PARTITIONS = 4
FOLDER = "store"


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
    """Start the embedded server in the data directory, for as long as the block lasts."""
    with EmbeddedServer(settings.folder / FOLDER) as server:
        yield Connections(server.url, server.url, settings.prefix)


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
    return Connections(settings.log or settings.store, settings.store, settings.prefix)


def partitions(settings: Settings) -> int:
    """Give the number of partitions to make topics with."""
    single = settings.log is None or urlsplit(settings.log).scheme != "kafka"
    chosen = "partitions" in settings.model_fields_set
    return EMBEDDED_PARTITIONS if single and not chosen else settings.partitions
