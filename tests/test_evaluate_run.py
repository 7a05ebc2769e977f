"""An evaluation from an archive's lines to its figures, with vectors that need no model."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kindling.evaluate.responders import ANSWERERS, BASELINES, OURS
from kindling.evaluate.results import Evaluation, Task
from kindling.evaluate.run import Run
from kindling.evaluate.summary import summarise
from services.recommend.settings import RecommendSettings
from tests.archives import messages, write
from tests.recommending import HashedVectors


class Hashed:
    """Encodes as the tests' vectors do."""

    version = HashedVectors.version
    dimension = HashedVectors.dimension

    async def encode(self, texts: Sequence[str]) -> NDArray[np.int16]:
        return await HashedVectors().vectors("", texts)

    async def close(self) -> None:
        """Nothing is open."""


def evaluated(path: Path) -> Evaluation:
    run = Run(path, RecommendSettings(), Hashed(), lambda _what, _done, _total: None)
    return asyncio.run(run.evaluate(list(Task)))


@pytest.fixture(scope="module")
def garden(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    return evaluated(write(tmp_path_factory.mktemp("archive") / "garden.jsonl", 700))


def test_who_knows_the_subject_is_found(garden: Evaluation) -> None:
    """Where people answer by subject, Kindling beats popularity and recent activity beyond doubt."""
    ranked = summarise(garden)["tasks"]["responders"]
    metrics = {name: method["metrics"]["mrr"]["mean"] for name, method in ranked["whole"]["methods"].items()}
    ours = metrics[OURS]
    assert ours is not None
    for rule in ("popularity", "recent activity", "active in this channel"):
        theirs = metrics[rule]
        assert theirs is not None
        assert ours > theirs + 0.2


def test_cases_are_posts_of_the_last_fifth_with_an_answer_within_a_week(garden: Evaluation) -> None:
    """Judged is what the protocol names: later threads, answered by another person, the last seven days left out."""
    ranked = garden.ranked[0]
    threads = sorted((m for m in messages(700) if m["reply_to"] is None), key=lambda m: str(m["at"]))
    answered = {m["reply_to"] for m in messages(700)}
    judged = {case.id for case in ranked.cases}
    assert judged < answered
    places = [place for place, thread in enumerate(threads) if thread["id"] in judged]
    assert min(places) >= 0.75 * len(threads)  # four fifths of those that are a week old
    assert max(places) < len(threads) - 15
    for case in ranked.cases:
        assert set(case.ranked) >= {OURS, ANSWERERS, *BASELINES}
        author = next(t["author"] for t in threads if t["id"] == case.id)
        assert all(author not in names for names in case.ranked.values())


def test_the_same_archive_gives_the_same_figures(garden: Evaluation, tmp_path: Path) -> None:
    """Bit for bit: an evaluation can be repeated, and checked by somebody else."""
    again = evaluated(write(tmp_path / "garden.jsonl", 700))
    assert again.ranked == garden.ranked
    assert again.silence == garden.silence


def test_what_comes_later_changes_no_ranking(garden: Evaluation, tmp_path: Path) -> None:
    """A case is ranked by what was known: with all that follows it rewritten, its ranking stays as it was."""
    ranked = garden.ranked[0]
    cases = sorted(ranked.cases, key=lambda case: case.at)
    middle = cases[len(cases) // 2]
    found = sorted(messages(700), key=lambda message: str(message["at"]))
    place = next(i for i, message in enumerate(found) if message["id"] == middle.id)
    for message in found[place + 1 :]:
        message["text"] = "something else altogether"
        if message["reply_to"] is not None:
            message["author"] = "pruning2"
    changed = tmp_path / "garden.jsonl"
    changed.write_text("".join(json.dumps(message) + "\n" for message in found), encoding="utf-8")
    again = evaluated(changed).ranked[0]
    before = {case.id: case.ranked for case in cases if case.at <= middle.at}
    after = {case.id: case.ranked for case in again.cases}
    assert before
    for name, ranking in before.items():
        if name in after:
            assert after[name] == ranking


def test_posts_are_judged_on_threads_that_were_open_and_new_to_the_member(garden: Evaluation) -> None:
    """A case is a first reply in a thread of somebody else; the thread is among those ranked, none is the member's."""
    ranked = garden.ranked[1]
    found = {str(m["id"]): m for m in messages(700)}
    assert len(ranked.cases) > 50
    for case in ranked.cases:
        member = found[case.id]["author"]
        assert case.cluster == member
        assert case.relevant == (found[case.id]["reply_to"],)
        for post in case.ranked["last activity"]:
            assert found[post]["author"] != member
            assert str(found[post]["at"]) <= str(found[case.id]["at"])
        assert all(set(names) == set(case.ranked["last activity"]) for names in case.ranked.values())


def test_peers_are_judged_on_first_exchanges_of_the_coming_month(garden: Evaluation) -> None:
    """A case is a member who meets somebody new; nobody whom they had met already is ranked or counted."""
    ranked = garden.ranked[2]
    found = sorted(messages(700), key=lambda message: str(message["at"]))
    authors = {m["id"]: m["author"] for m in found if m["reply_to"] is None}
    assert ranked.cases
    for case in ranked.cases:
        member, at = case.cluster, datetime.fromtimestamp(case.at, UTC)
        met = {
            frozenset((m["author"], authors[m["reply_to"]]))
            for m in found
            if m["reply_to"] is not None and datetime.fromisoformat(str(m["at"])) < at
        }
        assert case.relevant
        for other in (*case.relevant, *(name for names in case.ranked.values() for name in names)):
            assert frozenset((member, other)) not in met
            assert other != member


def test_nothing_to_judge_is_said(tmp_path: Path) -> None:
    """An archive of a few days is no error of the program: it is told in a sentence."""
    with pytest.raises(ValueError, match="older than the archive's last seven days"):
        evaluated(write(tmp_path / "short.jsonl", 5))
