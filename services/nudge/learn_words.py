"""Learn from what became of nudges in which words they are acted on. Of people nothing is kept here, only sums."""

from dataclasses import replace
from typing import Final

from services.nudge.documents import WORDINGS, Nudge, WordingTally
from services.nudge.state import NudgeCommunity
from shared.events import Kind, Wording

# What was learnt counts less with every nudge of the same words that came after, so that words can wear out: half
# after 400.
_KEEP: Final = 0.5 ** (1 / 400)


def learn_words(state: NudgeCommunity, nudge: Nudge, *, acted: bool) -> None:
    """Learn from a nudge that has come to its end: it was acted on, or it was seen and was not."""
    if not nudge.member or not state.settings.learn_from_asks or not (acted or nudge.seen):
        return
    was = tally_of(state, nudge.kind, nudge.wording)
    now = WordingTally(was.acted * _KEEP, was.passed * _KEEP)
    now = replace(now, acted=now.acted + 1) if acted else replace(now, passed=now.passed + 1)
    state.documents.put(WORDINGS, wording_key(nudge.kind, nudge.wording), now)


def tally_of(state: NudgeCommunity, kind: Kind, wording: Wording) -> WordingTally:
    return state.documents.get(WORDINGS, wording_key(kind, wording)) or WordingTally()


def wording_key(kind: Kind, wording: Wording) -> str:
    return f"{kind}/{wording}"
