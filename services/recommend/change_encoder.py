"""Change a community's encoder, as of the record that says so: by the old one before it, by the new one after.

All that is compared with each other is made anew in that one step: the vectors of what was written and declared, and
with them the index. Models that were trained with the old encoder are set aside.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from services.recommend.documents import ENCODED, ENCODER, Encoded, Model
from services.recommend.encoding import Encoding
from services.recommend.index import Index
from services.recommend.promote import in_use, readable, take_over
from services.recommend.state import State
from shared.events import EncoderChanged
from shared.stamps import overrides, stamp_of


def note(state: State) -> None:
    """Note which encoder a community begins with: it stays so, whatever later processes are started with."""
    if state.documents.get(ENCODED, ENCODER) is None:
        state.documents.put(ENCODED, ENCODER, Encoded(state.encoding.encoder))


def is_change(state: State, event: EncoderChanged) -> bool:
    """Say whether an event is the last word on the encoder."""
    known = state.documents.get(ENCODED, ENCODER)
    return overrides(stamp_of(event), known.changed if known else None)


def change(
    state: State,
    event: EncoderChanged,
    encoding: Encoding,
    vectors: Mapping[str, NDArray[np.int16]],
    artefact: bytes | None,
) -> None:
    """Change to an encoder, with its vectors of all texts; raises Unprocessable where its models cannot be used."""
    documents, said = state.documents, stamp_of(event)
    trained = None
    if event.artefact is not None:
        models, body = readable(event.artefact, event.sha256, artefact, encoding.encoder)
        trained = models, Model(event.artefact, body, said)
    if encoding != state.encoding:
        state.index = Index.build(state.settings, encoding.dimension, documents, vectors)
        state.encoding = encoding
        state.matched.clear()  # by numbers of people, who have others now
    documents.put(ENCODED, ENCODER, Encoded(encoding.encoder, said))
    if trained is not None:
        take_over(state, *trained)
    else:
        state.use(in_use(documents, encoding.encoder))
