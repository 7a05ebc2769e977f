"""Choose in which words to ask: by Thompson sampling over those that fit, less what the member saw lately. Pure.

As the sleeping, recovering bandit of Yancey & Settles (KDD 2020): some words are asleep (who asks with a reason needs
one), and the worth of words that a person saw is discounted, and recovers with time. Where theirs draws by softmax,
here the rates are drawn from what is believed of them (Thompson 1933), so that what is little known is tried.

The probability that words come out best is counted over a fixed number of such draws, seeded by the nudge, and the
words are then drawn by it: so what is logged is exactly the probability of the choice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from services.nudge.documents import WordingTally
from services.nudge.explore import draw
from services.nudge.learn_words import tally_of
from services.nudge.naming import short_hash
from services.nudge.state import NudgeCommunity
from shared.events import Evidence, Kind, Wording

DRAWS: Final = 128
# What words have lost right after they were seen, and the time in which half of that comes back.
NOVELTY: Final = 0.5
RECOVERY: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ChosenWords:
    wording: Wording
    propensity: float


def choose_words(
    state: NudgeCommunity, nudge: str, member: str, kind: Kind, evidence: Sequence[Evidence], clock: datetime
) -> ChosenWords:
    """Choose the words of a nudge that is about to be issued."""
    if not state.settings.vary_wording:
        return ChosenWords(Wording.PLAIN, 1.0)
    fitting = [wording for wording in Wording if wording is not Wording.REASON or evidence]
    seen = _last_seen(state, member, kind)
    fresh = {wording: freshness(clock - seen[wording] if wording in seen else None) for wording in fitting}
    tallies = {wording: tally_of(state, kind, wording) for wording in fitting}
    chances = chances_of(tallies, fresh, short_hash(nudge, "words"))
    place = Random(short_hash(nudge, "which words")).random()  # noqa: S311 - a replay draws the same
    drawn = draw({wording.value: chance for wording, chance in chances.items()}, place)
    return ChosenWords(Wording(drawn.member), chances[Wording(drawn.member)])


def freshness(since: timedelta | None) -> float:
    """Give what share of their worth words have for somebody who saw them so long ago; None: never."""
    return 1.0 if since is None else 1.0 - NOVELTY * 0.5 ** (max(since, timedelta()) / RECOVERY)


def chances_of(
    tallies: Mapping[Wording, WordingTally], fresh: Mapping[Wording, float], seed: str
) -> dict[Wording, float]:
    """Give how likely each of some words is to be the best, by a fixed number of draws; only those that ever were."""
    rng = Random(seed)  # noqa: S311 - a replay draws the same
    won = dict.fromkeys(tallies, 0)
    for _ in range(DRAWS):
        worth = {w: rng.betavariate(1 + one.acted, 1 + one.passed) * fresh[w] for w, one in tallies.items()}
        won[max(worth, key=worth.__getitem__)] += 1
    return {wording: count / DRAWS for wording, count in won.items() if count}


def _last_seen(state: NudgeCommunity, member: str, kind: Kind) -> dict[Wording, datetime]:
    """Give when a member was last asked for a kind in each of the words, by what their inbox still holds."""
    last: dict[Wording, datetime] = {}
    for nudge in (state.nudge(one) for one in state.inbox(member)):
        if nudge is not None and nudge.kind is kind:
            last[nudge.wording] = max(nudge.issued, last.get(nudge.wording, nudge.issued))
    return last
