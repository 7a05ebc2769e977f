"""What the handlers work on: one community's documents, and the index derived from them."""

from dataclasses import dataclass, field

from services.recommend.documents import COMMUNITY, COMMUNITY_KEY, Community
from services.recommend.index import Index
from services.recommend.models import Models
from services.recommend.settings import RecommendSettings
from shared.state import Documents


@dataclass(slots=True)
class State:
    """`model` names the encoder and the rules: with `models`, what a ranking can be repeated with."""

    name: str
    documents: Documents
    index: Index
    settings: RecommendSettings
    model: str
    models: Models = field(default_factory=Models)

    @property
    def community(self) -> Community:
        return self.documents.get(COMMUNITY, COMMUNITY_KEY) or Community()
