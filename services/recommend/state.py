"""What the handlers work on: one community's documents, and the index derived from them."""

import hashlib
from dataclasses import dataclass, field

from services.recommend.documents import COMMUNITY, COMMUNITY_KEY, Community, Responders
from services.recommend.encoding import Encoding
from services.recommend.index import Index
from services.recommend.models import Models
from services.recommend.settings import RecommendSettings
from shared.limits import ID_BYTES
from shared.state import Documents


@dataclass(slots=True)
class State:
    """`encoding` is what made the vectors, `first` what makes those of a community that begins.

    `listed` has who lists which post. `matched` has what a post's responders come to by the numbers of people, beside
    what it was derived from.
    """

    name: str
    documents: Documents
    index: Index
    settings: RecommendSettings
    encoding: Encoding
    first: Encoding
    models: Models
    listed: dict[str, set[str]] = field(default_factory=dict)
    matched: dict[str, tuple[Responders, dict[int, float]]] = field(default_factory=dict)

    def use(self, models: Models) -> None:
        """Rank by other models from now on."""
        self.models = models

    @property
    def model(self) -> str:
        """Name models, rules with their settings, and encoder: what a ranking can be repeated with."""
        return within_id(f"{self.models.id}/{self.settings.fingerprint()}/", self.encoding.version, "")

    @property
    def community(self) -> Community:
        return self.documents.get(COMMUNITY, COMMUNITY_KEY) or Community()


def within_id(before: str, middle: str, after: str) -> str:
    """Join an id; the middle gives way to its hash where the whole would be too long."""
    whole = f"{before}{middle}{after}"
    if len(whole.encode()) <= ID_BYTES:
        return whole
    return f"{before}{hashlib.sha256(middle.encode()).hexdigest()}{after}"
