"""A process of its own that runs the counting service's loop: `python -m tests.prove.process '{"log_url": …}'`.

SIGTERM ends it as it would end a service; with a `step` it kills or freezes itself at that step's `count`-th time.
"""

import asyncio
import json
import logging
import signal
import sys
from dataclasses import asdict, dataclass
from typing import cast

from shared.log import Log
from shared.store import Store
from tests.loop.counting import Counting
from tests.loop.harness import Place, running
from tests.prove.crashing import CrashingLog, CrashingStore, Fuse, Step


@dataclass(frozen=True)
class Order:
    """What a process is told: where it works, and at which step it is struck, if at any, by which signal."""

    log_url: str
    redis_url: str
    prefix: str
    step: str = ""
    count: int = 0
    published: int = 0
    sign: str = "SIGKILL"
    session_timeout_ms: int = 6000

    def to_argument(self) -> str:
        return json.dumps(asdict(self))


async def work(order: Order) -> None:
    """Run until SIGTERM; a fault of the loop ends the process with its traceback."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    place = Place(order.log_url, order.redis_url, order.prefix, order.session_timeout_ms)

    def wrap_log(log: Log) -> Log:
        return cast("Log", CrashingLog(log, fuse, order.published)) if fuse else log

    def wrap_store(store: Store) -> Store:
        return cast("Store", CrashingStore(store, fuse)) if fuse else store

    fuse = Fuse(Step(order.step), order.count, signal.Signals[order.sign]) if order.step else None
    async with running(place, Counting(), wrap_log=wrap_log, wrap_store=wrap_store) as run:
        run.processor.failure.add_done_callback(lambda _: stop.set())
        await stop.wait()
        if run.processor.failure.done():
            run.processor.failure.result()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    asyncio.run(work(Order(**json.loads(sys.argv[1]))))
