"""Starting Kafka's clients so that one that is given up meanwhile leaves nothing open."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

# What has not started by then, after its owner has gone, hangs: it is cut off.
GRACE_SECONDS = 2.0


async def start(client: Callable[[], Awaitable[object]]) -> None:
    """Run a client's `start`; who is cancelled in it waits until it may be stopped.

    aiokafka loses sight of its first connection when it is cancelled between opening it and reading the
    cluster's metadata over it: nobody closes it then.
    """
    starting = asyncio.ensure_future(client())
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait([starting], timeout=GRACE_SECONDS)
        starting.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await starting
        raise
