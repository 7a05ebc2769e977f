"""What became of nudges: replies, expiry, and being seen."""

from dataclasses import replace
from datetime import datetime

from services.nudge import measure
from services.nudge.act import act
from services.nudge.carried import note_carried
from services.nudge.decide import decide
from services.nudge.delegates import acted_for
from services.nudge.documents import LIVE, MOST_HEARD, STANDING, Closing, Heard, Post
from services.nudge.open_opportunity import answered_with, answers, was_removed
from services.nudge.reconsider import reopen
from services.nudge.state import NudgeCommunity
from services.nudge.withdraw import close, expire
from shared.events import Event, MessageRemoved, NudgeSeen, ReplyPublished, ThreadResolved
from shared.limits import AHEAD


def reply_came(state: NudgeCommunity, event: ReplyPublished, clock: datetime) -> list[Event]:
    """Join a reply to the nudge that asked for it, and close the opportunity that it answers."""
    reply = Heard(event.message, event.author, event.channel)
    if was_removed(state, reply) or state.is_forgotten(event.author, event.at):
        return []
    post = state.post(event.post)
    if post is None or post.author is None or post.channel is None:
        _hear(state, event, post or Post(), reply, clock)
        return []
    if not answers(state, post.author, post.channel, reply):
        return []
    measure.replied(state, event.post, event.at)
    opportunity = state.opportunity(event.post)
    if opportunity is None or clock < opportunity.ends:
        state.put_post(event.post, answered_with(post, event.message))
    acted = _acted(state, event, clock)
    note_carried(state, event.author, event.post, event.at, clock)
    return acted + close(state, event.post, Closing.ANSWERED, clock)


def _hear(state: NudgeCommunity, event: ReplyPublished, post: Post, reply: Heard, clock: datetime) -> None:
    """Remember a reply that came before its post, as long as the post could still open an opportunity."""
    # An old and busy thread is such a post for ever.
    if reply in post.heard or len(post.heard) >= MOST_HEARD:
        return
    if not remember(state, event.post, event.at + state.settings.oldest_post, clock):
        return
    state.put_post(event.post, replace(post, heard=(*post.heard, reply)))


def remember(state: NudgeCommunity, message: str, until: datetime, clock: datetime) -> bool:
    """Have a message that is not known yet forgotten in time; False where it is too old to matter."""
    if until <= clock:
        return False
    if state.post(message) is None:
        state.documents.set_timer("forget", message, until)
    return True


def _acted(state: NudgeCommunity, event: ReplyPublished, clock: datetime) -> list[Event]:
    nudge = state.nudge_id(event.post, event.author)
    was = state.nudge(nudge)
    own = [(nudge, was)] if was is not None and was.state in STANDING else []
    # What a delegate answers is the leader's answer.
    acted_on = acted_for(state, event.post, event.author, event.at)
    others = [(key, replace(one, answered_by=event.author)) for key, one in acted_on]
    events: list[Event] = []
    for key, one in own or others:
        # Who replied before being asked has not acted on the nudge; a platform's clock may differ from ours by so much.
        if event.at >= one.issued - AHEAD:
            events.append(act(state, key, one, event.message, event.at, clock))
    return events


def thread_resolved(state: NudgeCommunity, event: ThreadResolved, clock: datetime) -> list[Event]:
    """Close the opportunity of a settled thread, and open none."""
    until = event.at + state.settings.oldest_post
    if (post := state.post(event.message)) is not None or remember(state, event.message, until, clock):
        state.put_post(event.message, replace(post or Post(), resolved=True))
    return close(state, event.message, Closing.RESOLVED, clock)


def message_removed(state: NudgeCommunity, event: MessageRemoved, clock: datetime) -> list[Event]:
    """Close the opportunity of a removed post, and keep nothing of its text; a removed reply answers nothing."""
    # As long as any post that it could have answered is asked about.
    until = event.at + state.settings.opportunity
    if (post := state.post(event.message)) is not None or remember(state, event.message, until, clock):
        gone = replace(post or Post(), removed=True, title="", excerpt="")
        state.put_post(event.message, gone)
    closed = close(state, event.message, Closing.REMOVED, clock)
    return closed + _take_back(state, event.message, clock)


def _take_back(state: NudgeCommunity, message: str, clock: datetime) -> list[Event]:
    """Take a removed reply from the post that it answers; with the last of them, the post needs somebody again."""
    events: list[Event] = []
    for answered in state.answered_by(message):
        post = state.post(answered) or Post()
        left = tuple(answer for answer in post.answers if answer != message)
        state.put_post(answered, replace(post, answers=left, answered=bool(left)))
        if not left:
            measure.unanswered(state, answered)
            events += reopen(state, answered, clock)
    return events


def time_is_over(state: NudgeCommunity, nudge: str, clock: datetime) -> list[Event]:
    """End a nudge that nobody acted on, and ask the next."""
    was = state.nudge(nudge)
    if was is None or was.state not in LIVE:
        return []
    return [expire(state, nudge, clock), *decide(state, was.post, clock)]


def seen(state: NudgeCommunity, event: NudgeSeen) -> None:
    """Note when a member first saw a nudge."""
    was = state.nudge(event.nudge)
    if was is not None and was.member == event.member and (was.seen is None or event.at < was.seen):
        state.put_nudge(event.nudge, replace(was, seen=event.at))
