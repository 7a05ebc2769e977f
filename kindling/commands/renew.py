"""`kindling topics drained` and `renew`: a new generation of the log, once all of the old one was read."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from kindling.commands.common import DataDir, Json, open_log, write_json
from kindling.renewing.drained import Lag, find_lags
from kindling.renewing.renew import Renewal, Renewed, told
from kindling.servers import configured, partitions, servers
from kindling.settings import load
from shared.connections import Connections
from shared.service import ServiceName


def drained(json_file: Json = None, data_dir: DataDir = None) -> None:
    """Say whether all services have read all that the log holds, and who has not (exit code 1).

    The services may be at work. Ticks of the clock do not count.
    """

    async def look(connections: Connections) -> list[Lag]:
        async with open_log(connections) as log, connections.redis() as redis:
            return await find_lags(log, {name: connections.store(redis, name) for name in ServiceName})

    with servers(load(data_dir=data_dir)) as connections:
        lags = asyncio.run(look(connections))
    write_json(json_file, {"drained": not lags, "lags": [asdict(lag) for lag in lags]})
    if lags:
        typer.echo(told(lags))
        raise typer.Exit(1)
    typer.echo("all services have read everything")


def renew(
    to: Annotated[
        str | None, typer.Option(help="Where the new log is, as KINDLING_LOG; default: where the old one is.")
    ] = None,
    count: Annotated[
        int | None,
        typer.Option("--partitions", min=1, max=1024, help="Partitions of each new topic. [KINDLING_PARTITIONS]"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether this is meant.")] = False,
    json_file: Json = None,
    data_dir: DataDir = None,
) -> None:
    """Make new topics, with other partitions or on another transport, and delete the old ones.

    KINDLING_LOG names the old log. All services must be stopped, and have read everything; `topics drained` says so.
    Interrupted, call it again in the same way.
    """
    settings = load(data_dir=data_dir)
    if to is None and count is None:
        raise typer.BadParameter("name what is to be another: --to, --partitions or both")
    if not yes:
        typer.confirm(
            "The old log, with all that it still keeps, is deleted once the new one is there. Go on?", abort=True
        )
    # Another place is held to the same rules as the setting.
    after = load(data_dir=data_dir, log=to, partitions=count)

    with servers(settings) as connections:
        new = connections if to is None else configured(after)

        async def work() -> Renewed:
            async with connections.redis() as redis:
                return await Renewal(connections, new, redis, partitions(after)).renew()

        renewed = asyncio.run(work())
    write_json(json_file, asdict(renewed))
    typer.echo(
        f"a new log of {renewed.partitions} partitions, generation {renewed.generation}; the old one is deleted. "
        f"{renewed.letters} dead letters were taken over"
    )
    changed = [f"KINDLING_LOG={to}"] if to is not None else []
    if count is not None:
        changed.append(f"KINDLING_PARTITIONS={count}")
    typer.echo(f"Set {' and '.join([*changed, 'no KINDLING_INGEST__DRAINING'])}, then start the services.")
    typer.echo("Back up again: what was saved before cannot be read on in the new log.")
