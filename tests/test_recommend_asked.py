"""What came once somebody was asked is no silence broken by itself, and nobody learns it so."""

import math
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommend.documents import ASKED
from services.recommend.features import Question
from services.recommend.models import Models
from services.recommend.settings import RecommendSettings
from services.recommend.silence import FEATURES, silence_features
from services.recommend.silence_fit import Example, fit_silence, recalibrated
from services.recommend.silence_model import base_model
from services.recommend.train import train
from services.recommend.typical import OPEN, still_open
from services.recommend.walk import History
from shared.events import Kind, MessageRemoved
from tests.recommending import DAY, HOUR, START, Place, asked, channel, made, post, reply

SECONDS = 3600.0
LATE = START + 400 * DAY


def _examples(hazard: float, ask_after: float, posts: int = 3000) -> list[Example]:
    """Make posts that are answered by themselves with a constant hazard an hour, and all at once when asked about."""
    rng = np.random.default_rng(1)
    made = []
    for n in range(posts):
        answered = float(rng.exponential(1 / hazard)) * SECONDS
        asks = ask_after * SECONDS
        features = base_model().centre + rng.normal(size=len(FEATURES)) * 0.3
        if answered > asks:
            made.append(Example(n * SECONDS, asks + 60, features, asks))
        else:
            made.append(Example(n * SECONDS, answered, features))
    return made


@pytest.mark.parametrize("ask_after", [2.0, 4.0, 6.0])
def test_the_hazard_is_the_one_of_posts_left_to_themselves(ask_after: float) -> None:
    """Where every open post is asked about after some hours, and answered, what is learnt is how it was without."""
    hazard, now = 0.05, 4000 * SECONDS
    examples = _examples(hazard, ask_after)
    believed = [Example(one.at, one.answered, one.features) for one in examples]
    centre = base_model().centre
    for model in (fit_silence(examples, now), recalibrated(base_model(), examples, now)):
        said = model.survival(centre)
        assert said[4] == pytest.approx(math.exp(-4 * hazard), abs=0.1)
        assert said[12] / said[4] > 0.6
    wrong = fit_silence(believed, now).survival(centre)
    assert wrong[12] < 0.1


def test_where_nobody_was_asked_not_a_bit_changes() -> None:
    """An ask that comes after all that is learnt from leaves the learnt model as it is, to the last bit."""
    examples = _examples(0.05, math.inf, 400)
    later = [Example(one.at, one.answered, one.features, 200 * SECONDS) for one in examples]
    assert fit_silence(later, 600 * SECONDS).as_dict() == fit_silence(examples, 600 * SECONDS).as_dict()


@given(st.floats(0, 200), st.floats(0, 200))
def test_what_is_open_stays_so_with_a_chance_that_falls(first: float, second: float) -> None:
    """The chance to be open later, given open now, is one at once, never rises, and is what is said of new posts."""
    ages = np.array([min(first, second), 0.0]) * SECONDS
    until = max(first, second)
    later, of_new = still_open(ages, until * SECONDS).tolist()
    assert 0 < of_new <= later <= 1
    assert still_open(np.array([until * SECONDS]), until * SECONDS).tolist() == [1.0]
    assert still_open(np.zeros(1), 24 * SECONDS).tolist() == pytest.approx([OPEN[24]])


def _place(replies_come: bool, asks: bool) -> Place:
    """Make a community of forty posts; somebody is asked about each after two hours, and may reply an hour later."""
    place = Place()
    place.see(channel())
    for n in range(40):
        at = START + n * 5 * HOUR
        place.see(post(f"p{n}", f"a{n % 5}", f"how to read file {n % 3}", at))
        if asks:
            place.see(asked(f"p{n}", "helper", at + 2 * HOUR))
        if replies_come:
            place.see(reply(f"r{n}", f"p{n}", "helper", at + 3 * HOUR))
    return place


def _shares(place: Place) -> dict[str, float]:
    """Give the features that are shares of silence, of a post of much later."""
    index, words = place.state.index, "how to read file 1"
    question = Question(index.people.number("a1"), "general", words, place.vectors.vector(words))
    found = zip(FEATURES, silence_features(index, question, LATE.timestamp()).tolist(), strict=True)
    return {name: value for name, value in found if "silent" in name and "words" not in name}


def test_replies_to_who_asked_break_no_silence() -> None:
    """Whether a reply comes after the ask or not, the shares of silence are the same; they lie between both without."""
    replied, ignored = _shares(_place(True, True)), _shares(_place(False, True))
    assert replied == ignored
    silent, answered = _shares(_place(False, False)), _shares(_place(True, False))
    for name, share in replied.items():
        if "1h" in name:  # the ask came later
            assert share == silent[name] == answered[name]
        else:
            assert answered[name] < share < silent[name], name


def test_only_the_first_ask_counts_and_only_about_posts() -> None:
    """A second ask, a repeat, an ask about something else, and one about a post that is gone change nothing."""
    place = Place()
    place.see(channel(), post("p", "ann"), post("q", "ann"), asked("p", "ben", START + 2 * HOUR))
    first = dict(place.stored)
    place.see(
        asked("p", "cas", START + 3 * HOUR),
        asked("p", "ben", START + 2 * HOUR),
        asked("0123456789abcdef", "ben", START + 3 * HOUR, kind=Kind.CONNECT, channel=None),
    )
    assert place.stored == first
    place.see(made(MessageRemoved, START + DAY, message="p"), asked("p", "ben", START + 2 * HOUR))
    assert not place.documents.table(ASKED)


def _trained(place: Place) -> Models:
    history = History.of(place.documents)
    vectors = {text: place.vectors.vector(text) for text in history.texts()}
    return train(RecommendSettings(), "hashed", place.vectors.dimension, history, vectors, place.state.models)


def test_training_takes_no_nudged_reply_for_one_by_itself() -> None:
    """Trained where every post was asked about and answered, posts are still said to stay open without that."""
    said = []
    for asks in (True, False):
        place = Place()
        place.see(channel())
        for n in range(220):
            at = START + n * 7 * HOUR
            place.see(post(f"p{n}", f"a{n % 5}", f"how to read file {n % 3}", at))
            if asks:
                place.see(asked(f"p{n}", f"h{n % 2}", at + 2 * HOUR))
            place.see(reply(f"r{n}", f"p{n}", f"h{n % 2}", at + 2 * HOUR + timedelta(minutes=30)))
        model = _trained(place).silence
        said.append(model.survival(model.centre)[12])
    by_itself, answered = said
    assert by_itself > 0.5
    assert answered < 0.1
