"""What each answer of a person does. Answers of others, to unknown nudges and to closed ones are ignored.

`less` and `never` are about the person: they are heard whatever became of the nudge, and whatever was said to it since.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from services.nudge.decide import decide
from services.nudge.delegates import DELEGATED, may_act
from services.nudge.documents import LIVE, OF_PERSON, Nudge, NudgeState
from services.nudge.follow import follow_less, follow_member, never_facts
from services.nudge.kinds import KINDS
from services.nudge.pace import note_taken_up
from services.nudge.reconsider import reconsider
from services.nudge.state import NudgeCommunity
from services.nudge.withdraw import withdraw
from shared.events import Answer, Event, NudgeAnswered, Withdrawal
from shared.stamps import stamp_of


def answer(state: NudgeCommunity, event: NudgeAnswered, clock: datetime) -> list[Event]:
    """Do what a person said to their nudge."""
    was = state.nudge(event.nudge)
    if was is None or was.member != event.member:
        return []
    if event.by is not None and (event.answer not in DELEGATED or not may_act(state, was, event.by, event.at)):
        return []
    prefers = _follow(state, event)
    events = _answer(state, event, was, clock)
    return events + (reconsider(state, state.open_posts(person=event.member), clock) if prefers else [])


def _follow(state: NudgeCommunity, event: NudgeAnswered) -> bool:
    """Take in what an answer says of the person; say whether that is news."""
    match event.answer:
        case Answer.LESS:
            return follow_less(state, event)
        case Answer.NEVER:
            return follow_member(state, event, never_facts())
        case _:
            return False


def _answer(state: NudgeCommunity, event: NudgeAnswered, was: Nudge, clock: datetime) -> list[Event]:
    """Do what an answer says to the nudge: of two, the later one holds."""
    live = was.state in LIVE
    if (not live and event.answer not in OF_PERSON) or (was.answered and stamp_of(event) <= was.answered):
        return []
    nudge = replace(was, answer=event.answer, answered=stamp_of(event), reason=event.reason, seen=was.seen or event.at)
    nudge = replace(nudge, answered_by=event.by)
    state.put_nudge(event.nudge, nudge)
    if not live:
        return []
    match event.answer:
        case Answer.CLAIM:
            return _claim(state, event, nudge)
        case Answer.DONE:
            return _done(state, event, nudge)
        case Answer.LATER:
            return _later(state, event, nudge, clock)
        case Answer.PASS:
            return _give_back(state, event, nudge, Withdrawal.PASSED, clock)
        case Answer.HAND_OVER:
            return _give_back(state, event, nudge, Withdrawal.HANDED_OVER, clock)
        case Answer.LESS:
            return _give_back(state, event, nudge, Withdrawal.PASSED, clock)
        case Answer.NEVER:
            return []


def _claim(state: NudgeCommunity, event: NudgeAnswered, nudge: Nudge) -> list[Event]:
    """Let the nudge stand until the opportunity ends; it is shown, if it was hidden."""
    opportunity = state.opportunity(nudge.post)
    expires = opportunity.ends if opportunity else nudge.expires
    claimed = replace(nudge, state=NudgeState.CLAIMED, expires=expires, hidden_until=None)
    state.put_nudge(event.nudge, claimed)
    state.documents.cancel_timer("show", event.nudge)
    state.documents.set_timer("expire", event.nudge, expires)
    return []


def _done(state: NudgeCommunity, event: NudgeAnswered, nudge: Nudge) -> list[Event]:
    """Believe it: nobody else is asked. The reply itself, once it is seen, makes it acted."""
    state.put_nudge(event.nudge, replace(nudge, state=NudgeState.DONE, hidden_until=None))
    state.documents.cancel_timer("show", event.nudge)
    state.documents.cancel_timer("expire", event.nudge)
    note_taken_up(state, event.member)
    return []


def _later(state: NudgeCommunity, event: NudgeAnswered, nudge: Nudge, clock: datetime) -> list[Event]:
    """Hide the nudge; shown again, it stands as long as a new one would."""
    opportunity = state.opportunity(nudge.post)
    ends = opportunity.ends if opportunity else nudge.expires
    until = min(event.until or event.at + timedelta(hours=state.settings.later_hours), ends)
    if until <= clock:
        return []
    stands = KINDS[nudge.kind].stands(state.settings)
    expires = nudge.expires if nudge.state is NudgeState.CLAIMED else min(until + stands, ends)
    state.put_nudge(event.nudge, replace(nudge, hidden_until=until, expires=expires))
    state.documents.set_timer("show", event.nudge, until)
    state.documents.set_timer("expire", event.nudge, expires)
    return []


def show_again(state: NudgeCommunity, nudge: str) -> list[Event]:
    """Show a nudge that its member put off."""
    if (was := state.nudge(nudge)) is not None:
        state.put_nudge(nudge, replace(was, hidden_until=None))
    return []


def _give_back(
    state: NudgeCommunity, event: NudgeAnswered, nudge: Nudge, reason: Withdrawal, clock: datetime
) -> list[Event]:
    """Take the nudge from this member, and ask whom they named, or the next."""
    withdrawn = withdraw(state, event.nudge, reason, clock)
    if reason is Withdrawal.HANDED_OVER and not KINDS[nudge.kind].personal:
        return [withdrawn, *decide(state, nudge.post, clock, to=event.to, by=event.member)]
    return [withdrawn, *decide(state, nudge.post, clock)]
