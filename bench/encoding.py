"""The embedding model: texts a second, and one text alone."""

import asyncio
import time
from collections.abc import Iterator
from random import Random

from bench.measuring import Figure, figure
from services.recommend.encoder import OnnxEncoder
from services.recommend.settings import RecommendSettings

TEXTS = 200


async def _figures() -> list[Figure]:
    draw = Random(1)  # noqa: S311 - invents text
    words = [f"word{n}" for n in range(100)]
    texts = [" ".join(draw.choices(words, k=60)) + f" {n}" for n in range(TEXTS)]
    encoder = await asyncio.to_thread(OnnxEncoder, cache_dir=RecommendSettings().cache_dir.expanduser())
    try:
        await encoder.encode(texts[:10])
        many, single = [], []
        for _ in range(3):
            started = time.perf_counter()
            await encoder.encode(texts)
            many.append(TEXTS / (time.perf_counter() - started))
        for text in texts[:50]:
            started = time.perf_counter()
            await encoder.encode([text])
            single.append((time.perf_counter() - started) * 1000)
    finally:
        await encoder.close()
    return [
        figure("texts of 60 words embedded", many, "texts/s"),
        figure("one text of 60 words embedded", single, "ms"),
    ]


def figures() -> Iterator[Figure]:
    yield from asyncio.run(_figures())
