from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np

from kindling.evaluate.results import Silence
from kindling.evaluate.silence_task import CHANNEL_RATE, NEAREST, OURS, RATE, SilenceTask
from services.recommend.documents import Channel, Member, Post, Reply
from services.recommend.settings import RecommendSettings
from services.recommend.walk import History, walk
from shared.events import Privacy
from tests.recommending import HashedVectors

START = datetime(2024, 3, 4, 9, tzinfo=UTC)
VECTORS = HashedVectors()
POSTS = 200


def _history(replies: Mapping[str, Reply] | None = None) -> History:
    """Make a post every eight hours; what is about files is answered, and what is about cats is not."""
    posts = {
        f"p{n}": Post("open", f"a{n % 7}", "", "how to read a file" if n % 2 else "cats", START + n * _STEP, n)
        for n in range(POSTS)
    }
    if replies is None:
        replies = {
            f"r{n}": Reply(f"p{n}", "open", "h", posts[f"p{n}"].at + timedelta(hours=2), True)
            for n in range(1, POSTS, 2)
        }
    members = {"h": Member(), "bot": Member(bot=True), **{f"a{n}": Member() for n in range(7)}}
    return History({"open": Channel(Privacy.PUBLIC)}, members, {}, posts, replies)


_STEP = timedelta(hours=8)


def _run(history: History) -> Silence:
    vectors = {text: VECTORS.vector(text) for text in history.texts()}
    task = SilenceTask(history, vectors)
    for step in walk(RecommendSettings(), VECTORS.dimension, history, vectors):
        task.see(step)
    return task.finish()


def test_each_post_of_the_test_is_forecast_while_it_is_open() -> None:
    """The last fifth less the last week is forecast: at birth, and at each later age that it reached unanswered."""
    found = _run(_history())
    ages = {age: {f.id for f in found.forecasts if f.age == age} for age in (0.0, 1.0, 4.0, 12.0)}
    last = POSTS - 7 * 3
    tested = {f"p{n}" for n in range(int(0.8 * POSTS), last)}
    assert ages[0.0] == ages[1.0] == tested
    assert ages[4.0] == ages[12.0] == {name for name in tested if int(name[1:]) % 2 == 0}
    assert all(f.silent == (int(f.id[1:]) % 2 == 0) for f in found.forecasts)
    assert {tuple(f.probabilities) for f in found.forecasts} == {(OURS, RATE, CHANNEL_RATE, NEAREST)}


def test_what_the_text_tells_is_found() -> None:
    """Where a subject goes unanswered, its posts are said to be silent sooner than others."""
    found = [f for f in _run(_history()).forecasts if f.age == 0]
    silent = np.array([f.probabilities[OURS] for f in found if f.silent])
    others = np.array([f.probabilities[OURS] for f in found if not f.silent])
    assert silent.min() > others.max()


def test_the_same_history_gives_the_same_forecasts() -> None:
    """Two runs agree to the last bit."""
    assert _run(_history()) == _run(_history())


def test_what_bots_do_is_no_reply() -> None:
    """A bot's reply leaves a post silent, and a bot's own posts are not forecast."""
    history = _history()
    bots = {name: Reply(r.post, r.channel, "bot", r.at, True) for name, r in history.replies.items()}
    assert all(f.silent for f in _run(_history(bots)).forecasts)


def test_what_bots_answer_first_changes_no_forecast() -> None:
    """Where a bot greets every post, the forecasts are those of the same history without it, to the last bit."""
    history = _history()
    greeted = {
        f"g{name}": Reply(name, "open", "bot", post.at + timedelta(minutes=1), True)
        for name, post in history.posts.items()
    }
    assert _run(_history({**greeted, **history.replies})).forecasts == _run(history).forecasts


def test_a_forecast_knows_nothing_of_what_follows() -> None:
    """Replies after a post's birth change no forecast of that post or of those before it."""
    history = _history()
    last = max(f.at for f in _run(history).forecasts)
    early = {name: r for name, r in history.replies.items() if r.at.timestamp() < last}
    assert {f.id: f.probabilities for f in _run(history).forecasts if f.age == 0} == {
        f.id: f.probabilities for f in _run(_history(early)).forecasts if f.age == 0
    }


def test_an_archive_without_posts_has_no_forecasts() -> None:
    """An empty archive is evaluated to nothing, without a fault."""
    assert _run(History({}, {}, {}, {}, {})).forecasts == ()
