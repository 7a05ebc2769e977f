"""Times and figures as the summary has them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from kindling.evaluate.comparing import rounded


def iso(at: float) -> str:
    """Write seconds since 1970 as a time in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def span_of(times: Iterable[float]) -> tuple[str | None, str | None]:
    """Give the first and the last of some times; None for both where there is none."""
    known = sorted(times)
    return (iso(known[0]), iso(known[-1])) if known else (None, None)


def figures(given: Mapping[str, float]) -> dict[str, float]:
    """Round figures that go along; whole numbers stay whole."""
    return {name: value if isinstance(value, int) else rounded(value) for name, value in given.items()}
