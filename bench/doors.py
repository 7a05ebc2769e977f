"""Recommend's doors in a community of 10,000 members, over HTTP, from another process: milliseconds a request."""

import asyncio
import multiprocessing
import secrets
import tempfile
import time
from collections.abc import Iterator
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any, cast

import httpx
import uvicorn
from fastapi import FastAPI

from bench.invented import InventedVectors, NoModels, ranked_at_the_end
from bench.measuring import Figure, figure, quantile
from services.recommend.api import router
from services.recommend.app import one_blas_thread
from services.recommend.documents import INTRODUCTIONS, PEERS, RESPONDERS, SUITABLE
from services.recommend.handlers import Recommend
from services.recommend.settings import RecommendSettings
from services.recommend.state import State
from shared import problems
from shared.app import collect_rarely
from shared.connections import Connections
from shared.embedded import EmbeddedServer, free_port
from shared.events import Event, MemberJoined, Role, RolesChanged
from shared.service import Moment, ServiceName
from shared.state import Documents
from shared.store import Position, Write, dump_position

MEMBERS, POSTS, RANKED, REQUESTS, NAME = 10_000, 5_000, 400, 500, "bench"


def _events() -> Iterator[Event]:
    """Give a community in which everybody has joined, a few help by role, and the last posts are ranked."""
    talk = ranked_at_the_end(NAME, POSTS, RANKED, MEMBERS)
    first = next(talk)
    fields: dict[str, Any] = {"source": "bench", "at": first.at, "community": NAME}
    joins = (MemberJoined(id=f"j{n}", member=f"m{n}", **fields) for n in range(MEMBERS))
    roles = (RolesChanged(id=f"o{n}", member=f"m{n}", roles=(Role.CHAMPION,), **fields) for n in range(20))
    return chain([first], joins, roles, talk)


async def _stored(url: str) -> State:
    """Handle the events, and store what they leave as the loop would."""
    one_blas_thread()
    service = Recommend(RecommendSettings(), cast("Any", InventedVectors()), NoModels())
    state = await service.open(NAME, Documents())
    for event in _events():
        list(service.handle(state, event, Moment(event.at, await service.prepare(state, [event]))))
    connections = Connections(url, url, "bench")
    redis = connections.redis()
    store = connections.store(redis, ServiceName.RECOMMEND)
    position = dump_position(Position("bench", 1, 1, 1, None))
    (done,) = await store.write([Write(NAME, b"", position, state.documents.take_changes(), [])])
    assert done
    await redis.aclose()
    return state


def _serve(url: str, port: int, key: str) -> None:
    collect_rarely()
    connections = Connections(url, url, "bench")
    app = FastAPI()
    problems.install(app)
    app.include_router(router(connections.store(connections.redis(), ServiceName.RECOMMEND), key))
    uvicorn.run(app, port=port, log_level="warning", access_log=False)


def _requests(state: State) -> dict[str, list[str]]:
    """Give what is asked at each door, each time by another member."""
    table, base = state.documents.table, f"/v1/communities/{NAME}"
    asked = {
        "responders": [f"{base}/posts/{post}/responders?as=m{n}" for n, post in enumerate(sorted(table(RESPONDERS)))],
        "posts": [f"{base}/members/{member}/posts?as={member}" for member in sorted(table(SUITABLE))],
        "peers": [f"{base}/members/{member}/peers?as={member}" for member in sorted(table(PEERS))],
        "introductions": [f"{base}/members/{m}/introductions?as={m}" for m in sorted(table(INTRODUCTIONS))],
    }
    assert all(asked.values())
    return {door: list(islice(cycle(paths), REQUESTS)) for door, paths in asked.items()}


async def _answered(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(60):
        while not await _is_up(client):
            await asyncio.sleep(0.05)


async def _is_up(client: httpx.AsyncClient) -> bool:
    try:
        await client.get("/")
    except httpx.TransportError:
        return False
    return True


async def _figures(url: str) -> list[Figure]:
    state, port, key = await _stored(url), free_port(), secrets.token_hex(16)
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(url, port, key), daemon=True)
    server.start()
    try:
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            await _answered(client)
            return [f for door, paths in _requests(state).items() for f in await _door(client, door, paths)]
    finally:
        server.terminate()
        server.join()


async def _door(client: httpx.AsyncClient, door: str, paths: list[str]) -> list[Figure]:
    took = []
    for path in paths:
        started = time.perf_counter()
        (await client.get(path)).raise_for_status()
        took.append((time.perf_counter() - started) * 1000)
    what = f"GET …/{door}, {MEMBERS:,} members"
    return [figure(what, took, "ms"), quantile(f"{what}, 95th percentile", took, 0.95, "ms")]


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer(Path(folder), port=0) as server:
        yield from asyncio.run(_figures(server.url))
