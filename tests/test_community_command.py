"""`kindling community`, as it is typed, with the services at work."""

import json
import re
from contextlib import aclosing as closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from kindling.commands.common import open_log
from kindling.servers import servers
from kindling.settings import load
from services.ingest.accept import FIRST_YEAR
from services.nudge.documents import MANNERS, THE_COMMUNITY
from shared.events import CommunityEvent, CommunityOpened, Mode, PostPublished
from shared.service import ServiceName, TopicName
from shared.wire import Envelope, decode, encode
from tests.archives import write
from tests.loop.harness import until
from tests.test_commands import kindling, ready, up


async def test_a_community_is_opened_seen_closed_and_opened_again(tmp_path: Path) -> None:
    """Opening gives the first key once; status shows what there is; closing is heard by nudge, and can be undone."""
    told = tmp_path / "status.json"

    def state(name: str = "garden") -> dict[str, Any]:
        kindling(tmp_path, "community", "status", name, "--json", str(told))
        found: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
        return found

    with up(tmp_path) as address:
        await until(lambda: ready(address), 120)
        assert "kindling community open garden" in kindling(tmp_path, "community", "status", "garden", code=1)
        assert "there is no community" in kindling(tmp_path, "community", "close", "garden", code=2)
        assert "there is no community gardn" in kindling(tmp_path, "community", "mode", "gardn", "dry_run", code=2)
        shown = kindling(tmp_path, "community", "open", "garden", "--name", "The garden")
        assert re.search(r"shown this once: kndl_", shown)
        assert "1. bring in its history (to do)" in shown
        kindling(tmp_path, "import", str(write(tmp_path / "garden.jsonl", 40)), "--community", "garden")

        async def imported() -> bool:
            return bool(state()["posts"] == 40)

        await until(imported, 120)
        shown = kindling(tmp_path, "community", "status", "garden")
        assert "1. bring in its history (done)" in shown
        assert "nobody to ask about" in shown
        assert state()["unasked"] == {"open": 0, "since": None, "why": {}, "people_barred": {}, "unasked": []}
        assert "asked in 4 weeks" in shown
        assert re.search(r"nudges\W+dry run", shown)
        assert state()["mode"]["reply"] == "dry_run"
        kindling(tmp_path, "community", "close", "garden")

        async def closed() -> bool:
            return state()["closed"] is True

        await until(closed, 60)
        assert "closed: nobody is asked" in kindling(tmp_path, "community", "status", "garden")
        assert "shown this once" not in kindling(tmp_path, "community", "open", "garden")

        async def open_again() -> bool:
            return state()["closed"] is False

        await until(open_again, 60)
        assert state()["keys"] == 1


async def test_a_platform_that_sends_before_anything_else_finds_a_dry_run(tmp_path: Path) -> None:
    """Who is sent nothing yet has no way around it: the first key opens the community, and no second one does."""
    with up(tmp_path) as address:
        await until(lambda: ready(address), 120)
        said = kindling(tmp_path, "keys", "create", "early")
        assert "early is new and begins with a dry run" in said
        (key,) = [line for line in said.splitlines() if line.startswith("kndl_")]
        now = datetime.now(UTC)
        sent = PostPublished(
            id="post/1", source="forum", at=now, community="early", message="1", channel="help", author="ada", text="?"
        )
        async with httpx.AsyncClient(base_url=address) as http:
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents+json"}
            answer = await http.post(
                "/v1/communities/early/activities", content=encode(Envelope(sent)), headers=headers
            )
            assert answer.status_code == 202

        async def known() -> bool:
            status = tmp_path / "status.json"
            kindling(tmp_path, "community", "status", "early", "--json", str(status))
            return bool(json.loads(status.read_text())["posts"] == 1)

        await until(known, 120)
        assert "dry run" not in kindling(tmp_path, "keys", "create", "early")
        with servers(load(data_dir=tmp_path)) as connections:
            async with open_log(connections) as log, closing(connections.redis()) as redis:
                events = [decode(record.body).event async for record in log.scan(TopicName.ACTIVITY)]
                manners = await connections.store(redis, ServiceName.NUDGE).get("early", MANNERS, THE_COMMUNITY)
        first, *others = [event for event in events if isinstance(event, CommunityEvent)]
        # Older than whatever else is said of how it was opened, so that all of that holds over it.
        assert (type(first), first.community, first.at.year) == (CommunityOpened, "early", FIRST_YEAR)
        assert not [event for event in others if isinstance(event, CommunityOpened)]
        assert manners is not None
        assert (manners.mode, manners.asks_consent) == (Mode.DRY_RUN, True)
