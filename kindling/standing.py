"""How a community's models stand: which ones rank and since when, and how the last try at training ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.recommend.documents import ACTIVE, COMMUNITY, COMMUNITY_KEY, ENCODED, ENCODER, MODELS
from services.recommend.models import trained_with
from services.recommend.promote import HAND_SET
from services.recommend.stored_tries import StoredTries
from services.recommend.tries import Ending, Try
from shared.connections import Connections
from shared.service import ServiceName

# A day or two are missed while a service is mended; where nothing was tried for a week, nothing trains.
LONGEST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Standing:
    """`since` is None where the weights set by hand rank, as in the beginning; `chosen`: by an operator.

    `aside` names models that rank no more because the community has another encoder than they were trained with.
    """

    community: str
    ranks: str = HAND_SET
    since: datetime | None = None
    last: Try | None = None
    at_work: bool = False
    chosen: bool = False
    open: bool = True
    aside: str | None = None

    def told(self, now: datetime) -> str:
        """Say in one line what ranks, for how long, and how the last try ended."""
        ranks = self.ranks if self.since is None else f"{self.ranks}, for {ago(now - self.since)}"
        if self.aside is not None:
            ranks = f"{ranks} until there are models for the encoder in use ({self.aside} is set aside)"
        return f"{ranks}{' (chosen by an operator)' if self.chosen else ''}; {self._tried(now)}"

    def _tried(self, now: datetime) -> str:
        if self.at_work:
            return "is being trained now"
        if self.last is None:
            return "no training was tried yet"
        said = f": {self.last.said}" if self.last.said else ""
        ending = "cut off" if self.cut_off else self.last.ending.value
        return f"last try {ago(now - self.last.at)} ago, {ending}{said}"

    @property
    def cut_off(self) -> bool:
        """Whether the last try ended without saying so."""
        return self.last is not None and self.last.ending is Ending.UNDER_WAY and not self.at_work

    def todo(self, now: datetime, every: timedelta) -> str:
        """Say what to do where the training stands still; nothing where it is not to train, or goes on.

        Models that are old because newer ones do worse, or there is too little to learn from, are as they should be.
        """
        if not every or not self.open or self.at_work:
            return ""
        if self.cut_off or (self.last is not None and self.last.ending is Ending.FAILED):
            return f"`kindling models train {self.community}` shows what is wrong; until then it ranks as before"
        lately = self.last.at if self.last is not None else self.since
        if lately is not None and now - lately > max(LONGEST, 2 * every):
            return "look whether recommend runs and reads on (/health/ready): it trains beside the stream"
        return ""


async def standing(connections: Connections, redis: Any, community: str) -> Standing:
    """Look up how a community's models stand."""
    store, tries = connections.store(redis, ServiceName.RECOMMEND), StoredTries(redis, connections.prefix)
    active = await store.get(community, MODELS, ACTIVE)
    known = await store.get(community, COMMUNITY, COMMUNITY_KEY)
    encoded = await store.get(community, ENCODED, ENCODER)
    fits = active is None or encoded is None or trained_with(active.body) in (None, encoded.encoder)
    ranks = active.id if active is not None and fits else HAND_SET
    return Standing(
        community,
        ranks,
        active.promoted.at if active is not None and ranks != HAND_SET else None,
        await tries.last(community),
        await tries.under_way(community),
        await tries.chosen(community),
        known is None or known.open,
        active.id if active is not None and not fits else None,
    )


def ago(passed: timedelta) -> str:
    """Say how long something is ago, in its largest unit."""
    minutes = max(int(passed.total_seconds() // 60), 0)
    for unit, size in (("day", 1440), ("hour", 60), ("minute", 1)):
        if minutes >= size:
            number = minutes // size
            return f"{number} {unit}{'s' if number > 1 else ''}"
    return "less than a minute"
