"""What the doors read of a real store."""

from typing import Any, cast

import pytest
from redis.asyncio import Redis

from services.nudge.documents import INBOXES, Inbox
from shared.held import words_of
from shared.redis_store import RedisStore
from shared.service import ServiceName


async def test_many_documents_are_read_in_one_go(redis_url: str, prefix: str) -> None:
    """As many answers as keys, in their order, nothing for what is not there."""
    redis = Redis.from_url(redis_url)
    store = RedisStore(redis, prefix, ServiceName.NUDGE)
    ann, bob = Inbox(("n1",)), Inbox(("n2", "n3"))
    stored = {"inbox/ann": INBOXES.dump(ann), "inbox/bob": INBOXES.dump(bob), "inbox/gone": b""}
    await cast("Any", redis.hset(store.key("c"), mapping=cast("Any", stored)))
    assert await store.get_many("c", INBOXES, ["bob", "nobody", "gone", "ann"]) == [bob, None, None, ann]
    assert await store.get_many("c", INBOXES, []) == []
    await redis.aclose()


@pytest.mark.parametrize("server", ["valkey", "redis"])
async def test_what_names_somebody_is_found_among_much(
    request: pytest.FixtureRequest, prefix: str, server: str
) -> None:
    """By key or by body, in whatever way an id is written there; nothing else, nothing marked or going."""
    url = request.getfixturevalue("redis_url") if server == "valkey" else request.getfixturevalue("real_redis").url
    redis = Redis.from_url(url)
    store = RedisStore(redis, prefix, ServiceName.NUDGE)
    odd = 'a"n\\n/é%.*'
    noise = {f"inbox/{number}": INBOXES.dump(Inbox((f"n{number}",))) for number in range(3000)}
    named = {f"inbox/{odd}": INBOXES.dump(Inbox()), "inbox/other": INBOXES.dump(Inbox((odd,)))}
    beside = {f"#outbox/{odd}": b"{}", f"inbox/gone {odd}": b""}
    await cast("Any", redis.hset(store.key("c"), mapping=cast("Any", noise | named | beside)))
    assert await store.naming("c", words_of(odd)) == named
    assert await store.naming("c", words_of("nobody")) == {}
    assert await store.naming("nowhere", words_of(odd)) == {}
    await redis.aclose()
