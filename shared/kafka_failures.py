"""What aiokafka raises, as the fates that failures have here: away, not allowed."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)

from shared.failures import Unavailable


class NotAllowed(Unavailable):
    """Kafka has let this login in, and does not let it do this: a wrong setting at the start, waited for at work."""


_REFUSED = (TopicAuthorizationFailedError, GroupAuthorizationFailedError, ClusterAuthorizationFailedError)


@contextmanager
def away_is_unavailable(doing: str = "use") -> Iterator[None]:
    """Turn what aiokafka raises while the broker is away into Unavailable, and what is not allowed into NotAllowed.

    `doing` is what is done with topics here, for the sentence that says which right is missing.
    """
    try:
        yield
    except _REFUSED as error:
        raise NotAllowed(
            f"Kafka does not let this login {_refused(error, doing)}; docs/operate.md lists the rights"
        ) from error
    except (KafkaError, OSError) as error:
        name, said = type(error).__name__, str(error) or "no answer in time"
        raise Unavailable(f"Kafka: {said if said.startswith(name) else f'{name} {said}'}") from error


def _refused(error: KafkaError, doing: str) -> str:
    (named,) = error.args or ("",)
    names = ", ".join(sorted(named)) if isinstance(named, Collection) and not isinstance(named, str) else str(named)
    if isinstance(error, GroupAuthorizationFailedError):
        return f"read as a member of group {names}".rstrip()
    if isinstance(error, ClusterAuthorizationFailedError):
        return "write to any topic, or make topics"
    return f"{doing} {names or 'a topic'}"
