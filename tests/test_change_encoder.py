"""A community's encoder changes at one record: the old one before it, the new one after, and never both at once."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kindling.changing import why_not, with_other_builds
from services.recommend.documents import ACTIVE, BEFORE, ENCODED, ENCODER, MODELS, POSTS
from services.recommend.encoding import encoder_of
from services.recommend.models import Models, sha256
from services.recommend.promote import HAND_SET
from services.recommend.ranker import hand_set
from services.recommend.settings import RecommendSettings
from shared.events import (
    CommunityClosed,
    CommunityDeleted,
    CommunityOpened,
    EncoderChanged,
    Event,
    MessageEdited,
    MessageRemoved,
    ModelPromoted,
    PreferencesChanged,
)
from shared.failures import Lacking, Unprocessable
from shared.state import Documents
from tests.recommending import DAY, START, HashedVectors, Place, channel, made, post, reply, settings

OLD, NEW = "old/int8/0123", "new/int8/4567"


def first() -> HashedVectors:
    return HashedVectors(f"{OLD}/runtime-1")


def second() -> HashedVectors:
    return HashedVectors(f"{NEW}/runtime-1", 20)


def place(stored: dict[str, bytes] | None = None, **more: Any) -> Place:
    """Open a community where both encoders are."""
    return Place(**{"stored": stored, "vectors": first(), "second": second()} | more)


def lively() -> Place:
    found = place()
    found.see(channel(), post("p1", "ann", "volume"), reply("r1", "p1", "ben"), post("p2", "cas", "vessel wall"))
    found.see(made(PreferencesChanged, START, member="dan", interests=("vessel",)))
    return found


def changed(encoder: str = NEW, after: float = 1, models: Models | None = None, **more: Any) -> EncoderChanged:
    named = {"artefact": models.id, "sha256": sha256(models.artefact())} if models else {}
    event = made(EncoderChanged, START + after * DAY, encoder=encoder, **named, **more)
    assert isinstance(event, EncoderChanged)
    return event


def trained(with_: str, name: str) -> Models:
    ranker = hand_set()
    return Models(name, replace(ranker, version=name, weights=-ranker.weights), card={"encoder": f"{with_}/runtime-0"})


def promoted(models: Models, after: float) -> Event:
    named = {"model": models.id, "artefact": models.id, "sha256": sha256(models.artefact())}
    return made(ModelPromoted, START + after * DAY, **named)  # type: ignore[no-any-return]


def made_by(found: Place) -> str:
    """Say whose vectors the index holds; fails where they are mixed, or are not those of the texts."""
    store = {v.version: v for v in (found.vectors, found.second) if v is not None}[found.state.encoding.version]
    threads = found.state.index.threads
    assert found.state.index.dimension == store.dimension
    for name, known in found.documents.table(POSTS).items():
        assert np.array_equal(threads.vector(threads.rows[name]), store.vector(known.words()))
    return encoder_of(store.version)


def test_the_new_encoder_makes_all_vectors_from_its_record_on() -> None:
    """What was written before is compared by the new one's vectors too, and what is ranked says by which it was."""
    found = lively()
    before = found.ranked(post("q1", "eve", "volume", START + DAY / 2))
    assert before is not None
    assert before.model.endswith(f"{OLD}/runtime-1")
    assert made_by(found) == OLD
    assert found.second is not None
    assert found.second.calls == []
    event = changed()
    assert found.see(event) == [event]
    assert made_by(found) == NEW
    assert set(found.second.calls) == {"volume", "vessel wall", "vessel"}
    asked = len(found.vectors.calls)
    after = found.ranked(post("q2", "eve", "volume of a vessel", START + 2 * DAY))
    assert after is not None
    assert after.model.endswith(f"{NEW}/runtime-1")
    assert {match.member for match in after.matches} == {match.member for match in before.matches}
    assert len(found.vectors.calls) == asked
    assert made_by(found) == NEW
    found.see(changed(OLD, 3))
    assert made_by(found) == OLD


def test_a_restart_goes_on_with_the_encoder_that_was_changed_to() -> None:
    """It is part of the state, whatever the settings call the first: after a swap of both, all is as it was."""
    found = lively()
    found.see(changed())
    again = found.open_again()
    assert made_by(again) == NEW
    swapped = Place(stored=found.stored, vectors=second(), second=first())
    assert made_by(swapped) == NEW
    assert made_by(Place(stored=found.stored, vectors=second())) == NEW
    event = post("q", "eve", "volume", START + 2 * DAY)
    assert again.ranked(event) == found.ranked(event)


