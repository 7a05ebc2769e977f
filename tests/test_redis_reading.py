"""What the doors read of a real store."""

from typing import Any, cast

from redis.asyncio import Redis

from services.nudge.documents import INBOXES, Inbox
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
