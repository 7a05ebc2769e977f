"""Models are taken over by their record: from then on, once, and back again."""

from dataclasses import replace

import numpy as np
import pytest

from services.recommend.documents import ACTIVE, BEFORE, MODELS
from services.recommend.models import Models, sha256
from services.recommend.promote import HAND_SET
from services.recommend.ranker import hand_set
from shared.events import ModelPromoted
from shared.failures import Unprocessable
from tests.recommending import DAY, START, Place, channel, made, post, reply


def contrary(name: str = "contrary") -> Models:
    """Models that rank the other way round."""
    ranker = hand_set()
    return Models(name, replace(ranker, version=name, weights=-ranker.weights))


def promoted(models: Models, after: int = 1, **changes: str) -> ModelPromoted:
    fields = {"model": models.id, "artefact": models.id, "sha256": sha256(models.artefact())} | changes
    event = made(ModelPromoted, START + after * DAY, **fields)
    assert isinstance(event, ModelPromoted)
    return event


def lively(models: Models) -> Place:
    place = Place()
    place.artefacts.bodies[models.id] = models.artefact()
    place.see(channel(), post("p1", "ann", "volume"), reply("r1", "p1", "ben"), reply("r2", "p1", "cas"))
    place.see(post("p2", "ann", "volume"), reply("r3", "p2", "ben"))
    return place


def best(place: Place, name: str) -> str:
    ranked = place.ranked(post(name, "dan", "volume", START + 3 * DAY))
    assert ranked is not None
    return ranked.matches[0].member


def test_the_promoted_model_ranks_from_its_record_on() -> None:
    """Posts before the record are ranked by the old model, later ones by the new one; each says which."""
    models = contrary()
    place = lively(models)
    assert best(place, "q1") == "ben"
    before = place.state.model
    event = promoted(models)
    assert place.see(event) == [event]
    assert best(place, "q2") != "ben"
    assert place.state.model != before
    assert place.state.model.startswith("contrary/")


def test_a_restart_ranks_by_the_model_in_use() -> None:
    """What was promoted is part of the state: no artefact has to be fetched again."""
    place = lively(contrary())
    place.see(promoted(contrary()))
    again = place.open_again()
    assert again.state.models.artefact() == place.state.models.artefact()
    assert again.state.model == place.state.model
    assert best(again, "q1") == best(place, "q1")


def test_one_can_go_back() -> None:
    """The model before is kept, and the hand-set weights can always be promoted."""
    models = contrary()
    place = lively(models)
    place.see(promoted(models), promoted(Models(), 2))
    kept = place.documents.get(MODELS, BEFORE)
    assert kept is not None
    assert kept.id == "contrary"
    assert kept.body.encode() == models.artefact()
    assert place.state.models.id == HAND_SET
    assert best(place, "q1") == "ben"


def test_an_older_record_changes_nothing() -> None:
    """Promotions that overtake each other end with the latest."""
    models = contrary()
    place = lively(models)
    place.see(promoted(models, 2), promoted(Models(), 1))
    active = place.documents.get(MODELS, ACTIVE)
    assert active is not None
    assert active.id == "contrary"


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (promoted(contrary("gone")), "not kept here any more"),
        (promoted(contrary(), sha256="0" * 64), "its hash differs"),
    ],
    ids=["missing", "altered"],
)
def test_a_model_that_is_not_there_or_is_another_is_refused(event: ModelPromoted, why: str) -> None:
    """The record becomes a dead letter that says what to do, and the model in use stays."""
    place = lively(contrary())
    with pytest.raises(Unprocessable, match=why):
        place.see(event)
    assert place.state.models.id == HAND_SET


def test_an_artefact_of_another_version_is_refused() -> None:
    """What this version cannot weigh is not used."""
    body = b'{"format":99}'
    place = lively(contrary())
    place.artefacts.bodies["new"] = body
    with pytest.raises(Unprocessable, match="train anew"):
        place.see(promoted(contrary("new"), sha256=sha256(body)))


def test_an_artefact_comes_back_as_it_was() -> None:
    """The same models give the same bytes, and these give the same models."""
    models = contrary()
    again = Models.read(models.artefact())
    assert again.artefact() == models.artefact()
    assert np.array_equal(again.ranker.weights, models.ranker.weights)
