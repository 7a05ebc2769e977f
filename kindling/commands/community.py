"""`kindling community`: open a community, see how it stands, close it; its end is `community_delete.py`."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kindling.commands.arguments import valid
from kindling.commands.common import Community, DataDir, Json, tell, write_json
from kindling.commands.community_delete import delete
from kindling.commands.community_load import told_load, told_unasked, weeks_told
from kindling.commands.community_mode import approve_link, effect_link, mode
from kindling.commands.community_save import restore, save
from kindling.servers import servers
from kindling.settings import load
from services.ingest.accept import Scope
from services.ingest.keys import Keys
from services.nudge.documents import COMMUNITY, NUDGES, THE_COMMUNITY
from services.nudge.manners import manners_of, mode_of
from services.nudge.read_load import read_load
from services.nudge.read_unasked import read_unasked
from services.nudge.settings import NudgeSettings
from services.recommend.documents import MEMBERS, POSTS
from shared import limits
from shared.clock import wall_clock
from shared.connections import Connections
from shared.events import CommunityClosed, CommunityOpened, Kind, Role
from shared.failures import Unprocessable
from shared.service import ServiceName
from shared.state import Documents

SOURCE = "kindling/community"

app = typer.Typer(help="Open a community, see how it stands, close it, delete it.", no_args_is_help=True)
app.command("mode")(mode)
app.command("approve-link")(approve_link)
app.command("effect-link")(effect_link)
app.command("delete")(delete)
app.command("save")(save)
app.command("restore")(restore)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class State:
    """What the services hold of a community, in numbers; `unasked` and `load` as nudge's doors give them.

    `mode` is how far nudges go by themselves, by kind.
    """

    community: str
    known: bool
    closed: bool
    deleted: bool
    mode: dict[str, str]
    clock: str | None
    keys: int
    posts: int
    members: int
    champions: int
    leaders: int
    nudges: int
    unasked: dict[str, Any]
    load: dict[str, Any]


def _run(data_dir: DataDir, work: Callable[[Connections, NudgeSettings], Awaitable[T]]) -> T:
    settings = load(data_dir=data_dir)

    async def run() -> T:
        return await work(connections, settings.nudge)

    with servers(settings) as connections:
        return asyncio.run(run())


async def _state(connections: Connections, settings: NudgeSettings, community: str) -> State:
    async with connections.redis() as redis:
        keys = await Keys(redis, connections.prefix, wall_clock).list(community)
        ranked = await connections.store(redis, ServiceName.RECOMMEND).load(community)
        nudge = connections.store(redis, ServiceName.NUDGE)
        asked = await nudge.load(community)
        position = asked.position or ranked.position
        clock = position.clock if position is not None else None
        unasked = await read_unasked(nudge, community)
        shared = await read_load(nudge, community, clock or wall_clock(), settings)
    documents, people = Documents(asked.documents), Documents(ranked.documents)
    members = [member for member in people.table(MEMBERS).values() if member.here]
    told = documents.get(COMMUNITY, THE_COMMUNITY)
    return State(
        community=community,
        known=position is not None,
        closed=told is not None and told.closed,
        deleted=told is not None and told.deleted,
        mode={kind.value: mode_of(manners_of(documents), kind).value for kind in Kind},
        clock=clock.isoformat() if clock is not None else None,
        keys=len(keys),
        posts=sum(name.startswith(f"{POSTS.name}/") for name in ranked.documents),
        members=len(members),
        champions=sum(Role.CHAMPION in member.roles for member in members),
        leaders=sum(Role.LEADER in member.roles for member in members),
        nudges=len(documents.table(NUDGES)),
        unasked=unasked,
        load=shared,
    )


@app.command("open")
def open_(
    community: Community,
    name: Annotated[str, typer.Option(callback=valid(limits.Text), help="What people call it.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Open a community, or one that was closed, and print its first key and what comes next."""

    async def work(connections: Connections, settings: NudgeSettings) -> tuple[str | None, State]:
        now = wall_clock()
        opened = CommunityOpened(
            id=f"opened/{secrets.token_hex(8)}", source=SOURCE, at=now, community=community, name=name
        )
        await tell(connections, opened)
        async with connections.redis() as redis:
            keys = Keys(redis, connections.prefix, wall_clock)
            first = not await keys.list(community)
            key = await keys.create(community, [Scope.ACTIVITY], "the first key") if first else None
        return key, await _state(connections, settings, community)

    key, state = _run(data_dir, work)
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(f"{community} is open as soon as the services have read so."))
    if key is not None:
        console.print(Text(f"The key with which activity is sent, shown this once: {key}"))
    _show_steps(console, state)


