"""Connections, made from settings and nowhere else; nothing connects before it is used."""

from dataclasses import dataclass
from typing import Any

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
    """Where a process finds its servers, under `prefix`: the transport and Redis, and what it shows to Kafka."""

    log_url: str
    store_url: str
    prefix: str
    security: KafkaSecurity = IN_THE_CLEAR

    def log(self) -> Log:
        """Open the transport that the URL names."""
        if self.log_url.startswith("kafka://"):
            return KafkaLog(self.log_url.removeprefix("kafka://").split(","), self.prefix, security=self.security)
        return RedisLog(self.log_url, self.prefix)

    def redis(self) -> Any:
        """Open a client of the store; retries are the processing loop's affair, which says that it waits."""
        return Redis.from_url(self.store_url, retry=Retry(NoBackoff(), 0), socket_timeout=30, socket_connect_timeout=5)

    def store(self, redis: Any, service: ServiceName) -> RedisStore:
        return RedisStore(redis, self.prefix, service)
