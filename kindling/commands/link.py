"""`kindling link`: the signed address of a member's inbox."""

from pathlib import Path
from typing import Annotated

import typer

from kindling.commands.arguments import valid
from kindling.commands.common import Community, DataDir
from kindling.commands.serve import Port, at_home
from kindling.secrets import is_at_home, of_nudge_at_work
from kindling.settings import load
from services.nudge.links import Links, Place
from shared.limits import Id


def link(
    community: Community,
    member: Annotated[str, typer.Argument(callback=valid(Id), help="The member's id in it.")],
    port: Port = None,
    data_dir: DataDir = None,
) -> None:
    """Print a signed link to a member's inbox. Who has it needs no login: give it to that member alone.

    It leads to KINDLING_NUDGE__PUBLIC_URL; where that is not set, to `kindling up` on this machine, or with a store of
    your own (KINDLING_STORE) to where nudge listens by itself.
    """
    print_link(Place.INBOX, community, member, port, data_dir)


def print_link(place: Place, community: str, member: str, port: int | None, data_dir: Path | None) -> None:
    """Print the address of a page, and until when it opens.

    Raises:
        UnsafeSettings: the secret with which nudge reads it is not here.
    """
    settings = load(data_dir=data_dir, port=port)
    here = is_at_home(settings) or port is not None
    signing = of_nudge_at_work(settings)
    address, expires = Links(at_home(signing) if here else signing.nudge, place=place).make(community, member)
    typer.echo(address)
    typer.echo(f"valid until {expires.isoformat(timespec='minutes')}", err=True)
