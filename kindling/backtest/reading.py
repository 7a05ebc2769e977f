"""An archive's events in their order, as an import would give them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from services.ingest.archive import Archive, Rejected
from services.ingest.champions import ChampionRule
from services.ingest.lines import Lines
from services.ingest.mapping import ArchiveMap
from shared.events import ChannelOpened, CommunityEvent, Privacy


@dataclass
class Reading:
    """Reads the first so many messages of an archive, or all; `lines` and `rejected` count as it goes.

    A channel of unknown privacy counts as public here: an archive is judged as a whole.
    """

    archive: Path
    known: ArchiveMap
    rule: ChampionRule
    messages: int | None = None
    lines: int = 0
    rejected: int = 0

    def total(self) -> int:
        """Count the lines that will be read."""
        with Lines(self.archive) as lines:
            return sum(1 for _ in islice(lines, self.messages))

    def events(self, community: str) -> Iterator[CommunityEvent]:
        """Give the events."""
        with Lines(self.archive) as lines:
            for found in Archive(community, known=self.known, rule=self.rule).read(islice(lines, self.messages)):
                self.lines = max(self.lines, found.line_number)
                if isinstance(found, Rejected):
                    self.rejected += 1
                else:
                    yield self._opened(found.event)

    def _opened(self, event: CommunityEvent) -> CommunityEvent:
        if not isinstance(event, ChannelOpened):
            return event
        mapped = self.known.channels.get(event.channel)
        unknown = mapped is None or mapped.privacy is None
        return event.model_copy(update={"privacy": Privacy.PUBLIC}) if unknown else event
