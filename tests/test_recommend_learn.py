"""Learning from walks: what may be known when, and that it is worth it."""

import math
from datetime import timedelta
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.recommend.documents import POSTS, Member, Reply
from services.recommend.features import FEATURES, PLACES
from services.recommend.learn import WINDOW, Lessons, learn, responders
from services.recommend.rank import look_at, rank
from services.recommend.ranker import hand_set
from services.recommend.settings import RecommendSettings
from services.recommend.softmax import Lists, cross_entropy, fit
from services.recommend.walk import History, walk
from shared.events import Event, MatchesRanked
from tests.recommending import START, Place, channel, post, reply

SIZE = len(FEATURES)


def lists(weights: NDArray[np.float64], count: int, seed: int) -> Lists:
    """Draw lists of twelve, in which one is chosen as these weights say."""
    draw = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        signals = draw.standard_normal((12, len(weights))).astype(np.float32)
        chances = np.exp(signals @ weights)
        target = np.zeros(12, np.float32)
        target[draw.choice(12, p=chances / chances.sum())] = 1
        made.append((signals, target))
    return Lists.of(made)


def test_weights_of_known_choices_are_found() -> None:
    """With enough lists the weights that made the choices come back, wherever one began."""
    true = np.array([1.0, -0.5, 0.0, 2.0])
    assert np.allclose(fit(lists(true, 4000, 1), np.zeros(4), 1.0), true, atol=0.12)
    assert np.allclose(fit(lists(true, 4000, 1), -true, 1.0, start=np.ones(4)), true, atol=0.12)


def test_few_lists_move_a_belief_little() -> None:
    """What one believes to begin with stands against a handful of lists, and gives way to thousands."""
    true, believed = np.array([1.0, -0.5, 0.0, 2.0]), np.array([0.0, 1.0, 1.0, 0.0])
    few, many = (fit(lists(true, count, 2), believed, 50.0) for count in (5, 5000))
    assert np.linalg.norm(few - believed) < 0.4
    assert np.linalg.norm(many - true) < 0.2


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_the_gradient_is_that_of_the_loss(seed: int) -> None:
    """The search goes where the cross entropy really falls."""
    some = lists(np.array([0.3, -0.2, 0.1]), 3, seed)
    weights = np.random.default_rng(seed).standard_normal(3)
    _, gradient = cross_entropy(some, weights)
    for i in range(3):
        step = np.zeros(3)
        step[i] = 1e-2
        slope = (cross_entropy(some, weights + step)[0] - cross_entropy(some, weights - step)[0]) / 2e-2
        assert math.isclose(slope, gradient[i], abs_tol=2e-3)


def test_who_answered_are_others_and_no_bots_in_the_order_of_time() -> None:
    """Labels are people: each once, the first one first, nobody after the week, neither author nor bots."""
    at = START

    def answer(who: str, hours: float, answers: bool = True) -> Reply:
        return Reply("p", "general", who, at + timedelta(hours=hours), answers)

    replies = {
        "a": answer("ben", 3), "b": answer("cas", 2), "c": answer("ben", 1), "d": answer("bot1", 0.5),
        "e": answer("ann", 0.2, answers=False), "f": answer("dan", 169),
    }  # fmt: skip
    look_up = responders(replies, {"bot1": Member(bot=True)})
    assert [who for _, who in look_up("p", at.timestamp())] == ["ben", "cas"]
    assert look_up("other", at.timestamp()) == []


def history(seed: int, threads: int) -> list[Event]:
    """Give a community in which ben answers about volumes and cas about linux, at distinct times."""
    draw, found, at = Random(seed), list[Event](), START
    for number in range(threads):
        at += timedelta(hours=5, minutes=draw.randrange(50))
        subject, helper = draw.choice([("volume rendering", "ben"), ("linux install", "cas")])
        found.append(post(f"p{number}", f"asker{draw.randrange(9)}", f"{subject} {draw.randrange(20)}", at))
        if draw.random() < 0.8:
            found.append(reply(f"r{number}", f"p{number}", helper, at + timedelta(minutes=7 + draw.randrange(200))))
    return sorted(found, key=lambda event: event.at)


