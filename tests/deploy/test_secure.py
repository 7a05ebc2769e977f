"""Kafka with TLS, logins and rights, on a real engine: all works with them, and nothing without."""

import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.deploy.community import Visitor, history
from tests.deploy.stack import FILE, ROOT, SECURE, Stack, missing_engine, wait_for

# Writes where it may not, and says what Kafka says to that; the record itself would be no event.
WRITES = """
import asyncio, sys
from kindling.servers import configured
from kindling.settings import load
from shared.failures import Unavailable
from shared.log import Outgoing
from shared.service import TopicName

async def write(topic):
    log = configured(load()).log()
    await log.start()
    try:
        await log.publish([Outgoing(TopicName(topic), 0, "mine", b"{}")])
    except Unavailable as error:
        return type(error.__cause__).__name__
    finally:
        await log.stop()
    return "written"

print(asyncio.run(write(sys.argv[1])))
"""

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(why := missing_engine()), reason=why),
]


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make certificates and passwords as an operator does."""
    folder = tmp_path_factory.mktemp("secure") / "secrets"
    subprocess.run([ROOT / "deploy" / "make-kafka-secrets.sh", folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def stack(images: str, secrets: Path, told: list[str]) -> Iterator[Stack]:
    settings = secrets.parent / "env"
    settings.write_text("KINDLING_NUDGE__ROUND_MINUTES=0.05\nKINDLING_NUDGE__GAP_HOURS=0\n")
    name = f"kindling-secure-{uuid.uuid4().hex[:6]}"
    stack = Stack(name, secrets, FILE, SECURE, MODEL=images, ENV_FILE=str(settings))
    try:
        began = time.monotonic()
        stack.up()
        told.append(f"with logins and rights at Kafka ready in {time.monotonic() - began:.0f} s")
        yield stack
    finally:
        stack.down()


def test_a_nudge_comes_through_a_locked_kafka(stack: Stack, told: list[str]) -> None:
    """Each service has the rights that it needs: what comes in at the front door ends in the champion's inbox."""
    visitor = Visitor(stack, stack.kindling("keys", "create", "mine").split()[-1])
    # A new community begins with a dry run, in which nobody is asked.
    stack.kindling("community", "mode", "mine", "autopilot", "--consent-given")
    visitor.send(*history(datetime.now(UTC)))
    took = wait_for(lambda: bool(visitor.nudges("ben")), "ben is nudged", 120)
    told.append(f"over TLS and with logins the first nudge {took:.0f} s after the history was accepted")
    assert visitor.nudges("ben")[0]["post"]["id"] == "5"
    assert "no dead letters" in stack.kindling("dead-letters", "list")
    stack.kindling("doctor")


@pytest.mark.parametrize(
    ("service", "topic"),
    [("ingest", "matches"), ("ingest", "nudges"), ("recommend", "nudges"), ("nudge", "activity"), ("nudge", "matches")],
)
def test_no_service_writes_for_another(stack: Stack, service: str, topic: str) -> None:
    """Whoever got hold of one service's login cannot speak for the others."""
    assert stack.ask(service, WRITES, topic).strip() == "TopicAuthorizationFailedError"


def test_redis_asks_for_its_password(stack: Stack) -> None:
    """Nobody reads the state of communities without it."""
    assert "NOAUTH" in stack.compose("exec", "-T", "redis", "redis-cli", "keys", "*")


def test_a_wrong_login_is_named(stack: Stack, secrets: Path, tmp_path: Path) -> None:
    """With another password the service ends at its start, with the sentence that says so in its log."""
    wrong = tmp_path / "secrets"
    shutil.copytree(secrets, wrong)
    (wrong / "KAFKA_NUDGE").chmod(0o644)
    (wrong / "KAFKA_NUDGE").write_text("another")
    again = stack.with_settings(SECRETS=str(wrong))
    with pytest.raises(AssertionError, match="nudge"):
        again.compose("up", "--detach", "--wait", "--wait-timeout", "30", "--no-deps", "--force-recreate", "nudge")
    # On one line, however a terminal would wrap it.
    said = " ".join(again.compose("logs", "--no-color", "--no-log-prefix", "nudge").split())
    assert "Kafka refuses the login of KINDLING_KAFKA__USER 'nudge' by SCRAM-SHA-512" in said
    assert "another" not in said.replace("is another one", "")
