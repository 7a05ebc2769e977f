"""`kindling backtest`: the command, and the same asks as the services give."""

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from kindling.backtest.run import UNSENT, Run
from services.ingest.mapping import read_map
from services.nudge.settings import NudgeSettings
from services.recommend.app import open_encoder
from services.recommend.settings import RecommendSettings
from services.recommend.vector_cache import CachedEncoder, FileVectorCache
from tests.archives import write
from tests.test_commands import kindling


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("backtest")
    write(made / "garden.jsonl", 110)
    (made / "known.json").write_text(json.dumps({"channels": {"garden": {"privacy": "public"}}}))
    return made


async def _asked(folder: Path) -> set[tuple[str, str, float]]:
    encoder = CachedEncoder(open_encoder(RecommendSettings(), print), FileVectorCache(folder / "vectors.sqlite"))
    try:
        run = Run(
            folder / "garden.jsonl", RecommendSettings(), NudgeSettings(), encoder, lambda _what, _done, _total: None,
            read_map(folder / "known.json"),
        )  # fmt: skip
        made = await run.backtest()
    finally:
        await encoder.close()
    assert made.facts["models learnt on the way"] == 0  # too young: a replay learns nothing either
    return {(ask.post, ask.member, ask.at) for post in made.posts for ask in post.asks}


def _nudges(line: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(line)
    return read


def test_it_asks_what_the_services_ask(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backtest asks the same people about the same posts at the same moments as the running services in a replay."""
    posts_only = NudgeSettings().posts_only().model_dump(exclude_defaults=True)
    for name, value in {**posts_only, **UNSENT}.items():
        monkeypatch.setenv(f"KINDLING_NUDGE__{name.upper()}", str(value))
    decisions = folder / "decisions.jsonl"
    kindling(
        folder, "replay", str(folder / "garden.jsonl"), "--mapping", str(folder / "known.json"),
        "--decisions", str(decisions), "--vectors", str(folder / "vectors.sqlite"),
    )  # fmt: skip
    found = [_nudges(line) for line in decisions.read_text().splitlines()]
    issued = [one for one in found if one["type"] == "kindling.NudgeIssued.v3"]
    asked = asyncio.run(_asked(folder))
    judged = max(at for _, _, at in asked)
    expected = {
        (one["post"], one["member"], at)
        for one in issued
        if (at := datetime.fromisoformat(one["at"]).timestamp()) <= judged
    }
    assert len(expected) > 2
    assert asked == expected


def test_table_json_and_page(folder: Path) -> None:
    """One command gives the table, the figures and the report; names are in none of them unless asked for."""
    data, page = folder / "figures.json", folder / "report.html"
    arguments = (
        "backtest", str(folder / "garden.jsonl"), "--messages", "200", "--vectors", str(folder / "vectors.sqlite"),
        "--html", str(page), "--json", str(data),
    )  # fmt: skip
    said = kindling(folder, *arguments)
    made = json.loads(data.read_text())
    assert made["facts"]["messages"] == 200
    assert "answered most in the 90 days before: at most 5 % of the people active then" in said
    assert "What Kindling would have asked of whom" in page.read_text()
    people = made["periods"][0]["busiest"]
    assert people
    assert all(one["name"] is None for one in people)
    kindling(folder, *arguments, "--names")
    assert all(one["name"] for one in json.loads(data.read_text())["periods"][0]["busiest"])


def test_what_is_wrong_is_said(folder: Path) -> None:
    """An archive with nothing to judge, and a mapping that is none, end with a sentence that says so."""
    empty = folder / "empty.jsonl"
    empty.write_text("no message\n")
    vectors = ("--vectors", str(folder / "vectors.sqlite"), "--html", str(folder / "nothing.html"))
    assert "There is nothing to backtest in" in kindling(folder, "backtest", str(empty), *vectors, code=1)
    assert not (folder / "nothing.html").exists()
    said = kindling(folder, "backtest", str(empty), "--mapping", str(empty), *vectors, code=2)
    assert "the mapping file" in said
