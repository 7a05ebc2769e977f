import json
import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommend.documents import Channel, Member, Post, Reply
from services.recommend.features import Question
from services.recommend.index import Index
from services.recommend.settings import RecommendSettings
from services.recommend.silence import FEATURES, PLACES, silence_features
from services.recommend.silence_fit import Example, fit_silence, recalibrated
from services.recommend.silence_model import HOURS, SilenceModel, base_model
from shared.events import Privacy
from tests.recommending import HashedVectors

START = datetime(2024, 3, 4, 9, tzinfo=UTC)
HOUR = 3600.0
VECTORS = HashedVectors()


def _index(answered: dict[int, float], channel: str = "open", posts: int = 40) -> Index:
    """Make a community with a post every two hours by five authors; some are answered so many hours later by "h"."""
    index = Index(RecommendSettings(), VECTORS.dimension)
    index.set_channel("open", Channel(Privacy.PUBLIC), {}, {})
    index.set_channel("hidden", Channel(Privacy.PRIVATE), {}, {})
    for member in ("h", "a0", "a1", "a2", "a3", "a4"):
        index.people.set_member(member, Member())
    for n in range(posts):
        at = START + timedelta(hours=2 * n)
        post = Post(channel, f"a{n % 5}", "", f"how to read file {n % 3}", at, n)
        index.add_post(f"p{n}", post, VECTORS.vector(post.words()))
        if n in answered:
            index.add_reply(f"r{n}", Reply(f"p{n}", channel, "h", at + timedelta(hours=answered[n]), True))
    return index


def _question(index: Index, author: str = "a1") -> Question:
    words = "how to read file 1"
    return Question(index.people.number(author), "open", words, VECTORS.vector(words))


def _after(hours: float) -> float:
    return (START + timedelta(hours=hours)).timestamp()


def _examples(count: int, chance: float, seed: int = 1, signal: float = 0.0) -> list[Example]:
    """Make posts an hour apart, each answered within half an hour by chance, or never; one feature may tell."""
    rng = np.random.default_rng(seed)
    made = []
    for n in range(count):
        features = base_model().centre + rng.normal(size=len(FEATURES)) * 0.3
        told = chance + signal * np.sign(features[0] - base_model().centre[0])
        made.append(Example(n * HOUR, 1800.0 if rng.random() < told else math.inf, features))
    return made


def test_the_future_shapes_no_feature() -> None:
    """What happens at the post's time or later changes nothing that is known of it."""
    now, index, later = _after(79), _index({0: 1, 5: 2}), _index({0: 1, 5: 2, 39: 1.5, 38: 3.0})
    known = silence_features(index, _question(index), now)
    later.people.set_member("new", Member())
    assert later.past.first(39) is not None
    assert np.array_equal(silence_features(later, _question(later), now), known)


def test_what_is_private_shapes_nothing_in_public() -> None:
    """A private channel's posts and answers leave the features of a public post as they were."""
    index, hidden = _index({}, posts=0), _index(dict.fromkeys(range(40), 1.0), channel="hidden")
    now = _after(200)
    assert np.array_equal(
        silence_features(hidden, _question(hidden), now), silence_features(index, _question(index), now)
    )


def test_silence_before_raises_the_shares_of_silence() -> None:
    """Where posts went unanswered, each share of silence is higher than where they were answered."""
    silent, lively = _index({}), _index(dict.fromkeys(range(40), 0.5))
    now = _after(200)
    quiet, loud = (silence_features(index, _question(index), now) for index in (silent, lively))
    for name in ("recent silent 24h, 100", "channel silent 1h, 40", "author silent 24h, 10", "near silent 24h"):
        assert quiet[PLACES[name]] > loud[PLACES[name]], name


def test_removed_posts_and_unknown_people_do_no_harm() -> None:
    """Features stay finite with posts removed, in an empty community, and for somebody never seen."""
    index = _index({})
    post = Post("open", "a0", "", "how to read file 0", START, 0)
    index.remove_post("p0", post)
    empty = _index({}, posts=0)
    for one in (index, empty):
        assert np.isfinite(silence_features(one, _question(one, "stranger"), _after(200))).all()


def test_the_same_facts_in_another_order_give_the_same_features() -> None:
    """Replies that come in another order say the same."""
    forward = _index({n: 0.5 + n % 7 for n in range(40)})
    backward = _index({})
    for n in reversed(range(40)):
        at = START + timedelta(hours=2 * n + 0.5 + n % 7)
        backward.add_reply(f"r{n}", Reply(f"p{n}", "open", "h", at, True))
    now = _after(200)
    assert np.array_equal(
        silence_features(forward, _question(forward), now), silence_features(backward, _question(backward), now)
    )


