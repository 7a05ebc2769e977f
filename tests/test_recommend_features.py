"""Every feature against a slow obvious version, counted from plain facts."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import numpy as np
import pytest

from services.recommend.documents import Channel, Post, Reply
from services.recommend.features import FEATURES, PLACES, Question, features
from services.recommend.index import Index
from services.recommend.interests import LEAST_COSINE
from services.recommend.past import EVER
from services.recommend.settings import RecommendSettings
from services.recommend.spans import DAY, HOUR
from services.recommend.text import tokenise
from services.recommend.vectors import SCALE
from shared.events import Privacy
from tests.recommending import START, HashedVectors
from tests.test_recommend_bm25 import slow as slow_bm25

RULES = RecommendSettings(similar_posts=4)
PEOPLE = [f"m{n}" for n in range(7)]
TEXTS = ["segment the volume", "volume rendering is slow", "install on linux", "linux install fails", "slow volume"]
INTERESTS = {"m2": ["linux install"], "m3": ["volume rendering", "segment"], "quiet": ["slow linux"]}
NOW = START + timedelta(days=40)
VECTORS = HashedVectors()


@dataclass(frozen=True)
class Facts:
    """A community, and the post that is asked about."""

    posts: dict[str, Post]
    replies: dict[str, Reply]
    author: str
    channel: str
    text: str
    mentions: tuple[str, ...]


def drawn(seed: int, *, private: bool = True, channels: tuple[str, ...] = ("general", "hall")) -> Facts:
    """Draw two public channels and a private one, without its posts where that is said; and a post in some channel."""
    draw = Random(seed)
    posts: dict[str, Post] = {}
    replies: dict[str, Reply] = {}
    for number in range(18):
        at = START + timedelta(minutes=draw.randrange(40 * 24 * 60))
        where = draw.choice(["general", "hall", "board"])
        post = Post(where, draw.choice(PEOPLE), "", draw.choice(TEXTS), at, number)
        answers = [
            (draw.choice(PEOPLE), at + timedelta(minutes=draw.choice([3, 50, 70, 2000, 30_000])))
            for _ in range(draw.randrange(4))
        ]
        if where == "board" and not private:
            continue
        posts[f"p{number:02}"] = post
        for nth, (who, when) in enumerate(answers):
            replies[f"r{number:02}.{nth}"] = Reply(f"p{number:02}", where, who, when, who != post.author)
    author = draw.choice([*PEOPLE, "beginner"])
    return Facts(posts, replies, author, draw.choice(channels), draw.choice(TEXTS), ("m1", "nobody"))


def indexed(facts: Facts) -> Index:
    index = Index(RULES, VECTORS.dimension)
    for name, privacy in (("general", Privacy.PUBLIC), ("hall", Privacy.PUBLIC), ("board", Privacy.PRIVATE)):
        index.set_channel(name, Channel(privacy), {}, {})
    for who in PEOPLE:
        index.set_reader("board", who, True)
    for who, topics in INTERESTS.items():
        index.set_interests(who, [VECTORS.vector(topic) for topic in topics])
    # What happens later is not known at the moment that is asked about.
    for name, post in facts.posts.items():
        if post.at < NOW:
            index.add_post(name, post, VECTORS.vector(post.words()))
    for name, reply in facts.replies.items():
        if reply.at < NOW and facts.posts[reply.post].at < NOW:
            index.add_reply(name, reply)
    return index


def found(facts: Facts) -> dict[str, dict[str, float]]:
    """Give every feature of everybody by name."""
    index = indexed(facts)
    author = index.people.number(facts.author)
    question = Question(author, facts.channel, facts.text, VECTORS.vector(facts.text), facts.mentions)
    values = features(index, RULES, question, NOW.timestamp()).values
    return {
        feature.name: {name: float(values[place, number]) for name, number in index.people.numbers.items()}
        for place, feature in enumerate(FEATURES)
    }


class Slow:
    """Counts by going through all facts again and again."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.now = NOW.timestamp()
        read = {"general", "hall", facts.channel}
        shown = {n: p for n, p in facts.posts.items() if p.channel in read and p.at.timestamp() < self.now}
        self.posts = dict(sorted(shown.items(), key=lambda item: item[1].ordinal))
        self.replies = sorted(
            (r.at.timestamp(), name, r) for name, r in facts.replies.items()
            if r.post in self.posts and r.at.timestamp() < self.now
        )  # fmt: skip
        self.joins: list[tuple[float, str, Post, bool]] = []  # at, who, thread, first of all
        for name, post in self.posts.items():
            seen: dict[str, float] = {}
            for at, _, reply in self.replies:
                if reply.post == name and reply.answers:
                    seen.setdefault(reply.author, at)
            self.joins += [(at, who, post, nth == 0) for nth, (who, at) in enumerate(seen.items())]
        self.messages = [(p.at.timestamp(), p.author, p.channel) for p in self.posts.values()]
        self.messages += [(at, r.author, r.channel) for at, _, r in self.replies]

    def decayed(self, whats: Iterable[tuple[float, str]], half: float) -> dict[str, float]:
        total: dict[str, float] = defaultdict(float)
        for at, who in whats:
            total[who] += 0.5 ** ((self.now - at) / half)
        return total

    def began(self, post: Post) -> bool:
        """Say whether the thread is the one with which its author began, in public or in the private channel."""
        inside = post.channel == "board"
        own = (p for p in self.posts.values() if p.author == post.author and (p.channel == "board") == inside)
        return post.ordinal == min(p.ordinal for p in own)

    def entries(self, kind: str) -> list[tuple[float, str]]:
        here = self.facts.channel
        return {
            "messages": [(at, who) for at, who, _ in self.messages],
            "joins": [(at, who) for at, who, _, _ in self.joins],
            "firsts": [(at, who) for at, who, _, first in self.joins if first],
            "welcomes": [(at, who) for at, who, post, _ in self.joins if self.began(post)],
            "quick": [(at, who) for at, who, post, _ in self.joins if at - post.at.timestamp() <= HOUR],
            "channel messages": [(at, who) for at, who, channel in self.messages if channel == here],
            "channel joins": [(at, who) for at, who, post, _ in self.joins if post.channel == here],
            "channel firsts": [(at, who) for at, who, post, first in self.joins if post.channel == here and first],
            "helped": [(at, who) for at, who, post, _ in self.joins if post.author == self.facts.author],
            "helps": [(at, post.author) for at, who, post, _ in self.joins if who == self.facts.author],
            "talks": [
                (at, other)
                for at, _, r in self.replies if r.answers
                for one, other in (
                    (self.posts[r.post].author, r.author), (r.author, self.posts[r.post].author),
                ) if one == self.facts.author
            ],
        }[kind]  # fmt: skip

    def votes(self, kind: str) -> tuple[list[str], list[float]]:
        """Give the posts that vote, most similar first, and what each one's vote weighs."""
        names = list(self.posts)
        if kind == "words":
            terms = {i: tokenise(self.posts[n].words()) for i, n in enumerate(names)}
            similar = slow_bm25(terms, tokenise(self.facts.text), len(names), RULES.query_terms)
        else:
            mine = VECTORS.vector(self.facts.text).astype(int)
            near = [int((VECTORS.vector(self.posts[n].words()).astype(int) * mine).sum()) for n in names]
            similar = [value / SCALE**2 for value in near]
        answered = {r.post for _, _, r in self.replies if r.answers}
        rows = [i for i, n in enumerate(names) if n in answered and similar[i] > 0]
        rows = sorted(rows, key=lambda i: (-similar[i], i))[: RULES.similar_posts]
        weights = [similar[i] if kind == "words" else math.exp(RULES.dense_kernel * similar[i]) for i in rows]
        return [names[i] for i in rows], weights

    def voted(self, kind: str, what: str) -> dict[str, float]:
        chosen, weights = self.votes(kind)
        total: dict[str, float] = defaultdict(float)
        for name, weight in zip(chosen, weights, strict=True):
            age = self.now - self.posts[name].at.timestamp()
            old = weight * 0.5 ** (age / (180 * DAY))
            joined = [(who, first) for _, who, post, first in self.joins if post is self.posts[name]]
            if what == "asked":
                total[self.posts[name].author] += old
                continue
            for who, first in joined:
                if what == "strong":
                    total[who] += old * weight
                elif what == "best":
                    total[who] = max(total[who], weight)
                elif what.startswith("first"):
                    total[who] += weight * 0.5 ** (age / seconds(what.split()[1])) * first
                else:
                    total[who] += weight * 0.5 ** (age / seconds(what))
        return total

    def seen(self, kind: str, unit: float) -> Callable[[str], float]:
        last: dict[str, float] = {}
        for at, who in self.entries(kind):
            last[who] = max(last.get(who, 0.0), at)
        return lambda who: 1 / (1 + (self.now - last[who]) / unit) if who in last else 0.0

    def habit(self, who: str) -> float:
        def near(at: float) -> bool:
            apart = abs((at - self.now) % DAY)
            return min(apart, DAY - apart) <= 1.5 * HOUR

        everybody = [at for at, _, _ in self.messages]
        mine = [at for at, w, _ in self.messages if w == who]
        share = max(sum(map(near, everybody)), 1) / max(len(everybody), 1)
        return min((sum(map(near, mine)) + 1) / (share * (len(mine) + 1 / share)), 20.0)

    def interest(self, who: str) -> float:
        asked = VECTORS.vector(self.facts.text).astype(float)
        cosines = [asked @ VECTORS.vector(topic).astype(float) / SCALE**2 for topic in INTERESTS.get(who, [])]
        return max((math.exp(14 * cosine) for cosine in cosines if cosine >= LEAST_COSINE), default=0.0)

    def value(self, name: str, who: str) -> float:
        """Compute any feature by its name."""
        if name.endswith(", beginner"):
            begins = not any(p.author == self.facts.author for p in self.posts.values())
            return self.value(name.removesuffix(", beginner"), who) if begins else 0.0
        if name == "mentioned":
            return float(who in self.facts.mentions)
        if name == "interest":
            return self.interest(who)
        if name == "habit":
            return self.habit(who)
        kind, _, rest = name.rpartition(" ")
        seen = {"seen": "messages", "seen joining": "joins", "seen in channel": "channel messages"}
        seen["seen joining in channel"] = "channel joins"
        if kind in seen:
            return self.seen(seen[kind], seconds(rest))(who)
        if name.endswith(" share"):
            part, whole = {
                "first share": ("firsts", "joins"), "quick share": ("quick", "joins"),
                "welcome share": ("welcomes", "joins"), "channel share": ("channel joins", "joins"),
                "join share": ("joins", "messages"),
            }[name]  # fmt: skip
            half = 180 * DAY
            return self.decayed(self.entries(part), half)[who] / (self.decayed(self.entries(whole), half)[who] + 2)
        text, _, what = name.partition(" ")
        if text in ("words", "meaning"):
            return self.voted(text, what)[who]
        return self.decayed(self.entries(kind), seconds(rest))[who]


