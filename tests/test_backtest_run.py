"""A backtest from an archive's lines to its asks: the code that serves, on the archive's clock."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest

from kindling.backtest.results import WEEK, Ask, Backtest
from kindling.backtest.summary import summarise
from services.ingest.mapping import ArchiveMap, MappedMember
from shared.events import Role
from tests.archives import write
from tests.backtesting import backtested

THREADS = 330


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("archive") / "garden.jsonl", THREADS)


@pytest.fixture(scope="module")
def garden(archive: Path) -> Backtest:
    return backtested(archive)


def asks_of(made: Backtest) -> list[Ask]:
    return [ask for post in made.posts for ask in post.asks]


def test_asks_keep_what_is_promised(garden: Backtest) -> None:
    """Only those with a role are asked, never the author, never twice, never after an answer, never over budget."""
    asks = asks_of(garden)
    assert len(asks) > 30
    for post in garden.posts:
        assert len({ask.member for ask in post.asks}) == len(post.asks)
        for ask in post.asks:
            assert ask.member in ask.eligible
            assert ask.member != post.author
            assert post.wait > ask.at - post.at
    by_person: dict[str, list[Ask]] = {}
    for ask in asks:
        by_person.setdefault(ask.member, []).append(ask)
    for theirs in by_person.values():
        for ask in theirs:
            assert sum(ask.at - WEEK < other.at <= ask.at for other in theirs) <= ask.limit


def test_who_knows_the_subject_is_asked(garden: Backtest) -> None:
    """Where people answer by subject, those who are asked are right more often than anybody, or the most active."""
    found = summarise(garden)["periods"][0]["precision"]["about posts that somebody answered afterwards"]
    right, chance, active = found["right"]["mean"], found["by_chance"], found["most_active"]
    assert right is not None
    assert chance is not None
    assert active is not None
    assert right > max(chance, active) + 0.1


def test_models_are_learnt_on_the_way(garden: Backtest) -> None:
    """What is learnt from the history so far ranks the rest of it, as it would live."""
    assert garden.facts["models learnt on the way"] >= 1


def test_what_comes_later_changes_no_ask(garden: Backtest, archive: Path, tmp_path: Path) -> None:
    """Causal: with everything after some day rewritten, all that was asked before is the same."""
    messages = [json.loads(line) for line in archive.read_text().splitlines()]
    cut = len(messages) // 2
    at = messages[cut]["at"]
    for number, message in enumerate(messages[cut:]):
        message["text"] = f"something else {number}"
        message["author"] = f"stranger{number % 7}"
    other = tmp_path / "other.jsonl"
    other.write_text("".join(json.dumps(message) + "\n" for message in messages))

    def before(made: Backtest) -> list[tuple[str, str, float]]:
        until = datetime.fromisoformat(at).timestamp()
        return [(ask.post, ask.member, ask.at) for ask in asks_of(made) if ask.at < until]

    assert len(before(garden)) > 10
    assert before(backtested(other)) == before(garden)


def test_the_same_archive_gives_the_same_summary(garden: Backtest, archive: Path) -> None:
    """Bit for bit: a backtest can be repeated, and checked by somebody else."""
    assert summarise(backtested(archive)) == summarise(garden)


def _named(roles: Mapping[str, Role]) -> ArchiveMap:
    return ArchiveMap(members={name: MappedMember(roles=(role,)) for name, role in roles.items()})


def test_a_mapping_says_who_may_be_asked(archive: Path) -> None:
    """Where the mapping names champions or leaders, those alone are asked, each in their role, and it is said so."""
    known = _named({"bees0": Role.CHAMPION, "ponds1": Role.LEADER})
    made = backtested(archive, known, messages=300)
    roles = Counter((ask.member, ask.role) for ask in asks_of(made))
    assert set(roles) == {("bees0", "champion"), ("ponds1", "leader")}
    assert "the mapping names champions or leaders: 2 people" in made.eligible


def test_everybody_may_be_asked(archive: Path) -> None:
    """An operator can let members be asked, who have no role; then anybody at random means nothing."""
    made = backtested(archive, messages=300, ask_members=True)
    assert {ask.role for ask in asks_of(made)} >= {"member"}
    assert "Everybody" in made.eligible
    assert summarise(made)["periods"][0]["precision"]["all asks"]["by_chance"] is None


def test_an_archive_that_ends_too_soon_is_refused(archive: Path, tmp_path: Path) -> None:
    """Of an archive of a few days, or of nothing, it is said why there is nothing to judge."""
    with pytest.raises(ValueError, match="older than its last seven days"):
        backtested(archive, messages=5)
    empty = tmp_path / "empty.jsonl"
    empty.write_text("{}\n")
    with pytest.raises(ValueError, match="no line of it is a message"):
        backtested(empty)