def walked(events: list[Event]) -> tuple[Place, History, dict[str, NDArray[np.int16]]]:
    place = Place()
    place.see(channel(), *events)
    facts = History.of(place.documents)
    return place, facts, {text: place.vectors.vector(text) for text in facts.texts()}


def test_a_walk_ranks_as_the_live_service_did() -> None:
    """What training and evaluation see of a moment is what the handlers saw: same people, same scores."""
    events = history(3, 60)
    live = Place()
    said: dict[str, list[tuple[str, float]]] = {}
    live.see(channel())
    for event in events:
        for out in live.see(event):
            if isinstance(out, MatchesRanked):
                said[out.message] = [(match.member, match.score) for match in out.matches]
    _, facts, vectors = walked(events)
    again: dict[str, list[tuple[str, float]]] = {}
    rules = RecommendSettings()
    for step in walk(rules, live.vectors.dimension, facts, vectors):
        for name, asked in step.posts.items():
            ranking = rank(step.index, rules, hand_set(), step.question(asked, vectors), step.now)
            if ranking is not None:
                again[name] = [(step.index.people.ids[number], chance) for number, chance in ranking.chosen]
    assert len(said) > 50
    assert again == said


def lessons_of(events: list[Event]) -> tuple[Lessons, float]:
    place, facts, vectors = walked(events)
    rules, made, now = RecommendSettings(), Lessons(), 0.0
    look_up = responders(facts.replies, facts.members)
    for step in walk(rules, place.vectors.dimension, facts, vectors):
        now = step.now
        for name, asked in step.posts.items():
            listed = look_at(step.index, rules, step.question(asked, vectors), step.now)
            if listed is not None:
                numbers = step.index.people.numbers
                made.add(step.now, listed, [numbers.get(who, -1) for _, who in look_up(name, step.now)])
    return made, now


def test_a_lesson_is_known_once_its_week_is_over() -> None:
    """A model of some moment has learnt from no answer that could still be outstanding then."""
    made, now = lessons_of(history(4, 120))
    answered, silent = made.until(now)
    assert 0 < len(answered) + len(silent) < len(made)
    assert made.until(now - 365 * WINDOW) == ([], [])
    early, _ = made.until(now - WINDOW)
    assert 0 < len(early) < len(answered)


def test_learning_pays_and_is_the_same_twice() -> None:
    """Learnt weights make the answers that came likelier, and probabilities that add up to what happened."""
    made, now = lessons_of(history(5, 250))
    answered, silent = made.until(now)
    learnt, again = (learn(answered, silent, "v") for _ in range(2))
    assert learnt.weights.tobytes() == again.weights.tobytes()
    some = Lists.of([(lesson.signals, lesson.target) for lesson in answered if lesson.target is not None])
    assert cross_entropy(some, learnt.weights)[0] < cross_entropy(some, hand_set().weights)[0] - 0.05
    chances = [learnt.probabilities(learnt.scores(one.signals.astype(np.float32))) for one in (*answered, *silent)]
    happened = np.concatenate([one.answered for one in (*answered, *silent)])
    assert math.isclose(float(np.concatenate(chances).mean()), float(happened.mean()), abs_tol=2e-3)


def test_without_lessons_the_hand_set_ranker_stays() -> None:
    """A community that nobody has answered in yet is ranked all the same."""
    assert learn([], [], "v").weights.tolist() == hand_set().weights.tolist()


def test_names_are_no_part_of_what_is_searched() -> None:
    """Who is named is known apart: @names are stripped before words and meaning, and the mention still counts."""
    place = Place()
    place.see(channel(), post("p1", "ann", "volume"), reply("r1", "p1", "ben"), reply("r2", "p1", "cas"))
    place.see(post("p2", "dan", "@cas could you help with a mesh", START + timedelta(days=1), mentions=("cas",)))
    kept = place.documents.table(POSTS)["p2"]
    assert "cas" not in kept.words()
    assert "cas" in kept.text
    assert all("@" not in text for text in place.vectors.calls)
    ranked = place.ranked(post("p3", "dan", "@cas again a mesh", START + timedelta(days=2), mentions=("cas",)))
    assert ranked is not None
    assert ranked.matches[0].member == "cas"


def test_every_feature_has_a_name_of_its_own() -> None:
    """An artefact names what it weighs: no two features share a name."""
    assert len(PLACES) == SIZE