@app.command()
def status(community: Community, json_file: Json = None, data_dir: DataDir = None) -> None:
    """Show on one screen what is there of a community, and the next step."""
    state = _run(data_dir, lambda connections, settings: _state(connections, settings, community))
    write_json(json_file, asdict(state))
    console = Console(highlight=False, soft_wrap=True)
    if not state.known:
        console.print(Text(f"Nothing of {community} has been handled yet: `kindling community open {community}`."))
        raise typer.Exit(1)
    table = Table(show_header=False)
    table.add_row("is", "deleted" if state.deleted else "closed: nobody is asked" if state.closed else "open")
    table.add_row("nudges", _told_mode(state.mode))
    table.add_row("its clock", state.clock or "not set yet")
    table.add_row("keys", str(state.keys))
    table.add_row("posts kept", str(state.posts))
    table.add_row("members", f"{state.members}, of them {state.champions} champions and {state.leaders} leaders")
    table.add_row("nudges kept", str(state.nudges))
    table.add_row("nobody to ask about", Text(told_unasked(state.unasked)))
    table.add_row(weeks_told(state.load), Text(told_load(state.load)))
    console.print(table)
    if not state.closed:
        _show_steps(console, state)


@app.command()
def close(community: Community, data_dir: DataDir = None) -> None:
    """Close a community: nothing is ranked and nobody asked; its state stays, and `open` goes on with it."""

    async def work(connections: Connections, settings: NudgeSettings) -> None:
        state = await _state(connections, settings, community)
        if not state.known:
            raise Unprocessable(f"there is no community {community}")
        closed = CommunityClosed(
            id=f"closed/{secrets.token_hex(8)}", source=SOURCE, at=wall_clock(), community=community
        )
        await tell(connections, closed)

    _run(data_dir, work)
    typer.echo(
        f"{community} is closed as soon as the services have read so. Its keys hold: `kindling keys revoke`. "
        f"To delete all that is kept of it: `kindling community delete {community}`."
    )


def _told_mode(modes: dict[str, str]) -> str:
    """Say how far nudges go by themselves: what most kinds do, and which kinds do otherwise."""
    most = max(sorted({*modes.values()}), key=[*modes.values()].count)
    others = [f"{kind}: {mode}" for kind, mode in modes.items() if mode != most]
    return "; ".join([most, *others]).replace("_", " ")


def _show_steps(console: Console, state: State) -> None:
    """Say what leads from an empty community to one that is helped, and what of it is done."""
    name = state.community
    steps = (
        (state.posts > 0, "bring in its history", f"kindling import history.jsonl.gz --community {name}"),
        (None, "see whom it would have asked", "kindling backtest history.jsonl.gz"),
        (
            state.champions + state.leaders > 0,
            "say who can be asked",
            f"kindling import … --mapping people.toml --community {name}, or RolesChanged events",
        ),
        (state.keys > 0, "have the platform send what happens", f"kindling keys create {name}"),
        (None, "look at what a dry run would ask", f"kindling community approve-link {name}"),
        (None, "have each nudge approved first", f"kindling community mode {name} approve"),
        (None, "let them go by themselves", f"kindling community mode {name} autopilot"),
        (state.nudges > 0, "see the first nudge", f"kindling link {name} MEMBER"),
    )
    console.print("The way from here:")
    for number, (done, what, how) in enumerate(steps, 1):
        sign = "done" if done else "to do" if done is not None else "at any time"
        console.print(Text(f"  {number}. {what} ({sign}): {how}"))
