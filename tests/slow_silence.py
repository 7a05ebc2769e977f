"""The features of silence once more, slowly: from lists of facts, one sum or loop for each."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from services.recommend.documents import Post, Reply
from services.recommend.silence import PRIOR

HOUR, DAY = 3600.0, 86_400.0
SPANS = (HOUR / 6, HOUR, 4 * HOUR, DAY, 7 * DAY)


class SlowSilence:
    """What is known of a post that is asked about as of `now`.

    `public` are the public channels; `posts` are in the order of arrival.
    """

    def __init__(
        self,
        posts: Mapping[str, Post],
        replies: Mapping[str, Reply],
        bots: Collection[str],
        public: Collection[str],
        asked: Post,
        now: float,
    ) -> None:
        self.author, self.channel, self.mentions, self.now = asked.author, asked.channel, asked.mentions, now
        told = {*public, self.channel}
        self.posts = {
            n: p for n, p in posts.items() if p.at.timestamp() < now and p.channel in told and p.author not in bots
        }
        written = [(p.at.timestamp(), p.author, p.channel) for p in self.posts.values()]
        self.answers: dict[str, list[tuple[float, str, str]]] = {}
        self.joins: list[tuple[float, str, str]] = []
        self.talked: list[float] = []
        self.helped: list[tuple[float, str]] = []
        for name, reply in sorted(replies.items(), key=lambda one: (one[1].at, one[0])):
            at = reply.at.timestamp()
            if at >= now or reply.channel not in told or reply.author in bots:
                continue
            written.append((at, reply.author, reply.channel))
            post = posts.get(reply.post)
            if reply.answers and post is not None:
                self._answer(name, reply, post, post.author in bots)
        self.written = sorted(written)

    def _answer(self, name: str, reply: Reply, post: Post, to_bot: bool) -> None:
        at = reply.at.timestamp()
        before = self.answers.setdefault(reply.post, [])
        if reply.author not in [who for _, _, who in before]:
            self.joins.append((at, reply.author, post.channel))
            if post.author == self.author:
                self.helped.append((at, reply.author))
        if self.author in (post.author, reply.author) and not to_bot:
            self.talked.append(at)
        before.append((at, name, reply.author))

    def waited(self, name: str) -> float:
        """Give how long a post waited for another person, infinite if it does."""
        found = self.answers.get(name, ())
        return max(0.0, found[0][0] - self.posts[name].at.timestamp()) if found else math.inf

    def age(self, name: str) -> float:
        return self.now - self.posts[name].at.timestamp()

    def features(self, near: Mapping[str, float], words: Mapping[str, float]) -> Iterator[tuple[str, float]]:
        """Give each feature by name; `near` and `words` say how alike each post is, by id."""
        yield from self._shares(near, words)
        yield from self._author()
        yield from self._presence()
        yield from self._crowd()

    def _latest(self, names: Iterable[str], older: float, most: int) -> list[str]:
        place = {name: place for place, name in enumerate(self.posts)}
        return sorted((n for n in names if self.age(n) > older), key=lambda n: (self.age(n), -place[n]))[:most]

    def _nearest(self, scores: Mapping[str, float], names: Iterable[str], older: float, most: int) -> list[str]:
        kept = [n for n in names if self.age(n) > older and scores[n] > 0]
        return sorted(kept, key=lambda n: -scores[n])[:most]

    def _share(self, names: Sequence[str], weights: Sequence[float], horizon: float, base: float) -> float:
        silent = sum(w for n, w in zip(names, weights, strict=True) if self.waited(n) > horizon)
        return (silent + 8 * base) / (sum(weights) + 8)

    def _shares(self, near: Mapping[str, float], words: Mapping[str, float]) -> Iterator[tuple[str, float]]:
        here = [n for n, p in self.posts.items() if p.channel == self.channel]
        own = [n for n, p in self.posts.items() if p.author == self.author]
        rate = 0.0
        for label, horizon in (("1h", HOUR), ("24h", DAY)):
            rate = PRIOR[label]
            for what, among, most, halves in (
                ("recent", list(self.posts), 300, (20, 100)),
                ("channel", here, 100, (10, 40)),
                ("author", own, 50, (10,)),
            ):
                names, base = self._latest(among, horizon, most), rate
                for half in halves:
                    share = self._share(names, [0.5 ** (k / half) for k in range(len(names))], horizon, base)
                    yield f"{what} silent {label}, {half}", logit(share)
                    if what == "recent":
                        rate = share
            names = self._nearest(near, self.posts, horizon, 100)
            weights = worth([math.exp(14 * (near[n] - 1)) for n in names])
            yield f"near silent {label}", logit(self._share(names, weights, horizon, rate))
            faded = [w * 0.5 ** (self.age(n) / (180 * DAY)) for n, w in zip(names, weights, strict=True)]
            yield f"near silent lately {label}", logit(self._share(names, faded, horizon, rate))
        names = self._nearest(near, self.posts, DAY, 300)
        faded = [0.5 ** (self.age(n) / (120 * DAY)) for n in names]
        wide = worth([math.exp(7 * (near[n] - 1)) for n in names])
        many = [w * f for w, f in zip(wide, faded, strict=True)]
        yield "near silent, many", logit(self._share(names, many, DAY, rate))
        yield "near silent, few", logit(self._share(names[:10], faded[:10], DAY, rate))
        beside = self._nearest(near, here, DAY, 50)
        weights = worth([math.exp(14 * (near[n] - 1)) for n in beside])
        yield "near silent here", logit(self._share(beside, weights, DAY, rate))
        alike = self._nearest(words, self.posts, DAY, 50)
        yield "near silent in words", logit(self._share(alike, worth([words[n] for n in alike]), DAY, rate))
        for days in (1, 7, 30):
            yield f"near answerers {days}d", self._answerers(names[:100], near, days * DAY)

    def _answerers(self, names: Sequence[str], near: Mapping[str, float], span: float) -> float:
        back = total = 0.0
        for name in names:
            weight = math.exp(14 * (near[name] - 1))
            total += weight
            found = self.answers.get(name)
            if found and found[0][2] != self.author and self._last(self.written).get(found[0][2], 0) >= self.now - span:
                back += weight
        return math.log(0.02 + back / max(total, 1e-12))

    def _author(self) -> Iterator[tuple[str, float]]:
        own = self._latest([n for n, p in self.posts.items() if p.author == self.author], 0, 10**6)
        yield "author posts", math.log1p(len(own))
        yield "author waits", float(bool(own) and self.waited(own[0]) == math.inf)
        yield "author's last post", -math.log1p(min([3650 * DAY, *map(self.age, own)]) / HOUR)
        for label, span in (("1h", HOUR), ("1d", DAY)):
            young = [n for n in own if self.age(n) <= span]
            yield f"author posts {label}", math.log1p(len(young))
            open_ = [n for n in young if n in own[:50] and self.waited(n) == math.inf]
            yield f"author open {label}", math.log1p(len(open_))

    def _last(self, entries: Iterable[tuple[float, str, str]]) -> dict[str, float]:
        return {who: at for at, who, _ in sorted(entries)}

    def _presence(self) -> Iterator[tuple[str, float]]:
        last, now = self._last(self.written), self.now
        wrote = [at for at, who, _ in self.written if who == self.author and at > now - 180 * DAY]
        yield "author messages", math.log1p(len(wrote))
        joined = self._count((at for at, who, _ in self.joins if who == self.author), 180 * DAY)
        yield "author joins", math.log1p(joined)
        yield "author back", -math.log1p(min(now - last.get(self.author, -math.inf), 3650 * DAY) / HOUR)
        named = [who for who in self.mentions if who in last and who != self.author]
        yield "mentions", float(bool(named))
        yield "mentioned here", max((1 / (1 + (now - last[who]) / DAY) for who in named), default=0.0)
        of_channel = {
            "messages": self.written,
            "joins": self.joins,
            "channel messages": [one for one in self.written if one[2] == self.channel],
            "channel joins": [one for one in self.joins if one[2] == self.channel],
        }
        for kind, entries in of_channel.items():
            ages = [now - at for who, at in self._last(entries).items() if who != self.author]
            for span in SPANS:
                name = {HOUR / 6: "10min", HOUR: "1h", 4 * HOUR: "4h", DAY: "1d", 7 * DAY: "7d"}[span]
                yield f"{kind} by {name}", math.log1p(sum(age <= span for age in ages))
            yield f"{kind} since", -math.log1p(min([3650 * DAY, *ages]) / 600)
        for kind, lives in (("channel messages", SPANS), ("joins", (30 * DAY,))):
            for life in lives:
                others = (at for at, who, _ in of_channel[kind] if who != self.author)
                yield f"{kind} count {life:g}", math.log1p(self._count(others, life))
        for name, life in (("10min", HOUR / 6), ("1h", HOUR)):
            mine = (at for at, who, _ in of_channel["channel messages"] if who == self.author)
            yield f"own channel messages {name}", math.log1p(self._count(mine, life))
        for life in (HOUR / 6, HOUR, DAY, 7 * DAY, 30 * DAY):
            yield f"talks {life:g}", math.log1p(self._count(self.talked, life))
        helpers = {who for _, who in self.helped}
        sums = [self._count((at for at, by in self.helped if by == who), 180 * DAY) for who in helpers]
        yield "helpers", math.log1p(sum(min(1.0, one) for one in sums))
        yield "helpers ever", math.log1p(len(helpers))

    def _count(self, ats: Iterable[float], life: float) -> float:
        return sum(math.exp2((at - self.now) / life) for at in ats)

    def _crowd(self) -> Iterator[tuple[str, float]]:
        here = [n for n, p in self.posts.items() if p.channel == self.channel]
        yield "channel posts", math.log1p(len(here))
        waiting = [n for n in here if self.waited(n) == math.inf and self.posts[n].author != self.author]
        yield "open 1h", math.log1p(sum(self.age(n) <= HOUR for n in waiting))
        yield "open 1d", math.log1p(sum(self.age(n) <= DAY for n in waiting))
        ats = [at for at, _, _ in self.written if at >= self.now - 56 * DAY]
        for name, hours in (("hour", 1), ("four hours", 4), ("twelve hours", 12)):
            seen = sum((at - self.now) % DAY < hours * HOUR for at in ats)
            yield f"{name} ahead", math.log((seen + 10) / (len(ats) * hours / 24 + 10))
        week = sum((at - self.now) % (7 * DAY) < DAY for at in ats)
        yield "day ahead", math.log((week + 10) / (len(ats) / 7 + 10))


def worth(weights: Sequence[float]) -> list[float]:
    squares = sum(weight**2 for weight in weights)
    return [weight * sum(weights) / squares for weight in weights]


def logit(share: float) -> float:
    return math.log(share / (1 - share))