@given(st.lists(st.floats(-50, 50), min_size=len(FEATURES), max_size=len(FEATURES)))
def test_survival_never_rises(features: list[float]) -> None:
    """A post is never more likely to be open later than before, and each chance is one."""
    curve = list(base_model().survival(np.array(features)).values())
    assert all(0 <= later <= earlier <= 1 for earlier, later in zip([1.0, *curve], curve, strict=False))


def test_a_model_goes_through_json_unharmed() -> None:
    """What is read back is the same to the last bit, and a model of other features is refused."""
    model = fit_silence(_examples(300, 0.4), 400 * HOUR)
    again = SilenceModel.from_dict(json.loads(json.dumps(model.as_dict())))
    assert again.as_dict() == model.as_dict()
    broken = model.as_dict()
    del broken["weights"][FEATURES[0]]
    with pytest.raises(ValueError, match="train it anew"):
        SilenceModel.from_dict(broken)


def test_nothing_to_learn_from_leaves_the_hand_set_model() -> None:
    """A community whose posts are all younger than an hour is told the hand-set odds."""
    young = _examples(1, 0.5)
    for examples in ([], young):
        assert fit_silence(examples, 1800.0).as_dict() == base_model().as_dict()
        assert recalibrated(base_model(), examples, 1800.0).as_dict() == base_model().as_dict()


@settings(max_examples=10, deadline=None)
@given(st.integers(10, 200), st.integers(0, 100))
def test_labels_count_once_their_time_has_passed(count: int, seed: int) -> None:
    """What became of a post after the moment of learning makes no difference, whatever it was."""
    examples, now = _examples(count, 0.5, seed), count / 2 * HOUR
    # Unanswered so far, as of now; what is answered counts from when it happened.
    changed = [
        Example(e.at, 99 * HOUR if e.at + e.answered >= now or e.at + HOUR >= now else e.answered, e.features)
        for e in examples
    ]
    kept = [e if e.at + e.answered < now and e.at + HOUR < now else c for e, c in zip(examples, changed, strict=True)]
    first, second = fit_silence(examples, now), fit_silence(kept, now)
    assert first.as_dict() == second.as_dict()
    assert recalibrated(first, examples, now).as_dict() == recalibrated(first, kept, now).as_dict()


def test_the_rate_is_learnt() -> None:
    """With enough posts the mean chance of silence is the share that stayed silent."""
    examples = _examples(1500, 0.8)
    model = fit_silence(examples, 2000 * HOUR)
    said = np.mean([model.survival(e.features)[1] for e in examples])
    assert said == pytest.approx(np.mean([e.answered > HOUR for e in examples]), abs=0.01)


def test_what_tells_is_learnt() -> None:
    """A feature that tells silent posts from others gets to count."""
    model = fit_silence(_examples(1500, 0.5, signal=0.3), 2000 * HOUR)
    low, high = base_model().centre.copy(), base_model().centre.copy()
    low[0], high[0] = low[0] - 0.3, high[0] + 0.3
    assert model.survival(low)[1] - model.survival(high)[1] > 0.2


def test_few_posts_move_the_odds_a_little() -> None:
    """Five posts that were all answered at once leave most of the doubt."""
    few = fit_silence(_examples(5, 1.0), 400 * HOUR)
    many = fit_silence(_examples(300, 1.0), 400 * HOUR)
    centre = base_model().centre
    assert base_model().survival(centre)[1] > few.survival(centre)[1] > many.survival(centre)[1]
    assert few.survival(centre)[1] > 0.1


def test_the_level_follows_the_latest_posts() -> None:
    """When the community falls silent, the chance of silence rises before anything is learnt anew."""
    model = fit_silence(_examples(800, 0.8), 900 * HOUR)
    fallen = [Example(e.at + 1000 * HOUR, e.answered, e.features) for e in _examples(600, 0.2)]
    centre = base_model().centre
    after = recalibrated(model, fallen, 2500 * HOUR)
    assert model.survival(centre)[1] < 0.35
    assert after.survival(centre)[1] > 0.6


def test_the_curve_has_the_hours_that_are_served() -> None:
    """The curve says what nudge needs: 1, 4, 12, 24, 72 and 168 hours."""
    assert tuple(base_model().survival(base_model().centre)) == HOURS == (1, 4, 12, 24, 72, 168)
