"""Take over another model, as of the record that says so: ranked by the old one before it, by the new one after."""

import logging

from services.recommend.documents import ACTIVE, BEFORE, MODELS, Model
from services.recommend.models import Models, sha256
from services.recommend.state import State
from shared.events import ModelPromoted
from shared.failures import Unprocessable
from shared.stamps import overrides, stamp_of
from shared.state import Documents

log = logging.getLogger(__name__)

# Names the models that every community begins with: promoting it takes all that was learnt out of use.
HAND_SET = Models().id


def promote(state: State, event: ModelPromoted, artefact: bytes | None) -> None:
    """Take over the model that an event names; raises Unprocessable where it is not here, or another one."""
    active = state.documents.get(MODELS, ACTIVE)
    if active is not None and not overrides(stamp_of(event), active.promoted):
        return
    models, body = readable(event.artefact, event.sha256, artefact, state.encoding.encoder)
    take_over(state, models, Model(event.artefact, body, stamp_of(event)))


def readable(name: str, expected: str | None, artefact: bytes | None, encoder: str) -> tuple[Models, str]:
    """Read the models that a record names, and give their JSON too.

    Raises Unprocessable where they are not here, are others, or cannot rank by an encoder's vectors.
    """
    if name == HAND_SET:
        artefact = Models().artefact()
    if artefact is None:
        raise Unprocessable(f"the model {name} is not kept here any more: train anew")
    if sha256(artefact) != expected:
        raise Unprocessable(f"the model {name} is not the one that was promoted: its hash differs")
    try:
        models = Models.read(artefact)
    except ValueError as error:
        raise Unprocessable(f"the model {name} cannot be used: {error}") from error
    if not models.fits(encoder):
        raise Unprocessable(f"the model {name} was trained with {models.encoder}, and {encoder} is in use: train anew")
    return models, artefact.decode()


def take_over(state: State, models: Models, active: Model) -> None:
    """Rank by other models from now on, and keep those in use for the way back."""
    documents, before = state.documents, state.documents.get(MODELS, ACTIVE)
    if before is not None and before.id != active.id:
        documents.put(MODELS, BEFORE, before)
    documents.put(MODELS, ACTIVE, active)
    state.use(models)


def in_use(documents: Documents, encoder: str) -> Models:
    """Give the models that a community uses: those promoted last, or those set by hand.

    Models that were trained with another encoder are set aside: what they weigh is not the same in its vectors.
    """
    active = documents.get(MODELS, ACTIVE)
    if active is None:
        return Models()
    try:
        models = Models.read(active.body.encode())
    except ValueError as error:
        # After an upgrade that changed the features; ranking goes on until it is trained anew.
        log.warning("the model %s is of another version, the hand-set one is used: %s", active.id, error)
        return Models()
    return models if models.fits(encoder) else Models()
