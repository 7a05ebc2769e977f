import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommend.answered import waits
from services.recommend.documents import Channel, Member, Post, Reply
from services.recommend.features import Question
from services.recommend.index import Index
from services.recommend.settings import RecommendSettings
from services.recommend.silence import FEATURES, PLACES, silence_features
from services.recommend.silence_fit import Example, fit_silence, recalibrated
from services.recommend.silence_model import HOURS, SilenceModel, base_model
from shared.events import Event, MemberUpdated, MessageRemoved, Privacy
from tests.recommending import HashedVectors, Place, channel, made, post, reply
from tests.slow_silence import SlowSilence

START = datetime(2024, 3, 4, 9, tzinfo=UTC)
HOUR = 3600.0
VECTORS = HashedVectors()


def _index(answered: dict[int, float], channel: str = "open", posts: int = 40) -> Index:
    """Make a community with a post every two hours by five authors; some are answered so many hours later by "h"."""
    index = Index(RecommendSettings(), VECTORS.dimension)
    index.set_channel("open", Channel(Privacy.PUBLIC), {}, {})
    index.set_channel("hidden", Channel(Privacy.PRIVATE), {}, {})
    for member in ("h", "a0", "a1", "a2", "a3", "a4"):
        index.set_member(member, Member())
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


WHO = [f"m{n}" for n in range(9)]
WHERE = {"open": Privacy.PUBLIC, "hall": Privacy.PUBLIC, "hidden": Privacy.PRIVATE}
TEXTS = [f"how to read file {n} {word}" for n in range(6) for word in ("fast", "again", "with tables")]
Facts = tuple[dict[str, Post], dict[str, Reply]]


def _drawn(seed: int, count: int = 600) -> Facts:
    """Draw a week or months of posts, several at the same time, and replies, some of clocks that were behind."""
    draw, step = Random(seed), (15, 300)[seed % 2]
    posts: dict[str, Post] = {}
    replies: dict[str, Reply] = {}
    for n in range(count):
        at = START + timedelta(minutes=step * n - draw.choice([0, 0, step, 600]))
        one = Post(draw.choice(list(WHERE)), draw.choice(WHO), "", draw.choice(TEXTS), at, n)
        posts[f"p{n}"] = one
        for nth in range(draw.choice([0, 0, 1, 2, 4])):
            who, later = draw.choice(WHO), draw.choice([-2, 0, 1, 50, 61, 700, 3000])
            when = at + timedelta(minutes=later)
            replies[f"r{n}.{nth}"] = Reply(f"p{n}", one.channel, who, when, who != one.author)
    return posts, replies


def _indexed(facts: Facts, bots: Iterable[str] = ()) -> Index:
    posts, replies = facts
    index = Index(RecommendSettings(), VECTORS.dimension)
    for name, privacy in WHERE.items():
        index.set_channel(name, Channel(privacy), {}, {})
    for who in WHO:
        index.set_member(who, Member(bot=who in bots))
    for name, one in posts.items():
        index.add_post(name, one, VECTORS.vector(one.words()))
    for name, answer in replies.items():
        index.add_reply(name, answer)
    return index


def _asked(facts: Facts, seed: int) -> tuple[Post, datetime]:
    """Draw what is asked about: mostly in the midst of the history, so that some of it lies ahead."""
    draw = Random(seed)
    at = START + draw.choice([0.5, 0.9, 1.0, 1.02]) * (facts[0][f"p{len(facts[0]) - 1}"].at - START)
    mentions = draw.choice([(), ("m1", "m8", "nobody")])
    return Post(draw.choice(list(WHERE)), "m0", "", draw.choice(TEXTS), at, 0, mentions=mentions), at


def _features(index: Index, asked: Post, now: float) -> Mapping[str, float]:
    words = asked.words()
    question = Question(index.people.number(asked.author), asked.channel, words, VECTORS.vector(words), asked.mentions)
    return dict(zip(FEATURES, silence_features(index, question, now).tolist(), strict=True))


def _slow(index: Index, facts: Facts, bots: Iterable[str], asked: Post, now: float) -> Mapping[str, float]:
    slow = SlowSilence(*facts, set(bots), {n for n, p in WHERE.items() if p is Privacy.PUBLIC}, asked, now)
    threads, scopes = index.threads, index.scopes_for(asked.channel)
    near = threads.cosines(VECTORS.vector(asked.words()), threads.seen(scopes))
    words = threads.word_scores(asked.words(), 40, scopes)
    by_id = ({name: float(scores[row]) for name, row in threads.rows.items()} for scores in (near, words))
    return dict(slow.features(*by_id))


@pytest.mark.parametrize("bots", [(), ("m1", "m2")])
@pytest.mark.parametrize("seed", range(6))
def test_each_feature_is_what_its_name_says(seed: int, bots: tuple[str, ...]) -> None:
    """Every feature is what going through all facts again gives, with bots among the people and without."""
    facts = _drawn(seed)
    index, (asked, at) = _indexed(facts, bots), _asked(facts, seed)
    expected = _slow(index, facts, bots, asked, at.timestamp())
    found = _features(index, asked, at.timestamp())
    assert list(expected) == list(FEATURES)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name


