"""`kindling community`, as it is typed, with the services at work."""

import json
import re
from pathlib import Path

from tests.archives import write
from tests.loop.harness import until
from tests.test_commands import kindling, ready, up


async def test_a_community_is_opened_seen_closed_and_opened_again(tmp_path: Path) -> None:
    """Opening gives the first key once; status shows what there is; closing is heard by nudge, and can be undone."""
    told = tmp_path / "status.json"

    def state(name: str = "garden") -> dict[str, object]:
        kindling(tmp_path, "community", "status", name, "--json", str(told))
        found: dict[str, object] = json.loads(told.read_text(encoding="utf-8"))
        return found

    with up(tmp_path) as address:
        await until(lambda: ready(address), 120)
        assert "kindling community open garden" in kindling(tmp_path, "community", "status", "garden", code=1)
        assert "there is no community" in kindling(tmp_path, "community", "close", "garden", code=2)
        shown = kindling(tmp_path, "community", "open", "garden", "--name", "The garden")
        assert re.search(r"shown this once: kndl_", shown)
        assert "1. bring in its history (to do)" in shown
        kindling(tmp_path, "import", str(write(tmp_path / "garden.jsonl", 40)), "--community", "garden")

        async def imported() -> bool:
            return state()["posts"] == 40

        await until(imported, 120)
        shown = kindling(tmp_path, "community", "status", "garden")
        assert "1. bring in its history (done)" in shown
        assert "nobody to ask about" in shown
        assert state()["unasked"] == {"open": 0, "since": None, "why": {}, "people_barred": {}, "unasked": []}
        assert "asked in 4 weeks" in shown
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
