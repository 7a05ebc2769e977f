"""welcome: a few words to a newcomer, who wrote their first post, or joined and has written nothing.

About the first post it is as `reply` is. Without one it opens when they have joined, waits `welcome_joined_hours`, and
ends when they write: then it is the post that is asked about. Its outcome is a message that names them.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from services.nudge.documents import Closing, Subject
from services.nudge.kinds.anatomy import Acting, Anatomy, Ending, Opening
from services.nudge.kinds.helpers import helpers, key_of
from shared.events import Kind, MemberJoined, PostPublished, ReplyPublished

if TYPE_CHECKING:
    from services.nudge.state import NudgeCommunity


def _joined(state: "NudgeCommunity", event: MemberJoined, clock: datetime) -> Iterable[Opening]:
    hours = state.settings.welcome_joined_hours
    if not hours or event.bot or state.is_forgotten(event.member, event.at):
        return
    ready = event.at + timedelta(hours=hours)
    key = key_of(Kind.WELCOME, event.member)
    ends = ready + state.settings.opportunity
    asked = helpers(state, key, clock, frozenset({event.member}))
    yield Opening(key, Subject(people=(event.member,)), event.at, max(ready, clock), ends, asked)


def _wrote(_state: "NudgeCommunity", event: PostPublished | ReplyPublished) -> Iterable[Ending]:
    yield Ending(key_of(Kind.WELCOME, event.author), Closing.OVER)


def _named(_state: "NudgeCommunity", event: PostPublished | ReplyPublished) -> Iterable[Acting]:
    for member in sorted(set(event.mentions) - {event.author}):
        yield Acting(key_of(Kind.WELCOME, member), event.author, event.message)


WELCOME: Final = Anatomy(
    kind=Kind.WELCOME,
    worth=lambda settings: settings.welcome_worth,
    stands=lambda settings: settings.ask_stands,
    ranked=lambda event: event.first_post,
    patience_hours=lambda settings: settings.welcome_patience_hours,
    wait_hours=lambda settings: settings.welcome_wait_hours,
    opens={MemberJoined: _joined},
    ends={PostPublished: _wrote, ReplyPublished: _wrote},
    acts={PostPublished: _named, ReplyPublished: _named},
)
