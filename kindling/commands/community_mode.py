"""`kindling community mode`, `approve-link` and `effect-link`: how far nudges go by themselves, who says whether they
may go, and what they bring.
"""

import asyncio
import secrets
from typing import Annotated

import typer

from kindling.commands.arguments import valid_or_none
from kindling.commands.common import Community, DataDir, tell
from kindling.commands.link import print_link
from kindling.commands.serve import Port
from kindling.deleting import stage
from kindling.servers import servers
from kindling.settings import load
from services.ingest.keys import Keys
from services.nudge.links import Place
from services.nudge.manners import ASKS_CONSENT, mode_setting
from shared.clock import wall_clock
from shared.connections import Connections
from shared.events import Kind, Mode, SettingsChanged
from shared.failures import Unprocessable
from shared.limits import Id

_SAID = {
    Mode.DRY_RUN: "what would be asked is shown to operators, and nobody is asked",
    Mode.APPROVE: "nobody is asked before it was approved: kindling community approve-link {}",
    Mode.AUTOPILOT: "people are asked without anybody approving it",
}


def mode(
    community: Community,
    mode: Annotated[Mode, typer.Argument(help="dry_run, approve or autopilot.")],
    kind: Annotated[Kind | None, typer.Option(help="Nudges of this kind alone. Default: of all kinds.")] = None,
    consent: Annotated[
        bool | None,
        typer.Option(
            "--ask-consent/--consent-given",
            help="Whether people have to hear of it before they are first asked, members to agree.",
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Set how far nudges go by themselves. The later word holds, for a kind or for all.

    Begin with `dry_run`, see what would be asked at `kindling community approve-link`, go on to `approve`, and once
    hardly anything is refused, to `autopilot`.
    """
    settings: dict[str, str | bool | int | float] = {mode_setting(kind): mode.value}
    if consent is not None:
        settings[ASKS_CONSENT] = "true" if consent else "false"
    with servers(load(data_dir=data_dir)) as connections:
        event = SettingsChanged(
            id=f"settings/{secrets.token_hex(8)}", source="kindling/community", at=wall_clock(), community=community,
            settings=settings,
        )  # fmt: skip
        asyncio.run(_tell(connections, event))
    typer.echo(f"{community}, {kind.value if kind else 'all kinds'}: {_SAID[mode].format(community)}")


async def _tell(connections: Connections, event: SettingsChanged) -> None:
    """Say so to a community that there is: who stops nudges in a hurry must not be told that a misspelt one is."""
    async with connections.redis() as redis:
        known = (await stage(connections, redis, event.community)).known
        # Its first key is there before anything was read of it.
        if not known and not await Keys(redis, connections.prefix, wall_clock).list(event.community):
            raise Unprocessable(f"there is no community {event.community}: nothing was set")
    await tell(connections, event)


def approve_link(
    community: Community,
    member: Annotated[
        str | None,
        typer.Option(callback=valid_or_none(Id), help="A member who approves what they can read. Default: operators."),
    ] = None,
    port: Port = None,
    data_dir: DataDir = None,
) -> None:
    """Print a signed link to the page on which nudges are approved. Who has it needs no login."""
    print_link(Place.APPROVE, community, member or "", port, data_dir)


def effect_link(community: Community, port: Port = None, data_dir: DataDir = None) -> None:
    """Print a signed link to the page that shows operators what asking adds. Who has it needs no login."""
    print_link(Place.EFFECT, community, "", port, data_dir)
