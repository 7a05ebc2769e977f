"""What an operator may set of the front door."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.limits import Secret


class IngestSettings(BaseModel):
    """Settings of ingest; the names of the fields are the names of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_body_bytes: Annotated[int, Field(ge=1024, le=64 * 1024 * 1024)] = Field(
        5 * 1024 * 1024, description="Largest body of one request, in bytes; more is answered with 413."
    )
    max_events: Annotated[int, Field(ge=1, le=100_000)] = Field(
        5_000, description="Most events in one request; more is answered with 413."
    )
    events_per_minute: Annotated[int, Field(ge=1, le=1_000_000_000)] = Field(
        60_000, description="Events that one API key may send in a minute, per process; more is answered with 429."
    )
    body_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        60.0, description="Longest time that one request may take to arrive, in seconds; then it is answered with 408."
    )
    tick_seconds: Annotated[float, Field(ge=1, le=60)] = Field(
        10.0, description="Seconds between two ticks of the clock; nudges are this late at most."
    )
    ticks: bool = Field(
        True, description="Whether the wall clock ticks; off where events bring their own time (replays)."
    )
    draining: bool = Field(
        False,
        description="Close the front door for a while, with 503 and Retry-After, and let the clock stand still: so all "
        "services come to the end of the log, before `kindling topics renew`.",
    )
    service_key: Secret | None = Field(
        None,
        description="Secret that nudge shows when it posts what people press; the same in both services, "
        "at least 32 characters. It may do everything in every community. Without one no service may post.",
    )
    key_cache_seconds: Annotated[float, Field(ge=0, le=60)] = Field(
        5.0, description="How long a process trusts an API key that it has looked up: a revoked one ends after this."
    )