def test_an_older_record_changes_nothing() -> None:
    """Of two the later one holds, in whatever order they come."""
    found = lively()
    found.see(changed(NEW, 2), changed(OLD, 1))
    assert made_by(found) == NEW


def test_a_community_keeps_the_encoder_it_began_with() -> None:
    """New settings are for new communities: one that is there waits for its own, and is not compared by another."""
    found = lively()
    known = found.documents.get(ENCODED, ENCODER)
    assert known is not None
    assert (known.encoder, known.changed) == (OLD, None)
    with pytest.raises(Lacking, match=f"its vectors from {OLD}, and here is only {NEW}.*SECOND_MODEL"):
        Place(stored=found.stored, vectors=second())


def test_a_community_from_before_the_upgrade_has_the_first_encoder() -> None:
    """What was stored before an encoder was noted goes on with what recommend is set to, and notes it."""
    found = lively()
    stored = {name: body for name, body in found.stored.items() if not name.startswith(f"{ENCODED.name}/")}
    again = place(stored)
    assert made_by(again) == OLD
    again.see(post("q", "eve", "volume", START + DAY))
    assert again.documents.get(ENCODED, ENCODER) == found.documents.get(ENCODED, ENCODER)


def test_another_build_of_an_encoder_makes_vectors_anew() -> None:
    """An upgrade of what runs the model is no change of the encoder, and its vectors do not meet the old build's."""
    found = lively()
    build = HashedVectors(f"{OLD}/runtime-2")
    again = Place(stored=found.stored, vectors=build)
    assert made_by(again) == OLD
    assert set(build.calls) == {"volume", "vessel wall", "vessel"}


def test_who_lacks_the_new_encoder_stops_at_the_record() -> None:
    """Nothing is ranked by the wrong vectors: what comes before the record is handled, the record itself is not."""
    found = Place(stored=lively().stored, vectors=first())
    found.see(post("q1", "eve", "volume", START + DAY / 2))
    with pytest.raises(Lacking, match=NEW):
        found.see(changed())
    assert made_by(found) == OLD


def test_it_can_be_told_to_embed_anew_instead() -> None:
    """Where the old encoder is lost for ever, the first one takes over, and says so in the state."""
    anew = settings(without_encoder="embed-anew")
    found = Place(anew, lively().stored, second())
    assert made_by(found) == NEW
    found.see(post("q1", "eve", "volume", START + DAY / 2))
    known = found.documents.get(ENCODED, ENCODER)
    assert known is not None
    assert known.encoder == NEW
    found.see(changed("lost/int8/89", 2))
    assert made_by(found.open_again()) == NEW


def test_models_of_the_old_encoder_are_set_aside() -> None:
    """What weighs the old one's cosines does not rank by the new one's, until the way back; nor can it be promoted."""
    found, models = lively(), trained(OLD, "learned-old")
    found.artefacts.bodies[models.id] = models.artefact()
    found.see(promoted(models, 0.5))
    assert found.state.models.id == models.id
    found.see(changed())
    assert found.state.models.id == HAND_SET
    assert found.open_again().state.models.id == HAND_SET
    with pytest.raises(Unprocessable, match=f"was trained with {OLD}, and {NEW} is in use"):
        found.see(promoted(models, 2))
    found.see(changed(OLD, 3))
    assert found.state.models.id == models.id


def test_models_that_were_trained_before_rank_from_the_same_record_on() -> None:
    """There is no moment without models: those in the record take over with the encoder, the old ones stay at hand."""
    found, old, new = lively(), trained(OLD, "learned-old"), trained(NEW, "learned-new")
    found.artefacts.bodies |= {models.id: models.artefact() for models in (old, new)}
    found.see(promoted(old, 0.5), changed(models=new))
    assert (made_by(found), found.state.models.id) == (NEW, new.id)
    active, before = (found.documents.get(MODELS, key) for key in (ACTIVE, BEFORE))
    assert active is not None
    assert before is not None
    assert (active.id, before.id) == (new.id, old.id)
    found.see(changed(OLD, 2, old))
    assert (made_by(found), found.state.models.id) == (OLD, old.id)


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (changed(models=trained(NEW, "gone")), "not kept here any more"),
        (changed(models=trained(OLD, "learned-old")), f"was trained with {OLD}"),
        (changed(artefact="learned-old"), "its hash differs"),
    ],
)
def test_a_change_with_models_that_cannot_be_used_changes_nothing(event: EncoderChanged, why: str) -> None:
    """Both take over or neither: the record becomes a dead letter that says why."""
    found, old = lively(), trained(OLD, "learned-old")
    found.artefacts.bodies[old.id] = old.artefact()
    with pytest.raises(Unprocessable, match=why):
        found.see(event)
    assert made_by(found.open_again()) == OLD
    assert made_by(found) == OLD


