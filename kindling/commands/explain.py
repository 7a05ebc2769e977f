"""`kindling explain`: why somebody was asked about a post, or nobody."""

from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer
from rich.console import Console

from kindling.commands.arguments import valid
from kindling.commands.common import CommunityOption, DataDir, Json, write_json
from kindling.commands.serve import Port, at_home
from kindling.explain.show import show
from kindling.secrets import is_at_home, with_key_at_work
from kindling.settings import load
from services.nudge.settings import NudgeSettings
from shared.failures import Unavailable
from shared.limits import Id


def explain(
    nudge: Annotated[str, typer.Argument(callback=valid(Id), help="The nudge's id; with --post, the id of a post.")],
    community: CommunityOption,
    post: Annotated[
        bool, typer.Option("--post", help="All decisions about a post: each ask, and why nobody was asked.")
    ] = False,
    text: Annotated[bool, typer.Option("--text", help="Show the post's title and how it begins, too.")] = False,
    json_file: Json = None,
    url: Annotated[
        str | None, typer.Option(help="Where nudge listens. Default: its public address, else `kindling up` here.")
    ] = None,
    port: Port = None,
    data_dir: DataDir = None,
) -> None:
    """Say why somebody was asked: when that was due and why, who came into question, who was barred by what, and what
    became of it. Decisions are kept as long as nudges are.

    The post is named by its id alone unless its text is asked for. What members decline is told to nobody.
    """
    loaded = load(data_dir=data_dir, port=port)
    keyed = with_key_at_work(loaded)
    settings = at_home(keyed) if is_at_home(loaded) or port is not None else keyed.nudge
    base = f"{(url or settings.public_url).rstrip('/')}/v1/communities/{quote(community, safe='')}"
    if post:
        found = _get(f"{base}/decisions", settings, {"post": nudge, "text": text})
    else:
        found = _get(f"{base}/nudges/{quote(nudge, safe='')}/decision", settings, {"text": text})
    decisions: list[dict[str, Any]] = found["decisions"] if post else [found]
    console = Console()
    for decision in decisions:
        show(console, decision)
    write_json(json_file, found)
    if not decisions:
        console.print("No decision about that post is kept: it was answered first, is unknown, or is too old.")
        raise typer.Exit(1)


def _get(address: str, settings: NudgeSettings, asked: dict[str, str | bool]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {settings.service_key.get_secret_value()}"}
    try:
        response = httpx.get(address, params=asked, headers=headers, timeout=30)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        where = address.partition("/v1/")[0]
        raise Unavailable(f"nudge does not answer at {where} ({error}): is it running? --url names it") from None
    if response.status_code == 401:
        raise Unavailable("nudge does not know this service key: set KINDLING_SERVICE_KEY, or name its data directory")
    if response.status_code == 404:
        raise Unavailable(_detail(response))
    if response.status_code != 200:
        raise Unavailable(f"nudge answers {response.status_code}: {_detail(response)}")
    found: dict[str, Any] = response.json()
    return found


def _detail(response: httpx.Response) -> str:
    """Give what the door says is wrong; what stands at the address may be something else."""
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return "this is no door of nudge; --url names where it listens"
