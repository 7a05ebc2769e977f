"""Take what people press: to ingest first, then hold back what the inbox shows, then wait until it has come through."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.nudge.documents import LIVE, MEMBERS, NUDGES, Nudge, NudgeState
from services.nudge.guard import Guard
from services.nudge.press import Press
from services.nudge.read_inbox import InboxReader, ShownInbox
from services.nudge.settings import NudgeSettings
from shared.events import Answer
from shared.failures import Unavailable
from shared.problems import ProblemError
from shared.reading import StateReader
from shared.stamps import Stamp

POLL_SECONDS: Final = 0.05

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer with what belongs to it."""

    answer: Answer
    reason: str = ""
    to: str | None = None
    until: datetime | None = None


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

    async def inbox(self, community: str, member: str) -> ShownInbox:
        held = await self.guard.held(community, member)
        return await InboxReader(self.reader, community, member, held).read()

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
        if found.state not in LIVE and said.answer is not Answer.NEVER:
            if found.answer is said.answer:
                return Taken(found.state, through=True)
            raise ProblemError(409, "This nudge is closed", f"It is {found.state.value}.", state=found.state.value)
        await self._check(community, member, said)
        stamp = await self.press.answer(
            community, member, nudge, said.answer, reason=said.reason, to=said.to, until=said.until
        )
        await self._hold(community, member, nudge, said.answer, stamp)
        return await self._wait(community, nudge, found, stamp, said.answer)

    async def _check(self, community: str, member: str, said: Said) -> None:
        if said.answer is not Answer.HAND_OVER:
            return
        if not await self._is_here(community, said.to) or said.to == member:
            detail = "must be another member who is here"
            raise ProblemError(422, "Say to whom", detail, errors=[{"pointer": "/to", "detail": detail}])

    async def _is_here(self, community: str, member: str | None) -> bool:
        if member is None:
            return False
        known = await self.reader.get(community, MEMBERS, member)
        return known is not None and not (known.left or known.bot)

    async def _hold(self, community: str, member: str, nudge: str, answer: Answer, stamp: Stamp) -> None:
        try:
            await self.guard.hold(community, member, nudge, answer, stamp)
        except Unavailable:
            # The answer is accepted and will take effect; only the page lags.
            _log.warning("the guard could not be written; an answer shows only once it has come through")

    async def _wait(self, community: str, nudge: str, found: Nudge, stamp: Stamp, answer: Answer) -> Taken:
        try:
            async with asyncio.timeout(self.settings.answer_wait_seconds):
                while not _is_through(found, stamp, answer):
                    await asyncio.sleep(POLL_SECONDS)
                    found = await self.reader.get(community, NUDGES, nudge) or found
        except (TimeoutError, Unavailable):
            return Taken(found.state, through=False)
        return Taken(found.state, through=True)


def _is_through(nudge: Nudge, stamp: Stamp, answer: Answer) -> bool:
    """Say whether the press has been handled: it is known to the nudge, or the nudge was closed before it came."""
    known = nudge.answered is not None and nudge.answered >= stamp
    return known or (nudge.state not in LIVE and answer is not Answer.NEVER)
