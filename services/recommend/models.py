"""The models of a community: learnt from its own history, or set by hand while there is none; one artefact.

An artefact is JSON: reading one runs nothing of it. It carries a card that says what it was learnt from and how
well it did on what came after.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.recommend import meeting, suits
from services.recommend.encoding import encoder_of
from services.recommend.meeting import Meeting
from services.recommend.ranker import HAND_SET, Ranker, hand_set
from services.recommend.silence_model import SilenceModel, base_model
from services.recommend.suits import Suits

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Models:
    """`id` names the artefact; `card` says what it was learnt from, and how well it did."""

    id: str = HAND_SET
    ranker: Ranker = field(default_factory=hand_set)
    silence: SilenceModel = field(default_factory=base_model)
    suits: Suits = field(default_factory=suits.hand_set)
    meeting: Meeting = field(default_factory=meeting.hand_set)
    card: dict[str, Any] = field(default_factory=dict)

    @property
    def encoder(self) -> str | None:
        """Name the encoder that they were trained with; None for what was set by hand."""
        return _encoder_on(self.card)

    def fits(self, encoder: str) -> bool:
        """Say whether they can rank by an encoder's vectors: what they weigh means another thing in another's."""
        return self.encoder in (None, encoder)

    def artefact(self) -> bytes:
        """Give all of it as JSON, the same bytes for the same models."""
        body = {
            "format": FORMAT,
            "id": self.id,
            "card": self.card,
            "ranker": self.ranker.as_dict(),
            "silence": self.silence.as_dict(),
            "suits": self.suits.as_dict(),
            "meeting": self.meeting.as_dict(),
        }
        return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()

    @classmethod
    def read(cls, artefact: bytes) -> "Models":
        """Read an artefact; ValueError for what is none, or was made by another version."""
        try:
            body = json.loads(artefact)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"this is no model that Kindling made ({error})") from error
        try:
            if body["format"] != FORMAT:
                raise ValueError(f"the model has format {body['format']}, and this version reads {FORMAT}: train anew")
            models = cls(
                body["id"],
                Ranker.from_dict(body["ranker"]),
                SilenceModel.from_dict(body["silence"]),
                Suits.from_dict(body["suits"]) if "suits" in body else suits.hand_set(),
                Meeting.from_dict(body["meeting"]) if "meeting" in body else meeting.hand_set(),
                body["card"],
            )
            models.artefact()  # refuses what is not a number
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is no model that Kindling made ({error!r})") from error
        return models


def trained_with(artefact: bytes | str) -> str | None:
    """Name the encoder that an artefact was trained with, read off its card; None for what was set by hand."""
    return _encoder_on(json.loads(artefact).get("card") or {})


def _encoder_on(card: Mapping[str, Any]) -> str | None:
    version = card.get("encoder")
    return None if version is None else encoder_of(version)


def sha256(artefact: bytes) -> str:
    """Give the hash that an artefact is known by."""
    return hashlib.sha256(artefact).hexdigest()
