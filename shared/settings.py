"""What all services are told: where the log and the store are, and under which name they live there."""

from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from shared.kafka_security import IN_THE_CLEAR, KafkaSecurity
from shared.limits import Secret
from shared.topics import DEFAULT_PARTITIONS
from shared.trace_settings import NO_TRACES, TraceSettings

Port = Annotated[int, Field(ge=0, le=65535)]
DEFAULT_DATA_DIR = Path("~/.local/share/kindling")


class CommonSettings(BaseModel):
    """Settings of all services. Without `log` and `store` the embedded server is used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    log: str | None = Field(
        None,
        description="The transport: kafka://HOST:PORT[,HOST:PORT…], or the store's own Redis. Default: the store's.",
    )
    store: str | None = Field(
        None, description="The Redis server that keeps the services' state: redis://HOST:PORT/DB. Default: embedded."
    )
    store_password: SecretStr | None = Field(
        None, description="The password of that server, where it asks for one; the URL may name a user."
    )
    kafka: KafkaSecurity = Field(IN_THE_CLEAR, description="What Kafka asks of whoever comes.")
    prefix: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")] = Field(
        "kindling", description="Begins the names of all topics and keys, so that installations can share one."
    )
    partitions: Annotated[int, Field(ge=1, le=1024)] = Field(
        DEFAULT_PARTITIONS, description="Partitions of each topic when they are made; never altered after that."
    )
    data_dir: Path = Field(DEFAULT_DATA_DIR, description="Where the embedded server, secrets and imports are kept.")
    service_key: Secret | None = Field(
        None,
        description="Secret with which services and operators call the services' doors; at least 32 characters.",
    )
    wait_for_upgrade: bool = Field(
        True,
        description="Wait at records that a newer version wrote, until this one is upgraded; false makes dead letters "
        "of them, for a version that was taken back.",
    )
    traces: TraceSettings = Field(NO_TRACES, description="How events are followed, and for whom.")
    log_level: Annotated[str, Field(pattern="^(DEBUG|INFO|WARNING|ERROR)$")] = Field(
        "INFO", description="How much is logged: DEBUG, INFO, WARNING or ERROR."
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if (fault := self.kafka.fault()) is not None:
            raise ValueError(fault)
        if self.log is not None and urlsplit(self.log).scheme not in ("kafka", "redis", "rediss", "unix"):
            raise ValueError("KINDLING_LOG must begin with kafka:// or redis://")
        if self.store is not None and urlsplit(self.store).scheme not in ("redis", "rediss", "unix"):
            raise ValueError("KINDLING_STORE must begin with redis://")
        for name, address in (("KINDLING_LOG", self.log), ("KINDLING_STORE", self.store)):
            if address is not None and not address.startswith("kafka") and not self._has_port(address):
                raise ValueError(f"{name} names a port that is no number from 1 to 65535")
        if self.store_password is not None and self.store is not None and not self._takes_password(self.store):
            raise ValueError("KINDLING_STORE_PASSWORD needs a KINDLING_STORE of redis:// that has no password in it")
        if self.log is not None and self.store is None:
            raise ValueError("KINDLING_STORE must be set where KINDLING_LOG is: the services keep their state in Redis")
        if self.log is not None and self.store is not None and not self._one_server(self.log, self.store):
            raise ValueError(
                "KINDLING_LOG must name the same Redis server as KINDLING_STORE, or kafka://HOST:PORT: where two "
                "servers lose their last second apart from each other, new records would be taken for ones already read"
            )
        return self

    @staticmethod
    def _has_port(address: str) -> bool:
        try:
            return urlsplit(address).port != 0
        except ValueError:
            return False

    @staticmethod
    def _takes_password(address: str) -> bool:
        parts = urlsplit(address)
        return parts.scheme != "unix" and parts.password is None

    @staticmethod
    def _one_server(log: str, store: str) -> bool:
        if urlsplit(log).scheme == "kafka":
            return True
        here, there = urlsplit(log), urlsplit(store)
        default = 6379
        if "unix" in (here.scheme, there.scheme):
            return (here.scheme, here.path) == (there.scheme, there.path)
        return (here.hostname, here.port or default) == (there.hostname, there.port or default)

    @property
    def folder(self) -> Path:
        return self.data_dir.expanduser()
