"""What the handlers work on: one community's documents, and the index derived from them."""

from dataclasses import dataclass

from services.recommend.documents import COMMUNITY, COMMUNITY_KEY, Community
from services.recommend.index import Index
from services.recommend.settings import RecommendSettings
from shared.state import Documents


@dataclass(frozen=True, slots=True)
class State:
    """`model` names the encoder and the rules: what a ranking can be repeated with."""

    name: str
    documents: Documents
    index: Index
    settings: RecommendSettings
    model: str

    @property
    def community(self) -> Community:
        return self.documents.get(COMMUNITY, COMMUNITY_KEY) or Community()
