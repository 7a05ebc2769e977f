"""Where recommend is put together: the only place here that names concrete adapters."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from threadpoolctl import threadpool_limits

from services.recommend.api import router
from services.recommend.count import count, note_models
from services.recommend.encoder import OnnxEncoder, SentenceTransformersEncoder
from services.recommend.encoding import encoder_of
from services.recommend.handlers import Recommend
from services.recommend.ports import Encoder
from services.recommend.replicas import Replicas
from services.recommend.settings import RecommendSettings, Variant
from services.recommend.stored_models import StoredModels
from services.recommend.stored_vectors import StoredVectors
from services.recommend.vector_cache import CachedEncoder, FileVectorCache
from shared.app import ServiceApp
from shared.connections import Connections
from shared.failures import UnsafeSettings
from shared.processing import Processor
from shared.service import ServiceName
from shared.settings import CommonSettings
from shared.traces import NO_TRACES, Traces

log = logging.getLogger(__name__)


async def build(
    common: CommonSettings,
    settings: RecommendSettings,
    connections: Connections,
    progress: Callable[[str], None] = log.info,
    *,
    traces: Traces = NO_TRACES,
) -> ServiceApp:
    """Make the service; loads the model (the first time it is exported, which takes half a minute)."""
    one_blas_thread()
    encoders = await open_encoders(settings, progress)
    redis = connections.redis()
    broker = connections.log()
    store = connections.store(redis, ServiceName.RECOMMEND)
    stores = [StoredVectors(redis, connections.prefix, encoder, settings.vectors_kept) for encoder in encoders]
    service = Recommend(settings, stores[0], StoredModels(redis, connections.prefix), *stores[1:])
    replica = Replicas(redis, connections.prefix)
    key = common.service_key.get_secret_value() if common.service_key else None
    processor = Processor(service, broker, store, count=count, waits_for_upgrade=common.wait_for_upgrade, traces=traces)

    async def note() -> None:
        await processor.patience("store", lambda: note_models(store))

    async def close() -> None:
        for encoder in encoders:
            await encoder.close()

    return ServiceApp(
        name=ServiceName.RECOMMEND,
        router=router(store, key),
        log=broker,
        redis=redis,
        prefix=connections.prefix,
        processor=processor,
        beside=(note, partial(replica.tell, [encoder.version for encoder in encoders])),
        close=close,
        traces=traces,
    )


def one_blas_thread() -> None:
    """Have one thread compute each product of matrices in this process.

    They are small, or bound by memory: more threads are no faster alone, and on a busy machine wait for each other.
    """
    threadpool_limits(1, "blas")


async def open_encoders(settings: RecommendSettings, progress: Callable[[str], None]) -> list[Encoder]:
    """Load the encoder that the settings name, and the second one where they name one; close them.

    Raises:
        UnsafeSettings: both are the same.
    """
    encoders = [await asyncio.to_thread(open_encoder, settings, progress)]
    if settings.second_model is not None:
        encoders.append(await asyncio.to_thread(open_second, settings, progress))
    names = [encoder_of(encoder.version) for encoder in encoders]
    if len({*names}) < len(names):
        raise UnsafeSettings(f"KINDLING_RECOMMEND__SECOND_MODEL names {names[0]}, which the first is already: drop it")
    if settings.vector_file is not None:
        file = settings.vector_file.expanduser()
        return [CachedEncoder(encoder, await asyncio.to_thread(FileVectorCache, file)) for encoder in encoders]
    return encoders


def open_encoder(settings: RecommendSettings, progress: Callable[[str], None]) -> Encoder:
    """Load the model that the settings name; blocks."""
    return _open(settings, settings.model, settings.encoder, progress)


def open_second(settings: RecommendSettings, progress: Callable[[str], None]) -> Encoder:
    """Load the second model that the settings name; blocks."""
    assert settings.second_model is not None
    return _open(settings, settings.second_model, settings.second_encoder, progress)


def _open(settings: RecommendSettings, model: str, variant: Variant, progress: Callable[[str], None]) -> Encoder:
    if variant == "sentence-transformers":
        return SentenceTransformersEncoder(model)
    return OnnxEncoder(model, cache_dir=settings.cache_dir.expanduser(), progress=progress)
