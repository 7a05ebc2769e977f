"""What became of nudges: replies, expiry, and being seen."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from services.nudge.decide import decide
from services.nudge.documents import LIVE, POSTS, STANDING, Closing, Heard, NudgeState, Post
from services.nudge.open_opportunity import answers, was_removed
from services.nudge.state import NudgeCommunity
from services.nudge.withdraw import SOURCE, close, end_timers, expire
from shared.events import Event, MessageRemoved, NudgeActed, NudgeSeen, ReplyPublished, ThreadResolved
from shared.limits import AHEAD

MOST_HEARD: Final = 20


def reply_came(state: NudgeCommunity, event: ReplyPublished, clock: datetime) -> list[Event]:
    """Join a reply to the nudge that asked for it, and close the opportunity that it answers."""
    reply = Heard(event.message, event.author, event.channel)
    if was_removed(state, reply) or state.is_forgotten(event.author, event.at):
        return []
    post = state.post(event.post)
    if post is None or post.author is None or post.channel is None:
        _hear(state, event, post or Post(), reply, clock)
        return []
    if post.answered and state.opportunity(event.post) is None:
        return []
    if not answers(state, post.author, post.channel, reply):
        return []
    state.documents.put(POSTS, event.post, replace(post, answered=True))
    acted = _acted(state, event, clock)
    return acted + close(state, event.post, Closing.ANSWERED, clock)


def _hear(state: NudgeCommunity, event: ReplyPublished, post: Post, reply: Heard, clock: datetime) -> None:
    """Remember a reply that came before its post, as long as the post could still open an opportunity."""
    # One of each person says as much as all; an old and busy thread is such a post for ever.
    known = any(
        h.author == reply.author and h.channel == reply.channel and not was_removed(state, h) for h in post.heard
    )
    if known or reply in post.heard or len(post.heard) >= MOST_HEARD:
        return
    if not _remember(state, event.post, event.at, clock):
        return
    state.documents.put(POSTS, event.post, replace(post, heard=(*post.heard, reply)))


def _remember(state: NudgeCommunity, message: str, at: datetime, clock: datetime) -> bool:
    """Have a message that is not known yet forgotten in time; False where it is too old to matter."""
    until = at + state.settings.oldest_post
    if until <= clock:
        return False
    if state.post(message) is None:
        state.documents.set_timer("forget", message, until)
    return True


def _acted(state: NudgeCommunity, event: ReplyPublished, clock: datetime) -> list[Event]:
    nudge = state.nudge_id(event.post, event.author)
    was = state.nudge(nudge)
    # Who replied before being asked has not acted on the nudge; a platform's clock may differ from ours by so much.
    if was is None or was.state not in STANDING or event.at < was.issued - AHEAD:
        return []
    acted = replace(was, state=NudgeState.ACTED, message=event.message, hidden_until=None, closed=clock)
    state.put_nudge(nudge, acted)
    end_timers(state, nudge)
    return [
        NudgeActed(
            id=f"nudge/{nudge}/acted",
            source=SOURCE,
            at=clock.astimezone(UTC),
            community=state.community,
            member=was.member,
            nudge=nudge,
            kind=was.kind,
            post=was.post,
            message=event.message,
            seconds=max(0.0, (event.at - was.issued).total_seconds()),
        )
    ]


def thread_resolved(state: NudgeCommunity, event: ThreadResolved, clock: datetime) -> list[Event]:
    """Close the opportunity of a settled thread, and open none."""
    if (post := state.post(event.message)) is not None or _remember(state, event.message, event.at, clock):
        state.documents.put(POSTS, event.message, replace(post or Post(), resolved=True))
    return close(state, event.message, Closing.RESOLVED, clock)


def message_removed(state: NudgeCommunity, event: MessageRemoved, clock: datetime) -> list[Event]:
    """Close the opportunity of a removed post, and keep nothing of its text.

    A reply that was removed before it came, or before its post did, answers nothing; what another has closed already
    stays closed, since somebody did answer.
    """
    if (post := state.post(event.message)) is not None or _remember(state, event.message, event.at, clock):
        gone = replace(post or Post(), removed=True, title="", excerpt="")
        state.documents.put(POSTS, event.message, gone)
    return close(state, event.message, Closing.REMOVED, clock)


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
