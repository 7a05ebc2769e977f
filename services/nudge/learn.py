"""Learn from asks that have come to their end how likely people reply when asked."""

from services.nudge.budget import role_of
from services.nudge.chance import reply_ratio, with_ask, with_change
from services.nudge.documents import ROLE_TALLIES, TALLIES, Member, Nudge, RoleTally, Tally
from services.nudge.learn_words import learn_words
from services.nudge.state import NudgeCommunity
from shared.events import Withdrawal

# The member's own no, in whatever words. Why else a nudge is withdrawn says nothing of whether they would have replied.
_NO = frozenset({Withdrawal.PASSED, Withdrawal.HANDED_OVER, Withdrawal.OPTED_OUT})


def learn_reply(state: NudgeCommunity, nudge: Nudge) -> None:
    """Learn from a nudge that was acted on."""
    _count(state, nudge, replied=True)
    learn_words(state, nudge, acted=True)


def learn_end(state: NudgeCommunity, nudge: Nudge, withdrawn: Withdrawal | None) -> None:
    """Learn from a nudge that was not acted on: it expired, or was withdrawn for a reason."""
    if tells(withdrawn):
        _count(state, nudge, replied=False)
        learn_words(state, nudge, acted=False)


def tells(withdrawn: Withdrawal | None) -> bool:
    """Say whether the end of a nudge that was not acted on says anything of its member; None: it expired."""
    return withdrawn is None or withdrawn in _NO


def ratio_of(state: NudgeCommunity, member: str, known: Member | None) -> float:
    """Give by how much more, or less, often somebody replies when asked than their scores say."""
    role = state.documents.get(ROLE_TALLIES, role_of(known or Member())) or RoleTally()
    return reply_ratio(state.documents.get(TALLIES, member) or Tally(), role)


def forget(state: NudgeCommunity, member: str) -> None:
    """Drop the tally of a forgotten member; in their role's they are a part of a sum."""
    state.documents.drop(TALLIES, member)


def _count(state: NudgeCommunity, nudge: Nudge, *, replied: bool) -> None:
    # To whom a post was handed over they were asked by a person, whatever their score; who was forgotten is nobody.
    # How somebody does with other things, or another person for them, says little of whether they reply.
    opportunity = state.opportunity(nudge.post)
    if nudge.answered_by is not None or (opportunity is not None and opportunity.subject is not None):
        return
    if nudge.score is None or not nudge.member or not state.settings.learn_from_asks:
        return
    was = state.documents.get(TALLIES, nudge.member) or Tally()
    now = with_ask(was, nudge.score, replied=replied)
    role = state.documents.get(ROLE_TALLIES, nudge.role) or RoleTally()
    state.documents.put(TALLIES, nudge.member, now)
    state.documents.put(ROLE_TALLIES, nudge.role, with_change(role, was, now))
