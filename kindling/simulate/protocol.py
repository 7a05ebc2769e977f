"""What is said between Kindling and a world: one JSON object a line, in both directions (docs/simulate.md).

To the world go hello, advance, nudge, withdrawn and finish. From it come its answer to hello, activity as
CloudEvents of the vocabulary with done after it, and its report.
"""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from shared.events import Count, NudgeExpired, NudgeIssued, NudgeWithdrawn, Privacy, Role, WorkingHours
from shared.limits import Id, Moment, Text, Zone
from shared.sentences import sentences

VERSION: Final = 1
LINE_BYTES: Final = 16 * 1024 * 1024
_SHOWN: Final = 200

Said = TypeVar("Said", bound=BaseModel)
Figure = Annotated[float, Field(allow_inf_nan=False)]


class WorldError(Exception):
    """A world spoke wrongly, ended or was silent for too long; the sentence says what was expected of it."""


class _Said(BaseModel):
    """A part of what a world says; fields that it has besides are not looked at."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class WorldMember(_Said):
    """Somebody who is there from the start; who comes later is told of by a MemberJoined."""

    member: Id
    name: Text = ""
    zone: Zone | None = None
    roles: tuple[Role, ...] = ()
    bot: bool = False
    hours: WorkingHours | None = None
    weekly_asks: Count | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, said: Any) -> Any:
        """Take an id alone, `id` for `member`, and one `role` for several."""
        said = _named(said, "member")
        return {"roles": [said["role"]], **said} if isinstance(said, dict) and "role" in said else said


class WorldChannel(_Said):
    """A channel that is there from the start: private where it names its members, public where it does not."""

    channel: Id
    name: Text = ""
    privacy: Privacy = Privacy.PUBLIC
    members: tuple[Id, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _short(cls, said: Any) -> Any:
        said = _named(said, "channel")
        return {"privacy": "private", **said} if isinstance(said, dict) and "members" in said else said


class Opening(_Said):
    """A world's answer to hello. `settings` are Kindling's, by name: `nudge.ask_members`, or nested."""

    type: str = "hello"
    community: Id
    start: Moment
    members: tuple[WorldMember, ...] = ()
    channels: tuple[WorldChannel, ...] = ()
    settings: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _named(cls, said: Any) -> Any:
        """Take the community as an object with its id, too."""
        named = said.get("community") if isinstance(said, dict) else None
        return {**said, "community": named["id"]} if isinstance(named, dict) and "id" in named else said


class Done(_Said):
    """All activity up to `at` has been told."""

    type: Literal["done"]
    at: Moment


class WorldReport(BaseModel):
    """What a world says of its end; what it says beside this is kept.

    `value` is what the answers were worth to it, in its own unit; `left`: people who left.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    type: Literal["report"]
    value: Figure
    answered: Figure
    newcomers_answered: Figure
    asks: Figure
    left: Figure


def _named(said: Any, name: str) -> Any:
    if isinstance(said, str):
        return {name: said}
    return {name: said["id"], **said} if isinstance(said, dict) and "id" in said else said


# To the world


def hello(seed: int, start: datetime, until: datetime) -> bytes:
    """Begin. `start` is a proposal: the world may begin when it likes, before `until`."""
    return _line(type="hello", version=VERSION, seed=seed, start=_time(start), until=_time(until))


def advance(until: datetime) -> bytes:
    return _line(type="advance", until=_time(until))


def nudge(event: NudgeIssued) -> bytes:
    """Tell of an ask; the world decides what comes of it."""
    return _line(
        type="nudge", id=event.nudge, kind=event.kind, member=event.member, post=event.post, at=_time(event.at),
        channel=event.channel, role=event.role, expires=_time(event.expires),
    )  # fmt: skip


def withdrawn(event: NudgeWithdrawn | NudgeExpired) -> bytes:
    """Tell that an ask no longer stands: it was taken back, or its time is over."""
    reason = event.reason.value if isinstance(event, NudgeWithdrawn) else "expired"
    return _line(
        type="withdrawn", id=event.nudge, at=_time(event.at), member=event.member, post=event.post, reason=reason
    )


def finish() -> bytes:
    return _line(type="finish")


def _line(**fields: Any) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


# From the world


def read_opening(line: bytes) -> Opening:
    return _read(Opening, line, "the answer to hello")


def read_report(line: bytes) -> WorldReport:
    return _read(WorldReport, line, "the answer to finish")


def read_activity(line: bytes) -> Done | bytes:
    """Read a line after an advance: the end of it, or one event of activity, as it came.

    Raises:
        WorldError: it is neither.
    """
    found = _object(line, "activity or done")
    if found.get("type") == "done":
        return _read(Done, line, "done")
    if "specversion" not in found:
        raise WorldError(
            f"the world was to send activity (a CloudEvent, with specversion 1.0) or done, and sent {shown(line)}"
        )
    return line


def _object(line: bytes, expected: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise WorldError(f"the world was to send {expected}, and sent what is no JSON: {shown(line)}") from None
    if not isinstance(found, dict):
        raise WorldError(f"the world was to send {expected}, a JSON object, and sent {shown(line)}")
    return found


def _read(kind: type[Said], line: bytes, expected: str) -> Said:
    _object(line, expected)
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, where)) or 'the object'} {what}" for where, what in sentences(error))
        raise WorldError(f"the world's line is wrong as {expected}: {wrong}. It sent {shown(line)}") from None


def shown(line: bytes) -> str:
    """Give the beginning of a line as it can be printed."""
    text = line.decode(errors="backslashreplace").strip()
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
