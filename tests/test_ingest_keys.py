import hashlib
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from services.ingest.accept import Scope
from services.ingest.keys import Keys
from shared.failures import Unavailable
from tests.ingesting import COMMUNITY, noon

SECRET = "the secret that nudge and ingest share"


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


async def test_a_key_grants_what_it_was_made_for(redis: Redis, prefix: str) -> None:
    """A key opens its community with its scopes, in every process, and nothing else."""
    token = await Keys(redis, prefix, noon).create(COMMUNITY, [Scope.ACTIVITY], "the forum")
    grant = await Keys(redis, prefix, noon).check(token)
    assert grant is not None
    assert token.startswith(f"kndl_{grant.key}_")
    assert grant.scopes == {Scope.ACTIVITY}
    assert grant.opens(COMMUNITY)
    assert not grant.opens("others")


async def test_the_secret_is_not_kept(redis: Redis, prefix: str) -> None:
    """Who reads the store learns no key: only its hash is there."""
    keys = Keys(redis, prefix, noon)
    token = await keys.create(COMMUNITY, [Scope.ACTIVITY])
    _, identity, secret = token.split("_", 2)
    stored = await redis.hget(f"{prefix}:ingest:keys", identity)
    assert isinstance(stored, bytes)
    assert secret.encode() not in stored
    assert hashlib.sha256(secret.encode()).hexdigest().encode() in stored


async def test_a_wrong_key_grants_nothing(redis: Redis, prefix: str) -> None:
    """Whatever is shown instead of a key, or is nearly one, opens nothing and breaks nothing."""
    keys = Keys(redis, prefix, noon, SECRET)
    token = await keys.create(COMMUNITY, [Scope.ACTIVITY])
    nearly = [token[:-1], token + "x", token.upper(), "kndl__" + token[6:], SECRET[:-1]]
    for wrong in (*nearly, "", "_", "kndl_", "kndl_0123456789abcdef_", "kndl_0123456789abcdef_x", "é\ud800"):
        assert await keys.check(wrong) is None


async def test_keys_are_listed_by_community(redis: Redis, prefix: str) -> None:
    """An operator sees who has a key to what, without any secret."""
    keys = Keys(redis, prefix, noon)
    await keys.create(COMMUNITY, [Scope.ACTIVITY, Scope.OPERATE], "the forum")
    await keys.create("others", [Scope.PRESS])
    (key,) = await keys.list(COMMUNITY)
    assert (key.note, sorted(key.scopes)) == ("the forum", ["activity", "operate"])
    assert {k.community for k in await keys.list()} == {COMMUNITY, "others"}


async def test_a_revoked_key_ends_within_seconds(redis: Redis, prefix: str) -> None:
    """At once where it was revoked; elsewhere when what is remembered there has become old."""
    clock = Hand()
    here, there = (Keys(redis, prefix, noon, monotonic=clock) for _ in range(2))
    token = await here.create(COMMUNITY, [Scope.ACTIVITY])
    identity = token.split("_")[1]
    assert await here.check(token)
    assert await there.check(token)
    assert await here.revoke(identity)
    assert not await here.revoke(identity)
    assert await here.check(token) is None
    assert await there.check(token)
    clock.now = 5.0
    assert await there.check(token) is None


async def test_the_service_key_opens_everything(redis: Redis, prefix: str) -> None:
    """What the operator set in both services is known without the store."""
    grant = await Keys(redis, prefix, noon, SECRET).check(SECRET)
    assert grant is not None
    assert grant.scopes == set(Scope)
    assert grant.opens("any")
    assert await Keys(redis, prefix, noon).check(SECRET) is None


async def test_a_store_that_is_away_is_unavailable(prefix: str) -> None:
    """A key that cannot be looked up is not called unknown: the sender is told to come back."""
    away = Redis.from_url("redis://127.0.0.1:1")
    with pytest.raises(Unavailable):
        await Keys(away, prefix, noon).check("kndl_0123456789abcdef_secret")
    await away.aclose()
