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
    documents = state.documents
    active = documents.get(MODELS, ACTIVE)
    if active is not None and not overrides(stamp_of(event), active.promoted):
        return
    if event.artefact == HAND_SET:
        artefact = Models().artefact()
    if artefact is None:
        raise Unprocessable(f"the model {event.artefact} is not kept here any more: train anew")
    if sha256(artefact) != event.sha256:
        raise Unprocessable(f"the model {event.artefact} is not the one that was promoted: its hash differs")
    try:
        models = Models.read(artefact)
    except ValueError as error:
        raise Unprocessable(f"the model {event.artefact} cannot be used: {error}") from error
    if active is not None and active.id != event.artefact:
        documents.put(MODELS, BEFORE, active)
    documents.put(MODELS, ACTIVE, Model(event.artefact, artefact.decode(), stamp_of(event)))
    state.use(models)


def in_use(documents: Documents) -> Models:
    """Give the models that a community uses: those promoted last, or those set by hand."""
    active = documents.get(MODELS, ACTIVE)
    if active is None:
        return Models()
    try:
        return Models.read(active.body.encode())
    except ValueError as error:
        # After an upgrade that changed the features; ranking goes on until it is trained anew.
        log.warning("the model %s is of another version, the hand-set one is used: %s", active.id, error)
        return Models()
