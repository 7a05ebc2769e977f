"""Changing a community's encoder without a stop: all that takes long is done beside the running services, before.

    embed what is kept -> train with that -> embed what came meanwhile -> a record in the log, where recommend changes

The old encoder ranks up to that record. What was embedded stays where it is interrupted, and the next call goes on.
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kindling.training import Opened, Told, train_community
from kindling.vectors_of_kept import texts_now, vectors_of_kept
from services.recommend.encoding import encoder_of
from services.recommend.models import Models, sha256, trained_with
from services.recommend.ports import Encoder
from services.recommend.promote import HAND_SET
from services.recommend.settings import RecommendSettings
from services.recommend.stored_vectors import StoredVectors
from services.recommend.train import TooYoung
from shared.clock import wall_clock
from shared.events import EncoderChanged
from shared.failures import UnsafeSettings

# What came while the rest was embedded; recommend makes what is missing itself, where it changes.
FEW = 20
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Changed:
    """What a community changes to: its encoder and models (none: those set by hand), and why these."""

    encoder: str
    models: str | None
    why: str
    embedded: int


def to_change_to(encoders: Sequence[Encoder], own: str | None) -> Encoder:
    """Give the one of the encoders that the settings name, the first one first, which a community has not.

    Raises:
        UnsafeSettings: there is none, or more than one.
    """
    own = own or encoder_of(encoders[0].version)
    others = [encoder for encoder in encoders if encoder_of(encoder.version) != own]
    if not others:
        raise UnsafeSettings(
            f"{own} is the encoder in use, and the only one here: name the model to change to in "
            "KINDLING_RECOMMEND__SECOND_MODEL, for recommend too"
        )
    if len(others) > 1:
        raise UnsafeSettings(
            f"{own} is in use, and the settings name two others: drop KINDLING_RECOMMEND__MODEL or "
            "KINDLING_RECOMMEND__SECOND_MODEL"
        )
    return others[0]


def why_not(version: str, replicas: Sequence[Sequence[str]]) -> str | None:
    """Say what a change to an encoder's version would hold up at replicas with these versions; None: nothing."""
    name, number = encoder_of(version), len(replicas)
    if not replicas:
        return "no recommend of this version runs: start it"
    if lacking := sum(name not in map(encoder_of, versions) for versions in replicas):
        return (
            f"{lacking} of {number} replicas of recommend lack {name}, and their communities would wait: set "
            "KINDLING_RECOMMEND__SECOND_MODEL for all, and start them again (one that has just ended counts a minute)"
        )
    if not any(version in versions for versions in replicas):
        builds = sorted({one for versions in replicas for one in versions if encoder_of(one) == name})
        return (
            f"no replica of recommend has {version}, which makes the vectors here; they have {' and '.join(builds)} "
            "and would make all vectors again while the partition waits: run this where they run, from the same image"
        )
    return None


def with_other_builds(version: str, replicas: Sequence[Sequence[str]]) -> int:
    """Count the replicas that have the encoder in another build alone: they make the vectors again."""
    return sum(version not in versions for versions in replicas)


async def embed(rules: RecommendSettings, opened: Opened, encoder: Encoder, told: Told) -> int:
    """Make the vectors of all that a community keeps, and of what comes meanwhile but for a few. Gives how many."""
    async with _only_of_kept(rules, opened, encoder) as (store, _):
        return await _embed(opened, store, told)


@asynccontextmanager
async def _only_of_kept(
    rules: RecommendSettings, opened: Opened, encoder: Encoder
) -> AsyncIterator[tuple[StoredVectors, Encoder]]:
    """Give the vectors of an encoder, and leave none of what is not kept: by us, or by a command that was killed."""
    async with vectors_of_kept(rules, opened, encoder) as (store, noting):
        try:
            yield store, noting
        finally:
            await store.keep_only(opened.community, await texts_now(opened))


async def _embed(opened: Opened, store: StoredVectors, told: Told) -> int:
    community, made, before = opened.community, 0, None
    own = await opened.encoder()
    if own is not None:
        await store.versions.hold(community, own)
    while True:
        missing = await store.missing(community, await texts_now(opened))
        for start in range(0, len(missing), _BATCH):
            told("embedding", start, len(missing))
            await store.vectors(community, missing[start : start + _BATCH])
        told("embedding", len(missing), len(missing))
        made += len(missing)
        # More than may be kept would be missing for ever.
        if len(missing) <= FEW or (before is not None and len(missing) >= before):
            return made
        before = len(missing)


async def change(
    rules: RecommendSettings,
    opened: Opened,
    encoder: Encoder,
    told: Told,
    *,
    training: bool = True,
    still: Callable[[], Awaitable[None]] | None = None,
) -> Changed:
    """Change a community to an encoder, with models that were trained with it where there are any.

    `still` is asked just before the record is written, which is hours after the first look at large communities: what
    it raises ends the change, with what was made kept for the next call.

    Raises:
        BeingTrained: another process trains the community's models.
    """
    name = encoder_of(encoder.version)
    async with _only_of_kept(rules, opened, encoder) as (store, noting):
        embedded = await _embed(opened, store, told)
        hand_set = await _chose_hand_set(opened)
        if hand_set:
            models, why = None, "an operator chose what is set by hand"
        else:
            models, why = await _models(rules, opened, noting, told, training=training)
        embedded += await _embed(opened, store, told)
        if still is not None:
            await still()
        if not hand_set:
            # Any other choice was among models of the old encoder, which rank no more.
            await opened.tries.choose(opened.community, False)
        event = EncoderChanged(
            id=f"encoder/{name}/{secrets.token_hex(8)}", source="kindling/encoders", at=wall_clock(),
            community=opened.community, encoder=name, artefact=models.id if models else None,
            sha256=sha256(models.artefact()) if models else None,
        )  # fmt: skip
        await opened.publish(event)
    return Changed(name, models.id if models else None, why, embedded)


async def _chose_hand_set(opened: Opened) -> bool:
    stands = await opened.standing()
    return stands.chosen and stands.ranks == HAND_SET and stands.aside is None


async def _models(
    rules: RecommendSettings, opened: Opened, encoder: Encoder, told: Told, *, training: bool
) -> tuple[Models | None, str]:
    """Give the models to rank with the new encoder: those trained now, or before; and say why these."""
    too_young = "nothing was trained"
    if training:
        try:
            trained = await train_community(rules, opened, told, promote=False, keep_chosen=True, encoder=encoder)
        except TooYoung as error:
            too_young = str(error)
        else:
            found = trained.models.card["held_out"]["mrr"]
            figures = f"MRR {found['this']:.3f} on what was held out, and {found['hand_set']:.3f} by hand"
            return (trained.models, figures) if found["this"] >= found["hand_set"] else (None, figures)
    kept = (await opened.models.all(opened.community)).values()
    fitting = [Models.read(body) for body in kept if trained_with(body) == encoder_of(encoder.version)]
    return (fitting[-1], f"{too_young}, and these were before") if fitting else (None, too_young)
