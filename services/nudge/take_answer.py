"""Take what people press: to ingest first, then hold back what the inbox shows, then wait until it has come through."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from services.nudge.absence import is_away
from services.nudge.delegates import DELEGATED
from services.nudge.documents import (
    CHANNELS,
    LIVE,
    MEMBERS,
    NUDGES,
    OF_PERSON,
    OPPORTUNITIES,
    READERS,
    WISHES,
    Member,
    Nudge,
    NudgeState,
    reader_key,
)
from services.nudge.follow import said_of_person, told_by
from services.nudge.guard import Guard, Pressed
from services.nudge.kinds import KINDS
from services.nudge.naming import short_hash
from services.nudge.opening import Opener, Opening, by_template
from services.nudge.press import Press
from services.nudge.read_declined import ShownDeclined, read_declined
from services.nudge.read_delegated import Delegated, may_answer, read_delegated
from services.nudge.read_inbox import InboxReader, ShownInbox, ShownNudge
from services.nudge.settings import NudgeSettings
from services.nudge.shelf import Shelf
from services.nudge.words import Words
from shared.events import Answer, NudgeAnswered, PreferencesChanged
from shared.failures import Unavailable
from shared.problems import ProblemError
from shared.reading import StateReader
from shared.stamps import stamp_of

POLL_SECONDS: Final = 0.05

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer with what belongs to it; `by` is the delegate who gives it for the member."""

    answer: Answer
    reason: str = ""
    to: str | None = None
    until: datetime | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a press: `state` is the nudge's; not `through`, it will take effect."""

    state: NudgeState
    through: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """What the doors need to show inboxes and take answers."""

    reader: StateReader
    press: Press
    guard: Guard
    settings: NudgeSettings
    opener: Opener = by_template

    async def inbox(self, community: str, member: str) -> ShownInbox:
        held = await self.guard.held(community, member)
        language, now = self.settings.language, self.press.now()
        return await InboxReader(self.reader, community, member, held, language, now).read()

    async def openings(self, nudges: Sequence[ShownNudge], words: Words) -> dict[str, Opening]:
        """Suggest a first line for each of some nudges, by their ids; of a sensitive post the templates say none."""
        found = await asyncio.gather(
            *(by_template(nudge, words) if nudge.sensitive else self.opener(nudge, words) for nudge in nudges)
        )
        return {nudge.nudge: opening for nudge, opening in zip(nudges, found, strict=True)}

    async def declined(self, community: str, member: str) -> ShownDeclined:
        held = await self.guard.held(community, member)
        return await read_declined(self.reader, community, member, held, self.settings.language)

    async def member(self, community: str, member: str) -> Member | None:
        """Give a member as they will be once all that they pressed has come through."""
        known = await self.reader.get(community, MEMBERS, member)
        return known and (await self.guard.held(community, member)).pressed(known)

    async def own_nudge(self, community: str, member: str, nudge: str) -> Nudge:
        """Give a member's nudge; a problem (404) where it is not there or not theirs."""
        found = await self.reader.get(community, NUDGES, nudge)
        if found is None or found.member != member:
            raise ProblemError(404, "There is no such nudge", "It may be over and forgotten.")
        return found

    async def take_answer(self, community: str, member: str, nudge: str, said: Said) -> Taken:
        """Take an answer.

        Raises:
            ProblemError: no such nudge (404), it is closed (409), or the answer does not make sense (422).
            Unavailable: ingest or the store is away; nothing was recorded.
        """
        found = await self.own_nudge(community, member, nudge)
        if said.by is not None:
            await self._check_delegate(community, member, nudge, said.answer, said.by)
        if found.state not in LIVE and said.answer is not Answer.NEVER:
            if found.answer is said.answer:
                return Taken(found.state, through=True)
            if said.answer not in OF_PERSON:
                raise ProblemError(409, "This nudge is closed", f"It is {found.state.value}.", state=found.state.value)
        await self._check(community, member, found, said)
        event = await self.press.answer(
            community, member, nudge, said.answer, reason=said.reason, to=said.to, until=said.until, by=said.by
        )
        await self.hold(event)
        through = await self.comes_through(lambda: self._has_answered(event))
        return Taken(through or found.state, through=through is not None)

    async def prefer(self, community: str, member: str, given: dict[str, Any]) -> bool:
        """Take what a member prefers, fields of PreferencesChanged; say whether it has come through.

        Raises:
            ProblemError: nobody knows of such a member (404).
            Unavailable: ingest or the store is away; nothing was recorded.
        """
        if await self.reader.get(community, MEMBERS, member) is None:
            raise ProblemError(404, "There is no such member", "They have not joined, or were forgotten.")
        event = await self.press.preferences(community, member, given)
        await self.hold(event)
        return await self.comes_through(lambda: self._is_known(event)) is not None

    async def delegated(self, community: str, member: str) -> tuple[Delegated, ...]:
        """Give what a member may answer for leaders who named them."""
        return await read_delegated(self.reader, self.guard, community, member, self.settings, self.press.now())

    async def _check_delegate(self, community: str, leader: str, nudge: str, answer: Answer, by: str) -> None:
        if not await may_answer(self.reader, community, leader, nudge, by, self.press.now()):
            raise ProblemError(404, "There is no such nudge", "It may be over, or is none that a delegate may answer.")
        if answer not in DELEGATED:
            allowed = ", ".join(sorted(DELEGATED))
            detail = f"only the leader says how they want to be asked; a delegate says one of: {allowed}"
            raise ProblemError(422, "Not for a delegate", detail, errors=[{"pointer": "/answer", "detail": detail}])

    async def _check(self, community: str, member: str, nudge: Nudge, said: Said) -> None:
        if said.answer is not Answer.HAND_OVER:
            return
        if said.to is None or said.to == member or not await self._can_take_over(community, member, nudge, said.to):
            # One sentence for all that stands in the way: some of it is no affair of who hands over.
            detail = "must be another member who is here and can be asked about this"
            raise ProblemError(422, "Say to whom", detail, errors=[{"pointer": "/to", "detail": detail}])

    async def _can_take_over(self, community: str, member: str, nudge: Nudge, to: str) -> bool:
        shelf = Shelf(self.reader, community)
        await shelf.fetch(MEMBERS, [to])
        await shelf.fetch(CHANNELS, [nudge.channel])
        await shelf.fetch(READERS, [reader_key(nudge.channel, to)])
        await shelf.fetch(OPPORTUNITIES, [nudge.post])
        known, opportunity = shelf.get(MEMBERS, to), shelf.get(OPPORTUNITIES, nudge.post)
        others = [member] if opportunity is None else [member, *opportunity.concerned]
        await shelf.fetch(WISHES, [to, *others])
        if known is None or known.bot or to in others or is_away(known, self.press.now()):
            return False
        if nudge.channel and not shelf.reads(to, nudge.channel):
            return False
        if nudge.sensitive or KINDS[nudge.kind].personal:
            return False
        if opportunity is not None and short_hash(community, nudge.post, to) in opportunity.asked:
            return False
        return not any(shelf.apart(to, other) for other in others)

    async def hold(self, event: Pressed) -> None:
        """Hold back from now on what a press that ingest has accepted says to hold back."""
        try:
            await self.guard.hold(event)
        except Unavailable:
            # The press is accepted and will take effect; only the page lags.
            _log.warning("the guard could not be written; a press shows only once it has come through")

    async def comes_through(self, look: Callable[[], Awaitable[T | None]]) -> T | None:
        """Look until there is something; None where that takes too long."""
        try:
            async with asyncio.timeout(self.settings.answer_wait_seconds):
                while (found := await look()) is None:
                    await asyncio.sleep(POLL_SECONDS)
                return found
        except (TimeoutError, Unavailable):
            return None

    async def _has_answered(self, event: NudgeAnswered) -> NudgeState | None:
        """Give the nudge's state once an answer has been handled, or the nudge was closed before it came."""
        # The member first: what is written as one, and seen there, is then seen at the nudge too.
        known = event.answer not in OF_PERSON or await self._is_known(event)
        nudge = await self.reader.get(event.community, NUDGES, event.nudge)
        if not known or nudge is None:
            return None
        answered = nudge.answered is not None and nudge.answered >= stamp_of(event)
        return nudge.state if answered or nudge.state not in LIVE else None

    async def _is_known(self, event: NudgeAnswered | PreferencesChanged) -> bool | None:
        """Say that what somebody said of themselves has been handled; None as long as it is not."""
        member = await self.reader.get(event.community, MEMBERS, event.member)
        said = said_of_person(event).values()
        return True if member and all(told_by(member, one) == member for one in said) else None
