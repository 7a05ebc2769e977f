"""A Redis that asks for a password, for real: who shows it is let in, and who does not hears why."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from kindling.servers import configured
from kindling.settings import load
from shared.connections import Connections
from shared.failures import UnsafeSettings
from shared.log import Outgoing
from shared.redis_store import check_durable
from shared.service import TopicName
from tests.servers import RedisServer

PASSWORD = "correct@horse/battery:staple"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


async def check(connections: Connections) -> None:
    async with connections.redis() as redis:
        await check_durable(redis)


async def test_who_shows_the_password_keeps_state_and_log(prefix: str) -> None:
    """Both of Redis's clients show it, whatever signs it has; nobody else is let in, and the sentence quotes none."""
    with RedisServer("valkey") as server:
        async with Redis.from_url(server.url) as redis:
            await redis.config_set("requirepass", PASSWORD)
        connections = Connections(server.url, server.url, prefix, password=SecretStr(PASSWORD))
        await check(connections)
        log = connections.log()
        await log.create(2)
        await log.start()
        await log.publish([Outgoing(TopicName.ACTIVITY, 1, "1", b"{}")])
        assert [record.body async for record in log.scan(TopicName.ACTIVITY)] == [b"{}"]
        await log.stop()
        for password in (None, SecretStr("wrong")):
            with pytest.raises(UnsafeSettings, match="KINDLING_STORE_PASSWORD") as refused:
                await check(Connections(server.url, server.url, prefix, password=password))
            assert "wrong" not in str(refused.value)


@pytest.mark.parametrize("kind", ["valkey", "redis"])
async def test_a_password_may_be_shown_before_it_is_asked_for(kind: str, prefix: str) -> None:
    """Services are upgraded one after the other; their Redis, which all lean on, comes last."""
    with RedisServer("valkey" if kind == "valkey" else "redis") as server:
        await check(Connections(server.url, server.url, prefix, password=SecretStr(PASSWORD)))


def test_the_password_is_a_file_and_in_no_url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """URLs are handed to the processes that train; the password is not in them, and not in what is printed."""
    (tmp_path / "KINDLING_STORE_PASSWORD").write_text(PASSWORD + "\n")
    monkeypatch.setenv("KINDLING_SECRETS", str(tmp_path))
    monkeypatch.setenv("KINDLING_STORE", "redis://kindling@redis:6379/0")
    connections = configured(load())
    assert PASSWORD not in repr(connections)
    shown = connections.redis().connection_pool.connection_kwargs
    assert (shown["username"], shown["password"], shown["host"]) == ("kindling", PASSWORD, "redis")


@pytest.mark.parametrize("store", ["redis://:other@redis:6379/0", "unix:///run/redis.sock"])
def test_two_passwords_are_refused(monkeypatch: pytest.MonkeyPatch, store: str) -> None:
    """Nobody has to guess which one is shown."""
    monkeypatch.setenv("KINDLING_STORE", store)
    monkeypatch.setenv("KINDLING_STORE_PASSWORD", PASSWORD)
    with pytest.raises(UnsafeSettings, match=r"^KINDLING_STORE_PASSWORD needs") as refused:
        load()
    assert PASSWORD not in str(refused.value)