def seconds(span: str) -> float:
    if span == "ever":
        return EVER
    for unit, length in (("min", 60.0), ("h", HOUR), ("d", DAY)):
        if span.endswith(unit):
            return float(span.removesuffix(unit)) * length
    raise ValueError(span)


COMMUNITIES = [drawn(seed) for seed in range(12)] + [drawn(seed, channels=("board",)) for seed in range(12, 20)]
FOUND = [found(facts) for facts in COMMUNITIES]
SLOW = [Slow(facts) for facts in COMMUNITIES]


@pytest.mark.parametrize("name", list(PLACES))
def test_a_feature_is_what_counting_would_give(name: str) -> None:
    """Each feature, for everybody, is the one that its name and unit promise."""
    for community, slow in zip(FOUND, SLOW, strict=True):
        for who, value in community[name].items():
            assert value == pytest.approx(slow.value(name, who), rel=1e-6, abs=1e-9), who


def test_each_feature_says_something_somewhere() -> None:
    """No test above passes because everything is nothing."""
    for name in PLACES:
        if not name.endswith(("10min", "1min", "1h", "4h")) or "seen" in name:
            assert any(value for community in FOUND for value in community[name].values()), name


def test_a_habit_is_read_off_whole_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the latest messages count, of those at one time all do: their order of arrival says nothing."""
    monkeypatch.setattr("services.recommend.features._HABIT_MESSAGES", 3)
    asked = Question(0, "general", "", VECTORS.vector(""))

    def told(*repliers: str) -> dict[str, float]:
        index = Index(RULES, VECTORS.dimension)
        index.set_channel("general", Channel(Privacy.PUBLIC), {}, {})
        at = NOW - timedelta(days=2)
        index.add_post("p", Post("general", "m0", "", "", at - timedelta(hours=9), 0), VECTORS.vector(""))
        for nth, who in enumerate(repliers):
            index.add_reply(f"r{nth}", Reply("p", "general", who, at, True))
        index.add_reply("last", Reply("p", "general", "m1", at + timedelta(hours=5), True))
        values = features(index, RULES, asked, NOW.timestamp()).values[PLACES["habit"]]
        return {who: float(values[number]) for who, number in index.people.numbers.items()}

    assert told("m1", "m2", "m3", "m4", "m4") == told("m4", "m3", "m4", "m2", "m1")
    # Five of the latest six are of this hour, both of m4; the post is not of the latest.
    assert told("m1", "m2", "m3", "m4", "m4")["m4"] == pytest.approx(3 / (5 / 6 * (2 + 6 / 5)))
    assert told("m1", "m2", "m3", "m4", "m4")["m0"] == pytest.approx(1.0)


def test_what_is_private_shapes_no_feature_of_a_public_post() -> None:
    """With everything in the private channel gone, every feature is the same to the last bit."""
    for seed in range(6):
        with_it, without = found(drawn(seed)), found(drawn(seed, private=False))
        for name in PLACES:
            for who, value in without[name].items():
                assert with_it[name][who] == value, (name, who)
        assert np.isfinite([value for one in with_it.values() for value in one.values()]).all()
