"""`kindling dead-letters`: look at what could not be processed, and decide about it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.text import Text

from kindling.commands.common import DataDir, Json, open_log, write_json
from kindling.servers import servers
from kindling.settings import load
from shared.clock import wall_clock
from shared.dead_letters import DeadLetter, decide, open_letters, reason_of, replay_letter
from shared.failures import Unprocessable
from shared.log import Log

app = typer.Typer(help="Inspect, replay or drop records that could not be processed.", no_args_is_help=True)
T = TypeVar("T")
# How many were replayed, and which were not, with the reason.
Replayed = tuple[int, list[tuple[DeadLetter, str]]]

Ids = Annotated[list[str], typer.Argument(metavar="ID…", help="Letters as listed; `all` is every one.")]


def _with_log(data_dir: DataDir, work: Callable[[Log], Awaitable[T]]) -> T:
    settings = load(data_dir=data_dir)

    async def run() -> T:
        async with open_log(connections) as log:
            return await work(log)

    with servers(settings) as connections:
        return asyncio.run(run())


@app.command("list")
def list_(json_file: Json = None, data_dir: DataDir = None) -> None:
    """List the letters about which nothing was decided, oldest first; not their bodies, which people wrote."""
    letters = _with_log(data_dir, open_letters)
    write_json(json_file, [x.model_dump(mode="json", exclude={"entry", "body"}) for x in letters])
    if not letters:
        Console().print("no dead letters")
        return
    for x in letters:
        show_letter(x)


def show_letter(x: DeadLetter) -> None:
    """Print a letter on lines of its own: an id is copied, and a reason read, whole."""
    # Text: what letters hold is data, in which brackets mean nothing.
    console = Console(highlight=False)
    console.print(Text(x.id, "bold"), soft_wrap=True)
    where = f"{x.service} of {x.community or 'nobody'}" + (f" at {x.frame}" if x.frame else "")
    tries = "1 attempt" if x.attempts == 1 else f"{x.attempts} attempts"
    console.print(Text(f"  {x.died.isoformat(timespec='seconds')}  {x.cause}, {tries}: {where}"), soft_wrap=True)
    console.print(Text(f"  {x.reason}", "yellow"), soft_wrap=True)


@app.command()
def show(letter: str, data_dir: DataDir = None) -> None:
    """Print one letter whole: its body holds what people wrote."""
    found = _chosen(_with_log(data_dir, open_letters), [letter], several=False)
    typer.echo(found[0].model_dump_json(indent=2))


@app.command()
def replay(
    letters: Ids,
    body: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Send this corrected event instead."),
    ] = None,
    json_file: Json = None,
    data_dir: DataDir = None,
) -> None:
    """Send letters in again at the head of the log; who knows their event already passes it on unchanged."""

    async def again(log: Log) -> Replayed:
        chosen = _chosen(await open_letters(log), letters)
        if body is not None and len(chosen) != 1:
            raise typer.BadParameter("--body corrects one letter: name one", param_hint="--body")
        return await _replay(log, chosen, body.read_bytes() if body else None)

    count, refused = _with_log(data_dir, again)
    typer.echo(f"{count} replayed")
    write_json(json_file, {"replayed": count, "refused": {letter.id: reason for letter, reason in refused}})
    for letter, reason in refused:
        typer.echo(f"{letter.id} cannot be replayed: {reason}", err=True)
    if refused:
        raise typer.Exit(1)


async def _replay(log: Log, letters: Sequence[DeadLetter], body: bytes | None) -> Replayed:
    """Replay letters one by one, each decided about before the next: what was sent in is not sent in again."""
    refused = []
    for letter in letters:
        try:
            await replay_letter(log, letter, body, wall_clock())
        except Unprocessable as error:
            refused.append((letter, reason_of(error)))
        else:
            await decide(log, [letter], "replayed", wall_clock())
    return len(letters) - len(refused), refused


@app.command()
def drop(letters: Ids, json_file: Json = None, data_dir: DataDir = None) -> None:
    """Decide that letters are not worth processing; they stay in the log, and are listed no more."""

    async def forget(log: Log) -> int:
        chosen = _chosen(await open_letters(log), letters)
        await decide(log, chosen, "dropped", wall_clock())
        return len(chosen)

    dropped = _with_log(data_dir, forget)
    typer.echo(f"{dropped} dropped")
    write_json(json_file, {"dropped": dropped})


def _chosen(letters: list[DeadLetter], ids: list[str], *, several: bool = True) -> list[DeadLetter]:
    if several and ids == ["all"]:
        return letters
    by_id = {letter.id: letter for letter in letters}
    if unknown := [x for x in ids if x not in by_id]:
        raise typer.BadParameter(f"no open letter is {', '.join(unknown)}; `kindling dead-letters list` has them")
    return [by_id[x] for x in ids]
