"""Where recommend is put together: the only place here that names concrete adapters."""

import asyncio
import logging
from collections.abc import Callable

from threadpoolctl import threadpool_limits

from services.recommend.api import router
from services.recommend.count import count, note_models
from services.recommend.encoder import OnnxEncoder, SentenceTransformersEncoder
from services.recommend.handlers import Recommend
from services.recommend.ports import Encoder
from services.recommend.settings import RecommendSettings
from services.recommend.stored_models import StoredModels
from services.recommend.stored_vectors import StoredVectors
from services.recommend.vector_cache import CachedEncoder, FileVectorCache
from shared.app import ServiceApp
from shared.connections import Connections
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
    encoder: Encoder = await asyncio.to_thread(open_encoder, settings, progress)
    if settings.vector_file is not None:
        encoder = CachedEncoder(encoder, await asyncio.to_thread(FileVectorCache, settings.vector_file.expanduser()))
    redis = connections.redis()
    broker = connections.log()
    store = connections.store(redis, ServiceName.RECOMMEND)
    vectors = StoredVectors(redis, connections.prefix, encoder, settings.vectors_kept)
    service = Recommend(settings, vectors, StoredModels(redis, connections.prefix))
    key = common.service_key.get_secret_value() if common.service_key else None
    processor = Processor(service, broker, store, count=count, waits_for_upgrade=common.wait_for_upgrade, traces=traces)

    async def note() -> None:
        await processor.patience("store", lambda: note_models(store))

    return ServiceApp(
        name=ServiceName.RECOMMEND,
        router=router(store, key),
        log=broker,
        redis=redis,
        processor=processor,
        beside=(note,),
        close=encoder.close,
        traces=traces,
    )


def one_blas_thread() -> None:
    """Have one thread compute each product of matrices in this process.

    They are small, or bound by memory: more threads are no faster alone, and on a busy machine wait for each other.
    """
    threadpool_limits(1, "blas")


def open_encoder(settings: RecommendSettings, progress: Callable[[str], None]) -> Encoder:
    """Load the model that the settings name; blocks."""
    if settings.encoder == "sentence-transformers":
        return SentenceTransformersEncoder(settings.model)
    return OnnxEncoder(settings.model, cache_dir=settings.cache_dir.expanduser(), progress=progress)
