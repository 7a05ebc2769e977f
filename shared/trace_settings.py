"""Where traces are sent, and of how many requests; nowhere unless set."""

from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

_PATH: Final = "/v1/traces"
_EXAMPLE: Final = "write it as http://HOST:4318"


class TraceSettings(BaseModel):
    """Settings of the traces of all services."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: str | None = Field(
        None,
        description="Where traces are sent, by OTLP over HTTP: http://HOST:4318 of a collector, Jaeger or Tempo; "
        f"{_PATH} is added where no path is given. Not set: no traces.",
    )
    ratio: Annotated[float, Field(ge=0, le=1)] = Field(
        1.0,
        description="Share of requests at the front door that are followed, from 0 to 1, where the caller does not say "
        "by its own traceparent whether theirs is.",
    )

    @field_validator("endpoint")
    @classmethod
    def _whole(cls, endpoint: str | None) -> str | None:
        """Refuse what is no address, and give it with its path."""
        if endpoint is None:
            return None
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https"):
            raise ValueError(f"must begin with http:// or https:// (OTLP over HTTP, not gRPC): {_EXAMPLE}")
        if parts.username is not None or parts.password is not None:
            raise ValueError("must hold no login: logs name the address; OTEL_EXPORTER_OTLP_HEADERS is for that")
        if not parts.hostname or not _is_port(endpoint) or parts.query or parts.fragment:
            raise ValueError(f"is no address of a server with a port from 1 to 65535: {_EXAMPLE}")
        return parts._replace(path=parts.path if parts.path.strip("/") else _PATH).geturl()


def _is_port(address: str) -> bool:
    try:
        return urlsplit(address).port != 0
    except ValueError:
        return False


NO_TRACES: Final = TraceSettings()
