"""`kindling topics accept-gap`: the way on for a community that waits for a record which will never come."""

import asyncio
from typing import Annotated, Any, Final

import typer

from kindling.commands.common import Community, DataDir, open_log
from kindling.servers import servers
from kindling.settings import load
from services.ingest.handlers import Ingest
from services.nudge.handlers import Nudge
from services.nudge.settings import NudgeSettings
from shared.accepting import Gap, find_gaps, go_on_without, refuse_what_comes
from shared.connections import Connections
from shared.service import Service, ServiceName

# Who reads numbered records, and who writes them; recommend reads activity, which has many writers and no numbers.
READERS: Final[dict[ServiceName, tuple[Service[Any], ServiceName]]] = {
    ServiceName.NUDGE: (Nudge(NudgeSettings()), ServiceName.RECOMMEND),
    ServiceName.INGEST: (Ingest(), ServiceName.NUDGE),
}


def accept_gap(
    community: Community,
    service: Annotated[ServiceName, typer.Option(help="Which service stands still: nudge or ingest.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Let a community go on without records that are lost: the last resort, where `kindling doctor` names it.

    What the missing records said never reaches the service. It notices within seconds, running or not.
    """
    if service not in READERS:
        raise typer.BadParameter("recommend reads no numbered records: it never waits", param_hint="--service")
    with servers(load(data_dir=data_dir)) as connections:
        asyncio.run(_accept(connections, community, service, yes))


async def _accept(connections: Connections, community: str, name: ServiceName, yes: bool) -> None:
    service, writer = READERS[name]
    async with connections.redis() as redis, open_log(connections) as log:
        store = connections.store(redis, name)
        gaps = await find_gaps(log, store, service, community)
        if not gaps:
            typer.echo(f"{name.value} misses no record of {community}")
            return
        (gap,) = gaps
        refuse_what_comes(gap, (await connections.store(redis, writer).load(community)).outbox)
        typer.echo(_said(gap, service))
        if not yes:
            typer.confirm("Go on without?", abort=True)
        if not await go_on_without(log, store, gap):
            typer.echo(f"{name.value} has written meanwhile; nothing was done: look again", err=True)
            raise typer.Exit(1)
        typer.echo(f"{community} goes on at record {gap.last + 1}")


def _said(gap: Gap, service: Service[Any]) -> str:
    which = f"record {gap.first}" if gap.first == gap.last else f"records {gap.first} to {gap.last}"
    return f"{which} of {gap.community} in {service.reads.value} will never reach {service.name.value}"