@pytest.mark.parametrize("seed", range(3))
def test_what_bots_do_says_nothing(seed: int) -> None:
    """With all that bots posted and answered taken away, the features are the same; they end no silence."""
    posts, replies = facts = _drawn(seed)
    bots = {"m1", "m2"}
    people = {name: one for name, one in posts.items() if one.author not in bots}
    left = {name: one for name, one in replies.items() if one.author not in bots and one.post in people}
    # Whoever answers a bot is here all the same.
    posts = {name: one for name, one in posts.items() if name in people or not _answered(name, replies, bots)}
    replies = {name: one for name, one in replies.items() if one.post in posts}
    asked, at = _asked(facts, seed)
    found = _features(_indexed((posts, replies), bots), asked, at.timestamp())
    without = _features(_indexed((people, left), bots), asked, at.timestamp())
    # How rare a word is, is counted over all texts.
    for name in set(FEATURES) - {"near silent in words"}:
        assert found[name] == pytest.approx(without[name], rel=1e-9, abs=1e-9), name


def _answered(name: str, replies: Mapping[str, Reply], bots: set[str]) -> bool:
    return any(reply.post == name and reply.author not in bots for reply in replies.values())


@pytest.mark.parametrize("seed", range(3))
def test_who_turns_out_to_be_a_bot_was_one_all_along(seed: int) -> None:
    """Declared a bot later, or none any more, somebody counts as if it had been known from the first day on."""
    facts = _drawn(seed)
    asked, at = _asked(facts, seed)
    index = _indexed(facts, ["m3"])
    for who, bot in (("m1", True), ("m3", False), ("m2", True), ("m2", False)):
        index.set_member(who, Member(bot=bot))
    assert _features(index, asked, at.timestamp()) == _features(_indexed(facts, ["m1"]), asked, at.timestamp())


def test_what_was_removed_is_as_if_it_had_never_been() -> None:
    """Of the latest hundreds of posts, those that were removed take no place, as after a restart."""
    posts, replies = _drawn(1, 700)
    index = _indexed((posts, replies))
    gone = {name for name in posts if Random(name).random() < 0.3}
    for name, answer in replies.items():
        if answer.post in gone:
            index.remove_reply(name, answer)
    for name in sorted(gone):
        index.remove_post(name, posts[name])
    left = {name: one for name, one in posts.items() if name not in gone}
    again = _indexed((left, {name: one for name, one in replies.items() if one.post in left}))
    asked, at = _asked((posts, replies), 2)
    assert _features(index, asked, at.timestamp()) == _features(again, asked, at.timestamp())


def _minute(n: int) -> datetime:
    return START + timedelta(minutes=n)


AT = st.sampled_from([0, 1, 30, 61, 3000, 20_000]).map(_minute)
WRITER, CHANNEL = st.sampled_from(["ann", "ben", "cas"]), st.sampled_from(["general", "board"])
HAPPENINGS = st.lists(
    st.one_of(
        st.builds(
            lambda n, who, where, at: post(f"p{n}", who, TEXTS[n], at, channel=where),
            st.integers(0, 5), WRITER, CHANNEL, AT,
        ),
        *[
            st.builds(
                lambda n, to, who, at: reply(f"r{n}", f"p{to}", who, at),
                st.integers(0, 9), st.integers(0, 5), WRITER, AT,
            )
        ] * 2,
        st.builds(lambda who, bot, at: made(MemberUpdated, at, member=who, bot=bot), WRITER, st.booleans(), AT),
        st.builds(lambda n, at: made(MessageRemoved, at, message=n), st.sampled_from(["p0", "p1", "r0", "r1"]), AT),
    ),
    max_size=20,
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(HAPPENINGS)
def test_a_restart_changes_no_feature(happened: list[Event]) -> None:
    """Kept up through posts, replies, removals and declared bots, every feature is what the facts give, bit for bit."""
    place = Place()
    place.see(channel(), channel("board", Privacy.PRIVATE, ["ann"]), *happened)
    again = place.open_again()
    for asked in (Post(where, who, "", TEXTS[0], START, 0) for where in ("general", "board") for who in ("ann", "eve")):
        for now in (START + timedelta(minutes=45), START + timedelta(days=20)):
            found, anew = (_features(one.state.index, asked, now.timestamp()) for one in (place, again))
            assert found == anew


def test_only_another_person_ends_a_silence() -> None:
    """Neither the author nor a bot does; an answer whose clock was behind came at once."""
    posts = {name: Post("open", "ann", "", "", START, 0) for name in ("p", "early", "silent")}
    hour = timedelta(hours=1)
    replies = {
        "a": Reply("p", "open", "bot", START + hour, True),
        "b": Reply("p", "open", "ann", START + 2 * hour, False),
        "c": Reply("p", "open", "cas", START + 4 * hour, True),
        "d": Reply("p", "open", "ben", START + 3 * hour, True),
        "e": Reply("early", "open", "ben", START - hour, True),
        "f": Reply("silent", "open", "bot", START + hour, True),
        "g": Reply("unknown", "open", "ben", START + hour, False),
    }
    assert waits(posts, replies, {"bot"}) == {"p": 3 * HOUR, "early": 0.0, "silent": math.inf}


def test_the_future_shapes_no_feature() -> None:
    """What happens at the post's time or later changes nothing that is known of it."""
    now, index, later = _after(79), _index({0: 1, 5: 2}), _index({0: 1, 5: 2, 39: 1.5, 38: 3.0})
    known = silence_features(index, _question(index), now)
    later.set_member("new", Member())
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
