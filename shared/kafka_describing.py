"""What Kafka says of topics that aiokafka does not ask for: their ids, and what this login may do there.

A topic that is deleted and made again has the same name and other records at the same offsets; its id is another one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum
from io import BytesIO
from typing import Any, Final
from uuid import UUID

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupAuthorizationFailedError, IncompatibleBrokerVersion, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

_METADATA: Final = 3
# What Kafka gives where it does not say what may be done.
_NOT_SAID: Final = -(2**31)


class Right(IntEnum):
    """What may be done, by the number that it has in Kafka."""

    READ = 3
    WRITE = 4


@dataclass(frozen=True, slots=True)
class Described:
    """A topic's id ("": it has none), and the bits of what this login may do there; None where Kafka does not say."""

    id: str
    rights: int | None

    def may(self, right: Right) -> bool:
        return _may(self.rights, right)


def _may(rights: int | None, right: Right) -> bool:
    return rights is None or bool(rights & (1 << right))


class _Uuid(AbstractType[bytes]):  # type: ignore[misc]
    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        return data.read(16)


class _MetadataResponse(Response):  # type: ignore[misc]
    """Version 10, the first with ids (Kafka 2.8)."""

    API_KEY = _METADATA
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("rights", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_rights", Int32),
        ("tags", TaggedFields),
    )


class _MetadataStruct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = _METADATA
    API_VERSION = 10
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("id", _Uuid),
                ("name", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("with_cluster_rights", Boolean),
        ("with_rights", Boolean),
        ("tags", TaggedFields),
    )


class _MetadataRequest(Request[_MetadataStruct]):  # type: ignore[misc]
    API_KEY = _METADATA

    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    def build(self, request_struct_class: type[_MetadataStruct]) -> _MetadataStruct:
        topics: list[tuple[bytes, str, dict[int, bytes]]] = [(bytes(16), name, {}) for name in self._names]
        return request_struct_class(topics, False, False, True, {})


def id_of(told: bytes) -> str:
    """Read a topic's id; "" for the zero one, by which a broker says that there is none (yet)."""
    return UUID(bytes=told).hex if any(told) else ""


async def describe(client: Any, names: Collection[str]) -> Mapping[str, Described] | None:
    """Ask about topics by `client` (aiokafka's own, started); what is not there, or not to be seen, is left out.

    A topic of before Kafka 2.8 has no id until all brokers know of ids. None: this is a Kafka before that, which does
    not say.
    """
    try:
        answer = await client.send(client.get_random_node(), _MetadataRequest(names))
    except (IncompatibleBrokerVersion, NotImplementedError):
        return None
    found = answer.to_object()["topics"]
    return {
        one["name"]: Described(id_of(one["id"]), None if one["rights"] == _NOT_SAID else one["rights"])
        for one in found
        if one["error_code"] == 0
    }


async def may_read_as(admin: AIOKafkaAdminClient, group: str) -> bool:
    """Say whether this login may read as a member of a group."""
    try:
        (answer,) = await admin.describe_consumer_groups([group], include_authorized_operations=True)
    except GroupAuthorizationFailedError:
        return False
    except IncompatibleBrokerVersion:
        return True
    (told,) = answer.to_object()["groups"]
    if (code := told["error_code"]) == GroupAuthorizationFailedError.errno:
        return False
    if code:
        raise for_code(code)
    rights = told.get("authorized_operations", _NOT_SAID)
    return _may(None if rights == _NOT_SAID else rights, Right.READ)