def test_a_community_that_is_deleted_begins_anew() -> None:
    """Opened again it has the first encoder, as a restart in between would give it."""
    found = lively()
    found.see(changed(), made(CommunityClosed, START + 2 * DAY), made(CommunityDeleted, START + 3 * DAY))
    assert set(found.stored) == {"community/this"}
    opened = made(CommunityOpened, START + 4 * DAY)
    again = found.open_again()
    for one in (found, again):
        one.see(opened, post("n1", "ann", "volume", START + 5 * DAY))
        assert made_by(one) == OLD
    assert found.stored == again.stored


def _whole(found: Place, events: Sequence[Event]) -> list[Event]:
    """Handle events as one batch."""
    found.driven.aids = asyncio.run(found.service.prepare(found.state, events))
    return [emitted for event in events for emitted in found.driven.step(event)]


STEPS: Sequence[Callable[[int], Event]] = (
    lambda n: post(f"n{n}", "ann", f"volume {n % 3}", START + n * DAY / 10),
    lambda n: reply(f"a{n}", "p1", "cas", START + n * DAY / 10),
    lambda n: changed(NEW, n / 10),
    lambda n: changed(OLD, n / 10),
    lambda n: made(MessageEdited, START + n * DAY / 10, message="p2", text=f"edited {n}"),
    lambda n: made(MessageRemoved, START + n * DAY / 10, message="p1"),
    lambda n: made(PreferencesChanged, START + n * DAY / 10, member="dan", interests=(f"topic {n % 2}",)),
)


@given(st.lists(st.integers(0, len(STEPS) - 1), max_size=8))
def test_a_change_in_the_midst_of_a_batch_is_as_if_each_came_alone(which: list[int]) -> None:
    """Batches are chance: what is emitted and kept is the same, and a restart says the same as who went on."""
    events = [STEPS[step](n) for n, step in enumerate(which, 1)]
    alone, together = lively(), lively()
    found = [emitted for event in events for emitted in alone.see(event)]
    assert _whole(together, events) == found
    assert made_by(together) == made_by(alone) == made_by(alone.open_again())
    asked = post("last", "eve", "volume", START + 2 * DAY)
    assert together.see(asked) == alone.open_again().see(asked)


def test_both_encoders_are_told_apart_from_their_builds() -> None:
    """The build is what follows the last slash, also of a model whose name has one."""
    assert encoder_of("org/model/onnx-int8/0123/onnxruntime-1.20-cpu") == "org/model/onnx-int8/0123"
    assert encoder_of("hashed") == "hashed"


BUILD, OTHER = f"{NEW}/runtime-1", f"{NEW}/runtime-2"
FIRST = f"{OLD}/runtime-1"


@pytest.mark.parametrize(
    ("replicas", "why", "others"),
    [
        ([], "no recommend of this version runs", 0),
        ([[FIRST, BUILD], [FIRST]], f"1 of 2 replicas of recommend lack {NEW}", 1),
        ([[FIRST, OTHER], [OTHER]], f"no replica of recommend has {BUILD}.*they have {OTHER} and", 2),
        ([[FIRST, BUILD], [OTHER]], None, 1),
        ([[FIRST, BUILD], [BUILD]], None, 0),
    ],
)
def test_vectors_that_no_replica_would_use_are_no_reason_to_change(
    replicas: list[list[str]], why: str | None, others: int
) -> None:
    """Vectors are kept by build: made by one that no replica has, all would be made again in the step of the record."""
    said = why_not(BUILD, replicas)
    assert (said is None) if why is None else re.search(why, said or "")
    assert with_other_builds(BUILD, replicas) == others


def test_settings_of_encoders_are_no_rules() -> None:
    """A ranking's name does not change with the second model: it ranks nothing until it is the one in use."""
    more = settings(second_model="other", second_encoder="sentence-transformers", without_encoder="embed-anew")
    assert more.fingerprint() == RecommendSettings().fingerprint()


def test_nothing_is_noted_before_anything_is_handled() -> None:
    """To look at a community changes nothing of it."""
    documents = Documents()
    asyncio.run(place().service.open("c", documents))
    assert documents.take_changes().puts == {}
