"""A service that starts on an empty stream begins at its first record, whenever that comes."""

from typing import cast

import pytest

from shared.log import Reader
from shared.redis_log import RedisLog, RedisSubscription
from shared.service import TopicName
from shared.topics import partition_of
from tests.loop.harness import PARTITIONS, outgoing, post


@pytest.mark.parametrize("early", [True, False])
async def test_what_comes_while_the_beginning_is_looked_up_is_not_passed_by(
    redis_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch, early: bool
) -> None:
    """Whether the first record comes just before or just after the end was asked for, reading begins with it."""
    log, looking, left = RedisLog(redis_url, prefix), RedisLog.ends, [outgoing(post("c", 1))]
    await log.create(PARTITIONS)
    await log.start()

    async def write() -> None:
        if left:
            await log.publish([left.pop()])

    async def ends(self: RedisLog, topic: TopicName) -> dict[int, int]:
        if early:
            await write()
        found = await looking(self, topic)
        await write()
        return found

    try:
        monkeypatch.setattr(RedisLog, "ends", ends)
        subscription = RedisSubscription(log, TopicName.ACTIVITY, "recommend", cast("Reader", None))
        assert await subscription.first_offset(partition_of("c", PARTITIONS)) == 1
    finally:
        await log.stop()
