"""`kindling community delete`: all that is kept of a closed community, in every service."""

import asyncio
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from kindling.commands.common import Community, DataDir, Json, open_log, tell, write_json
from kindling.deleting import (
    Stage,
    delete_files,
    erase_records,
    left_files,
    look_up,
    revoke_keys,
    rewrite_file,
    stage,
    sweep,
)
from kindling.servers import servers
from kindling.settings import Settings, load
from services.recommend.stored_tries import BeingTrained, StoredTries
from shared.clock import wall_clock
from shared.connections import Connections
from shared.dead_letters import delete_letters
from shared.events import CommunityDeleted
from shared.failures import Unprocessable, UnsafeSettings

_LOOK_SECONDS = 0.2
STAYS = (
    "Kafka keeps what was sent until its time is over, 30 days (retention.ms of its topics); where Redis or the "
    "embedded server is the log, what the services have handled goes at once.",
    "Backups hold what they held: delete them in the time that you promised.",
    "Files that you gave or asked for stay: archives, lines put aside beside them, reports; and vectors of evaluations "
    "(the file of `--vectors`), as numbers under hashes of texts.",
    "Of a KINDLING_RECOMMEND__VECTOR_FILE only the copy of the replica that had the community at last is cleaned: "
    "delete the files of other replicas and machines; what is needed again is made again.",
    "Kept are the community's id, that it is deleted, and the place up to which the log was read.",
)


@dataclass(slots=True)
class Deleted:
    """What was deleted; `letters_left` are dead letters that cannot go yet, None where it may not delete them."""

    community: str
    done: bool = False
    keys: int = 0
    stored: int = 0
    files: bool = False
    letters_left: int | None = 0
    log_erased: bool = False
    rewritten: bool = False


def delete(
    community: Community,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether this is meant.")] = False,
    wait: Annotated[
        float, typer.Option(min=0, help="How long to wait for the services to have read of it, in seconds.")
    ] = 60.0,
    json_file: Json = None,
    data_dir: DataDir = None,
) -> None:
    """Delete all that is kept of a closed community: nothing brings it back but a backup.

    The services may go on meanwhile, and have to be at work for it to be done: each deletes what it keeps when it
    comes to the record of it in the log. Interrupted, or too early for a service, it can be called again.
    """
    settings = load(data_dir=data_dir)
    console = Console(highlight=False, soft_wrap=True)
    with servers(settings) as connections:
        was = asyncio.run(look_up(connections, community))
        if not was.known:
            raise Unprocessable(f"there is no community {community}")
        if not was.closed:
            raise Unprocessable(
                f"{community} is open, or the services have not read yet that it is closed: "
                f"`kindling community close {community}` first"
            )
        if not yes:
            console.print(Text(f"All that is kept of {community} will be deleted, for good."))
            _say_what_stays(console, settings.folder)
            typer.confirm("Delete it?", abort=True)
        found = asyncio.run(_delete(settings, connections, community, was, wait))
    write_json(json_file, asdict(found))
    _show(console, found, settings.folder)
    if not found.done:
        raise typer.Exit(1)


async def _delete(settings: Settings, connections: Connections, community: str, was: Stage, wait: float) -> Deleted:
    found = Deleted(community)
    redis = connections.redis()
    try:
        # Who trains it now would put models back that were deleted.
        async with StoredTries(redis, connections.prefix).alone(community):
            found.keys = await revoke_keys(connections, redis, community)
            if not was.deleted:
                await tell(connections, _record(community))
            found.done = await _read(connections, redis, community, wait)
            if found.done:
                found.stored = await sweep(connections, redis, community)
                found.files = delete_files(settings.folder, community)
                await _clean_log(connections, redis, found)
                found.rewritten = await rewrite_file(redis)
    except BeingTrained:
        raise Unprocessable(f"the models of {community} are being trained: try again when that has ended") from None
    finally:
        await redis.aclose()
    return found


def _record(community: str) -> CommunityDeleted:
    return CommunityDeleted(
        id=f"deleted/{secrets.token_hex(8)}", source="kindling/community", at=wall_clock(), community=community
    )


async def _read(connections: Connections, redis: Any, community: str, wait: float) -> bool:
    """Wait until recommend and nudge have come to the record; False where they have not in time."""
    until = time.monotonic() + wait
    while not (await stage(connections, redis, community)).deleted:
        if time.monotonic() >= until:
            return False
        await asyncio.sleep(_LOOK_SECONDS)
    return True


async def _clean_log(connections: Connections, redis: Any, found: Deleted) -> None:
    async with open_log(connections) as log:
        found.log_erased = await erase_records(connections, redis, log, found.community)
        try:
            found.letters_left = await delete_letters(log, found.community, wall_clock())
        except UnsafeSettings:
            found.letters_left = None


def stays(data_dir: Path) -> list[str]:
    """Say what is not deleted here, and where it is."""
    left = left_files(data_dir)
    named = ", ".join(str(file) for file in left)
    old = f"Imports of an earlier version left files of which nobody can tell whose they are: {named}. Delete them."
    return [*STAYS, *([old] if left else [])]


def _say_what_stays(console: Console, data_dir: Path) -> None:
    console.print("What stays, and until when:")
    for line in stays(data_dir):
        console.print(Text(f"  - {line}"))


def _show(console: Console, found: Deleted, data_dir: Path) -> None:
    name = found.community
    if not found.done:
        console.print(
            Text(
                f"{name} is not deleted yet: its keys are, and the record of it is in the log, but recommend and nudge "
                f"have not read it. Start them (`kindling up`, or each with `kindling run`), then call this again."
            )
        )
        return
    console.print(Text(f"{name} is deleted: its state, timers and models, {found.keys} keys, its vectors and presses."))
    if found.letters_left is None:
        console.print(
            "Its dead letters stay: Kafka does not let this user delete records of their topic. Grant it DELETE there, "
            "and call this again."
        )
    elif found.letters_left:
        console.print(
            Text(
                f"{found.letters_left} of its dead letters lie behind open ones of other communities: decide about "
                "those (`kindling dead-letters list`), and call this again."
            )
        )
    _say_what_stays(console, data_dir)
