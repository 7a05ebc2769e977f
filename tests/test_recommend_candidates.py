"""The first stage: who of everybody is looked at closely, whoever got which number."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommend.candidates import first_stage
from services.recommend.documents import MEMBERS, POSTS, READERS, REPLIES, Channel
from services.recommend.features import FEATURES, PLACES, Question
from services.recommend.index import Index
from services.recommend.rank import look_at, rank
from services.recommend.ranker import Ranker, hand_set
from shared.events import Event, Privacy
from shared.state import Documents
from tests.recommending import START, Place, channel, joined
from tests.recommending import settings as rules
from tests.test_recommend_walk import EVENTS, PEOPLE, TEXTS

SIZE = len(FEATURES)
IDS = [f"m{(7 * n) % 12:02}" for n in range(12)]
# Few different values, so that ties are common.
VALUES = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, 3, (SIZE, 12)).astype(np.float64)
)
ELIGIBLE = st.lists(st.booleans(), min_size=12, max_size=12).map(np.array)


@given(VALUES, ELIGIBLE, st.integers(1, 14), st.permutations(range(12)))
def test_numbers_do_not_matter(values: np.ndarray, eligible: np.ndarray, most: int, order: list[int]) -> None:
    """However people are numbered the same ones come through, in the same order, ties and all."""
    chosen = [IDS[number] for number in first_stage(values, eligible, IDS, most)]
    again = first_stage(values[:, order], eligible[order], [IDS[number] for number in order], most)
    assert [IDS[order[number]] for number in again] == chosen


@given(VALUES, ELIGIBLE, st.integers(1, 14))
def test_a_smaller_stage_is_the_beginning_of_a_larger_one(values: np.ndarray, eligible: np.ndarray, most: int) -> None:
    """Few let everybody eligible through; fewer keep the best of them."""
    everybody = first_stage(values, eligible, IDS, 12).tolist()
    assert sorted(everybody) == np.flatnonzero(eligible).tolist()
    assert first_stage(values, eligible, IDS, most).tolist() == everybody[:most]


@given(VALUES, st.integers(0, 11))
def test_who_may_not_be_asked_shapes_nothing(values: np.ndarray, left_out: int) -> None:
    """What an ineligible person has done neither lifts nor lowers anybody else."""
    eligible = np.arange(12) != left_out
    without = first_stage(values, eligible, IDS, 12).tolist()
    values[:, left_out] = 1e9
    assert first_stage(values, eligible, IDS, 12).tolist() == without


@pytest.mark.parametrize(
    "name", ["joins 30d", "channel joins 30d", "words 180d", "meaning 180d", "helped ever", "mentioned"]
)
def test_who_stands_out_in_one_thing_comes_through(name: str) -> None:
    """Each cheap signal alone brings somebody before those who have nothing."""
    values = np.zeros((SIZE, 12))
    values[PLACES[name], 5] = 1.0
    assert first_stage(values, np.ones(12, np.bool_), IDS, 1).tolist() == [5]


def loaded(place: Place, seed: int) -> Index:
    """Load the facts of a place in another order: members, readers and replies have none of their own."""
    draw, index = Random(seed), Index(place.state.settings, place.vectors.dimension)
    documents = Documents(dict(place.stored))
    for name, privacy in (("board", Privacy.PRIVATE), ("hall", Privacy.PUBLIC), ("general", Privacy.PUBLIC)):
        index.set_channel(name, Channel(privacy), {}, {})
    members, readers = list(documents.table(MEMBERS).items()), list(documents.table(READERS).values())
    draw.shuffle(members)
    for name, member in members:
        index.set_member(name, member)
    for reader in draw.sample(readers, len(readers)):
        index.set_reader(reader.channel, reader.member, reader.reads)
    for name, post in sorted(documents.table(POSTS).items(), key=lambda item: item[1].ordinal):
        index.add_post(name, post, place.vectors.vector(post.words()))
    replies = list(documents.table(REPLIES).items())
    draw.shuffle(replies)
    for name, reply in replies:
        index.add_reply(name, reply)
    return index


def published(index: Index, place: Place, ranker: Ranker) -> list[object]:
    """Give what is told of a few posts: who, with which chance, for which reasons, by which votes."""
    found: list[object] = []
    for who, text, where in zip(
        PEOPLE, [*TEXTS, TEXTS[0]], ("general", "hall", "board", "board", "general"), strict=True
    ):
        question = Question(index.people.number(who), where, text, place.vectors.vector(text), ("ben", "nobody"))
        now = START.timestamp() + 400 * 86400
        ranking, listed = (
            rank(index, place.state.settings, ranker, question, now),
            look_at(index, place.state.settings, question, now),
        )
        if ranking is None or listed is None:
            found.append(None)
            continue
        found += [
            [(index.people.ids[number], chance) for number, chance in ranking.chosen],
            {group: part.tobytes() for group, part in ranking.parts.items()},
            {index.threads.ids[row]: weight for row, weight in ranking.votes.items()},
            [index.people.ids[number] for number in listed.numbers],
            listed.signals.tobytes(),
        ]
    return found


@settings(max_examples=40, deadline=None)
@given(EVENTS, st.integers(0, 10**6))
def test_the_order_of_loading_changes_no_ranking(events: list[Event], seed: int) -> None:
    """Members, readers and replies may come in any order, and people have any numbers: the same bits are told."""
    place = Place(rules(similar_posts=4, candidates=3, matches=3))
    place.see(
        channel(), channel("hall"), channel("board", Privacy.PRIVATE, PEOPLE[:4]), *(joined(who) for who in PEOPLE)
    )
    place.see(*events)
    drawn = np.random.default_rng(seed).normal(0, 0.3, SIZE)
    for ranker in (hand_set(), Ranker("drawn", drawn)):
        assert published(loaded(place, seed), place, ranker) == published(place.state.index, place, ranker)
