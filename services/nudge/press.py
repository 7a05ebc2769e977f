"""Presses: what people say on nudge's pages becomes activity at ingest, as everything does."""

import logging
import uuid
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import httpx

from services.nudge.settings import NudgeSettings
from shared.clock import Clock, wall_clock
from shared.events import (
    Answer,
    CommunityEvent,
    MatchDeclined,
    NudgeAnswered,
    NudgeReviewed,
    NudgeSeen,
    PreferencesChanged,
    TopicDeclined,
)
from shared.failures import Unavailable, UnsafeSettings
from shared.traces import NO_TRACES, Traces
from shared.wire import CONTENT_TYPE, Envelope, encode

SOURCE: Final = "kindling/nudge/pages"

_log = logging.getLogger(__name__)


class Press:
    """Posts presses to ingest. Every method raises Unavailable where ingest did not take the press."""

    def __init__(
        self, http: httpx.AsyncClient, settings: NudgeSettings, clock: Clock = wall_clock, traces: Traces = NO_TRACES
    ) -> None:
        self._key = settings.service_key.get_secret_value()
        if not self._key:
            raise UnsafeSettings("service_key is empty: set the key that ingest takes from nudge")
        self._http = http
        self._url = settings.ingest_url.rstrip("/")
        self._timeout = settings.ingest_timeout_seconds
        self._clock = clock
        self._traces = traces

    async def answer(
        self,
        community: str,
        member: str,
        nudge: str,
        answer: Answer,
        *,
        reason: str = "",
        to: str | None = None,
        until: datetime | None = None,
        by: str | None = None,
    ) -> NudgeAnswered:
        """Say a member's answer, or their delegate's, `by`; give it as it was sent: by its stamp it will be known."""
        head = self._head(community)
        said: dict[str, Any] = {"answer": answer, "reason": reason, "to": to, "until": until, "by": by}
        event = NudgeAnswered(**head, member=member, nudge=nudge, **said)
        await self._post(event)
        return event

    async def seen(self, community: str, member: str, nudge: str) -> None:
        """Say that a member has seen a nudge."""
        await self._post(NudgeSeen(**self._head(community), member=member, nudge=nudge))

    async def preferences(self, community: str, member: str, given: dict[str, Any]) -> PreferencesChanged:
        """Say what a member prefers: fields of PreferencesChanged; give it as it was sent."""
        event = PreferencesChanged(**self._head(community), member=member, **given)
        await self._post(event)
        return event

    async def review(self, community: str, member: str, nudge: str, *, approved: bool, reason: str) -> None:
        """Say whether a nudge may go to a member."""
        head = self._head(community)
        await self._post(NudgeReviewed(**head, member=member, nudge=nudge, approved=approved, reason=reason))

    async def topic(self, community: str, member: str, post: str, *, declined: bool) -> TopicDeclined:
        """Say whether a member declines the topic of a post; give it as it was sent."""
        event = TopicDeclined(**self._head(community), member=member, post=post, declined=declined)
        await self._post(event)
        return event

    async def match(self, community: str, member: str, other: str, *, declined: bool) -> MatchDeclined:
        """Say whether a member declines to be matched with another; give it as it was sent."""
        event = MatchDeclined(**self._head(community), member=member, other=other, declined=declined)
        await self._post(event)
        return event

    def now(self) -> datetime:
        """Give the time that presses carry."""
        return self._clock()

    def _head(self, community: str) -> dict[str, Any]:
        return {"id": f"press/{uuid.uuid4().hex}", "source": SOURCE, "at": self._clock(), "community": community}

    async def _post(self, event: CommunityEvent) -> None:
        url = f"{self._url}/v1/communities/{quote(event.community, safe='')}/activities"
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": CONTENT_TYPE}
        try:
            with self._traces.posting(event.community, type(event).__name__) as followed:
                response = await self._http.post(
                    url, content=encode(Envelope(event)), headers=headers | followed.headers, timeout=self._timeout
                )
                followed.answered(response.status_code)
        except httpx.HTTPError as error:
            raise Unavailable("ingest is away: nothing was recorded, try again") from error
        if not response.is_success:
            # A wrong key or address is mended by the operator; for the member it is the same: later.
            _log.error("ingest refused a press: status %s at %s", response.status_code, self._url)
            raise Unavailable("ingest did not take it: nothing was recorded, try again")
