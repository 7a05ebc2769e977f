"""`kindling link`: the signed address of a member's inbox."""

from typing import Annotated

import typer

from kindling.commands.arguments import valid
from kindling.commands.common import Community, DataDir
from kindling.commands.serve import Port, at_home
from kindling.secrets import with_secrets
from kindling.settings import load
from services.nudge.links import Links
from shared.limits import Id


def link(
    community: Community,
    member: Annotated[str, typer.Argument(callback=valid(Id), help="The member's id in it.")],
    port: Port = None,
    data_dir: DataDir = None,
) -> None:
    """Print a signed link to a member's inbox. Who has it needs no login: give it to that member alone.

    It leads to KINDLING_NUDGE__PUBLIC_URL; where that is not set, to `kindling up` on this machine.
    """
    settings = with_secrets(load(data_dir=data_dir, port=port))
    address, expires = Links(at_home(settings)).make(community, member)
    typer.echo(address)
    typer.echo(f"valid until {expires.isoformat(timespec='minutes')}", err=True)
