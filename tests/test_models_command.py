"""`kindling evaluate` and `kindling models`, as they are typed."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from tests.archives import write
from tests.loop.harness import until
from tests.test_commands import kindling, ready, up

THREADS = 240


def test_an_operator_sees_on_their_own_archive_what_it_is_worth(tmp_path: Path) -> None:
    """One command gives a table, one page that needs nothing else, all figures, and rankings that can be scored."""
    garden = write(tmp_path / "garden.jsonl", THREADS)
    page, figures, rankings = (tmp_path / name for name in ("report.html", "figures.json", "rankings.jsonl"))
    vectors = tmp_path / "vectors.sqlite"
    arguments = ["--vectors", str(vectors), "--html", str(page), "--json", str(figures), "--rankings", str(rankings)]
    shown = kindling(tmp_path, "evaluate", str(garden), *arguments)
    assert "BM25 vote + recent activity" in shown
    assert "after 24 h" in shown or "within 24 hours" in shown
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    made = json.loads(figures.read_text(encoding="utf-8"))
    scored = [json.loads(line) for line in rankings.read_text(encoding="utf-8").splitlines()]
    ranks = [case for case in scored if case["task"] == "responders"]
    reciprocal = [
        1 / (1 + case["ranked"]["Kindling"].index(case["relevant"][0]))
        if case["relevant"][0] in case["ranked"]["Kindling"]
        else 0
        for case in ranks
    ]
    told = made["tasks"]["responders"]["whole"]["methods"]["Kindling"]["metrics"]["mrr"]["mean"]
    assert abs(told - sum(reciprocal) / len(reciprocal)) < 1e-6
    before = figures.read_bytes(), rankings.read_bytes(), page.read_bytes()
    kindling(tmp_path, "evaluate", str(garden), *arguments)
    assert (figures.read_bytes(), rankings.read_bytes(), page.read_bytes()) == before


def test_an_archive_without_anything_to_judge_is_told_in_a_sentence(tmp_path: Path) -> None:
    """No traceback for an empty file or one of three days."""
    short = write(tmp_path / "short.jsonl", 5)
    (tmp_path / "empty.jsonl").write_text("")
    for name in (short, tmp_path / "empty.jsonl"):
        page = str(tmp_path / "none.html")
        said = kindling(tmp_path, "evaluate", str(name), "--vectors", str(tmp_path / "v"), "--html", page, code=1)
        assert "There is nothing to evaluate in" in said
        assert "Traceback" not in said


async def test_models_are_trained_beside_the_stream_and_one_can_go_back(tmp_path: Path) -> None:
    """Training takes over by a record in the log, says how well it does, and the way back is one command."""
    garden = write(tmp_path / "garden.jsonl", THREADS, start=datetime.now(UTC) - timedelta(hours=9 * THREADS))
    assert "recommend knows no community garden" in kindling(tmp_path, "models", "list", "garden", code=2)
    with up(tmp_path) as address:
        await until(lambda: ready(address), 120)
        kindling(tmp_path, "import", str(garden), "--community", "garden")
        key = json.loads((tmp_path / "secrets.json").read_text())["service_key"]

        async def last_is_ranked() -> bool:
            async with httpx.AsyncClient(headers={"Authorization": f"Bearer {key}"}) as http:
                door = f"{address}/v1/communities/garden/posts/p{THREADS - 1:05}/responders"
                try:
                    return (await http.get(door)).status_code == 200
                except httpx.TransportError:
                    return False

        await until(last_is_ranked, 120)
        assert "Nothing has been trained yet" in kindling(tmp_path, "models", "list", "garden")
        said = kindling(tmp_path, "models", "train", "garden")
        name = re.search(r"learned-\S+-[0-9a-f]{8}", said)
        assert name is not None
        assert "held out: MRR" in said
        assert f"{name[0]} ranks from now on" in said

        async def ranks(model: str) -> bool:
            lines = kindling(tmp_path, "models", "list", "garden").splitlines()
            return any(line.split()[:2] == [">", model] for line in lines)

        await until(lambda: ranks(name[0]), 60)
        assert "hand-set ranks from now on" in kindling(tmp_path, "models", "back", "garden")
        await until(lambda: ranks("hand-set"), 60)
        # As recommend trains by itself: better or not, what an operator chose stays.
        said = kindling(tmp_path, "models", "train", "garden", "--keep-chosen")
        assert "only kept, because what ranks was chosen by an operator" in said
        assert "hand-set (chosen by an operator)" in kindling(tmp_path, "models", "list", "garden")
        kindling(tmp_path, "models", "promote", "garden", name[0])
        await until(lambda: ranks(name[0]), 60)
        assert "there is no model nonsense" in kindling(tmp_path, "models", "promote", "garden", "nonsense", code=2)
