"""Connections, made from settings and nowhere else; nothing connects before it is used."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import SecretStr
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from shared.kafka_log import KafkaLog
from shared.kafka_security import IN_THE_CLEAR, KafkaSecurity
from shared.log import Log
from shared.redis_log import RedisLog
from shared.redis_store import RedisStore
from shared.service import ServiceName


@dataclass(frozen=True)
class Connections:
    """Where a process finds its servers, under `prefix`: the transport and Redis, and what it shows to each.

    `password` is Redis's, which no URL here has: those are handed to other processes and may be seen.
    """

    log_url: str
    store_url: str
    prefix: str
    security: KafkaSecurity = IN_THE_CLEAR
    password: SecretStr | None = None

    def log(self) -> Log:
        """Open the transport that the URL names."""
        if self.log_url.startswith("kafka://"):
            return KafkaLog(self.log_url.removeprefix("kafka://").split(","), self.prefix, security=self.security)
        return RedisLog(self._with_login(self.log_url), self.prefix)

    @asynccontextmanager
    async def closing_log(self) -> AsyncIterator[Log]:
        """Open the transport for a tool, which starts it where it has to; it is stopped at the end."""
        log = self.log()
        try:
            yield log
        finally:
            await log.stop()

    def redis(self) -> Any:
        """Open a client of the store; retries are the processing loop's affair, which says that it waits."""
        url = self._with_login(self.store_url)
        return Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=30, socket_connect_timeout=5)

    def store(self, redis: Any, service: ServiceName) -> RedisStore:
        return RedisStore(redis, self.prefix, service)

    def _with_login(self, url: str) -> str:
        """Put the password into a URL of Redis.

        A user is always named: a Redis that asks for no password takes any from a user, and refuses one without.
        So services may show it before their Redis asks for it.
        """
        if self.password is None:
            return url
        parts = urlsplit(url)
        user = parts.username or "default"
        server = parts.netloc.rpartition("@")[2]
        return parts._replace(netloc=f"{user}:{quote(self.password.get_secret_value(), safe='')}@{server}").geturl()
