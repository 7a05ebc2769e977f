"""The whole of it on a real engine: built, started, used, crashed and stopped as an operator would."""

import json
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import httpx
import pytest

from shared.embedded import free_port
from tests.deploy.community import Visitor, history, question, sending
from tests.deploy.previous import TAG, Previous, build_previous, previous_revision
from tests.deploy.prometheus import Prometheus
from tests.deploy.stack import IMAGES, ROOT, Stack, docker, missing_engine, wait_for

# Sizes are in millions of bytes, as docker shows them.
MOST = {"kindling-ingest": 250, "kindling-recommend": 700, "kindling-nudge": 250}
SERVICES = ("ingest", "recommend", "nudge")
STOP_SECONDS = 10
PORTS = {"ingest": 8081, "recommend": 8082, "nudge": 8083}
# While partitions move a service is not ready, and says so with a 503.
READY = """
import sys, urllib.error, urllib.request
try:
    answer = urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/health/ready")
except urllib.error.HTTPError as error:
    answer = error
print(answer.read().decode())
"""

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(why := missing_engine()), reason=why),
]


@pytest.fixture(scope="module")
def previous(images: str, told: list[str], tmp_path_factory: pytest.TempPathFactory) -> Previous | None:
    """Build the images of the version before, where the checkout has it."""
    revision = previous_revision()
    if revision is None:
        return None
    began = time.monotonic()
    built = build_previous(revision, tmp_path_factory.mktemp("previous"), images)
    told.append(f"images of {revision}, the version before, built in {time.monotonic() - began:.0f} s")
    return built


@pytest.fixture(scope="module")
def stack(
    images: str, previous: Previous | None, told: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Start all of it, in the version before where there is one: the first test upgrades it."""
    folder = tmp_path_factory.mktemp("deploy")
    secrets, settings = folder / "secrets", folder / "env"
    subprocess.run([ROOT / "deploy" / "make-secrets.sh", secrets], check=True, capture_output=True)
    # Nudges come when a post is due, and not up to a quarter of an hour later, nor hours after another one.
    settings.write_text("KINDLING_NUDGE__ROUND_MINUTES=0.05\nKINDLING_NUDGE__GAP_HOURS=0\n")
    stack = Stack(f"kindling-test-{uuid.uuid4().hex[:6]}", secrets, MODEL=images, ENV_FILE=str(settings))
    try:
        began = time.monotonic()
        (stack.of_version(previous.compose_file, TAG) if previous else stack).up()
        told.append(f"all services ready in {time.monotonic() - began:.0f} s")
        yield stack
    finally:
        stack.down()


@pytest.fixture(scope="module")
def visitor(stack: Stack) -> Visitor:
    """Send the community's history with a key of its own, as a platform would."""
    visitor = Visitor(stack, stack.kindling("keys", "create", "mine").split()[-1])
    # A new community begins with a dry run, in which nobody is asked.
    stack.kindling("community", "mode", "mine", "autopilot", "--consent-given")
    visitor.send(*history(datetime.now(UTC)))
    return visitor


@pytest.mark.parametrize("image", IMAGES)
def test_images_are_small_and_run_as_nobody(images: str, told: list[str], image: str) -> None:
    """An image has what its service needs: no compiler, no pip, no torch, no rights."""
    (found,) = json.loads(docker("image", "inspect", image))
    size = found["Size"] / 1e6
    told.append(f"{image}: {size:.0f} MB")
    assert size <= MOST[image]
    assert found["Config"]["User"] == "10001:10001"
    assert found["Config"]["Labels"]["org.opencontainers.image.revision"]
    look = "for name in gcc cc make; do ! command -v $name || exit 1; done; ls /opt/kindling/lib/python3*/site-packages"
    packages = docker("run", "--rm", "--entrypoint", "sh", image, "-c", look).split()
    assert "torch" not in packages
    assert "pip" not in packages
    assert ("numpy" in packages) is (image == "kindling-recommend")


def test_an_upgrade_in_flight_loses_nothing(
    stack: Stack, visitor: Visitor, previous: Previous | None, told: list[str]
) -> None:
    """One service after the other becomes this version while posts come in: none is lost."""
    if previous is None:
        pytest.skip("no version before this one: the checkout has one commit")
    wait_for(lambda: bool(visitor.nudges("ben")), "ben is nudged by the version before", 120)
    before = visitor.nudges("ben")
    assert {stack.revision(service) for service in SERVICES} == {previous.revision}
    began = time.monotonic()
    sent: list[str] = []
    # Who reads before who writes.
    for service in ("nudge", "recommend", "ingest"):
        with sending(visitor, len(sent) + 3000, sent):
            stack.replace(service)
    stack.up()
    told.append(f"upgraded from {previous.revision} in {time.monotonic() - began:.0f} s, {len(sent)} posts meanwhile")
    assert previous.revision not in {stack.revision(service) for service in SERVICES}
    posts = ["1", "3", "5", *sent]
    wait_for(lambda: visitor.ranked(posts) == posts, f"all of {len(posts)} posts are ranked", 120)
    wait_for(lambda: bool(visitor.nudges("ben")), "the inbox is there again", 60)
    assert [nudge["nudge"] for nudge in visitor.nudges("ben")] == [nudge["nudge"] for nudge in before]
    assert "no dead letters" in stack.kindling("dead-letters", "list")


def test_only_the_doors_are_open_and_to_this_machine_alone(stack: Stack) -> None:
    """Kafka, Redis and recommend cannot be reached from outside; nothing runs with rights, or can be written to."""
    for service in (*SERVICES, "kafka", "redis"):
        found = stack.state(service)
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert "no-new-privileges:true" in host["SecurityOpt"], service
        assert host["Memory"] > 0, service
        open_to = [bound["HostIp"] for ports in found["NetworkSettings"]["Ports"].values() for bound in ports or ()]
        assert open_to == (["127.0.0.1"] if service in ("ingest", "nudge") else []), service


def test_a_nudge_comes_to_an_inbox(stack: Stack, visitor: Visitor, told: list[str]) -> None:
    """A question that came in through the front door and was left alone is in the champion's inbox."""
    took = wait_for(lambda: bool(visitor.nudges("ben")), "ben is nudged", 120)
    told.append(f"the first nudge {took:.0f} s after the history was accepted")
    (nudge,) = visitor.nudges("ben")
    assert nudge["post"]["id"] == "5"
    link = stack.kindling("link", "mine", "ben").split()[0]
    page = httpx.get(f"{stack.nudge}/inbox/{link.split('/inbox/')[1]}")
    assert page.status_code == 200
    assert "three tables" in page.text


def test_prometheus_scrapes_what_runs(stack: Stack, visitor: Visitor, told: list[str], tmp_path: Path) -> None:
    """With the configuration as it is, but for the addresses, each service is scraped and each rule evaluated."""
    if shutil.which("prometheus") is None:
        pytest.skip("there is no prometheus (Debian: prometheus)")
    # An ingest that was replaced last may have accepted nothing yet.
    visitor.send(question(4000))
    with Prometheus(tmp_path, {name: stack.address(name) for name in SERVICES}) as prometheus:
        wait_for(lambda: prometheus.value("sum(up)") == len(SERVICES), "all services are scraped", 60)
        wait_for(lambda: prometheus.value("sum(kindling_activities_accepted_total)") > 0, "activity is seen", 60)
        assert prometheus.faulty_rules() == []
    told.append("Prometheus of the distribution scraped all services")


def test_two_replicas_share_the_work(stack: Stack, visitor: Visitor) -> None:
    """A second process of each service takes half of the partitions, and gives them back when it goes."""

    def scale(stack: Stack, replicas: int) -> None:
        each = [word for service in SERVICES for word in ("--scale", f"{service}={replicas}")]
        stack.compose("up", "--detach", "--wait", "--wait-timeout", "120", "--no-recreate", *each)

    def share(service: str, number: int) -> int:
        said = json.loads(stack.ask(service, READY, str(PORTS[service]), index=number))
        return int(said[service]["partitions"])

    def shared(*expected: int) -> bool:
        numbers = range(1, len(expected) + 1)
        return all(tuple(share(service, number) for number in numbers) == expected for service in SERVICES)

    # The second ones have doors of their own on this machine.
    scale(stack.with_settings(INGEST_PORT=str(free_port()), NUDGE_PORT=str(free_port())), 2)
    wait_for(lambda: shared(32, 32), "each has half of the partitions", 60)
    posts = [question(number) for number in range(2000, 2010)]
    visitor.send(*posts)
    scale(stack, 1)
    wait_for(lambda: shared(64), "one has all of them again", 60)
    names = [post["data"]["message"] for post in posts]
    wait_for(lambda: visitor.ranked(names) == names, "what came in meanwhile is ranked", 60)


def test_crashes_lose_nothing(stack: Stack, visitor: Visitor, told: list[str]) -> None:
    """Each process is killed while posts come in: it comes back by itself, and every accepted post is ranked."""
    before = visitor.nudges("ben")
    numbers = count()
    sent: list[str] = []

    def post(times: int = 10) -> None:
        for _ in range(times):
            asked = question(next(numbers))
            visitor.send(asked)
            sent.append(asked["data"]["message"])

    for service in ("kafka", "redis", *SERVICES):
        post()
        began = time.monotonic()
        before_crash = stack.crash(service)
        post()
        stack.wait_back(service, before_crash)
        told.append(f"{service} back {time.monotonic() - began:.0f} s after a crash")
        post()
    wait_for(lambda: visitor.ranked(sent) == sent, f"all of {len(sent)} posts are ranked", 120)
    wait_for(lambda: bool(visitor.nudges("ben")), "the inbox is there again", 60)
    assert [nudge["nudge"] for nudge in visitor.nudges("ben")] == [nudge["nudge"] for nudge in before]
    assert "no dead letters" in stack.kindling("dead-letters", "list")
    told.append(f"{len(sent)} posts accepted around five crashes, all ranked")


def test_a_backup_brings_everything_back(stack: Stack, visitor: Visitor, told: list[str], tmp_path: Path) -> None:
    """After the loss of all volumes the inbox, the rankings and the keys are as they were, and all goes on."""
    asked = question(1000)
    visitor.send(asked)
    posts = ["1", "3", "5", asked["data"]["message"]]
    wait_for(lambda: visitor.ranked(posts) == posts, "the posts are ranked", 60)
    before = visitor.nudges("ben")
    file = tmp_path / "kindling.tar.gz"
    took = stack.backup("save", file)
    stack.down()
    again = stack.backup("restore", file)
    with pytest.raises(AssertionError, match="has data already"):
        stack.backup("restore", file)
    stack.up()
    told.append(f"saved in {took:.0f} s, {file.stat().st_size / 1e6:.1f} MB; restored in {again:.0f} s")
    assert visitor.nudges("ben") == before
    assert visitor.ranked(posts) == posts
    later = question(1001)
    visitor.send(later)
    wait_for(lambda: visitor.ranked([later["data"]["message"]]) != [], "a new post is ranked", 60)


def test_a_service_stops_in_time(stack: Stack, told: list[str]) -> None:
    """SIGTERM is enough, long before an engine would kill."""
    for service in SERVICES:
        began = time.monotonic()
        stack.compose("stop", service)
        told.append(f"{service} stopped in {time.monotonic() - began:.1f} s")
        assert time.monotonic() - began < STOP_SECONDS
        assert stack.state(service)["State"]["ExitCode"] == 0


def test_a_wrong_setting_is_named(stack: Stack, visitor: Visitor, tmp_path: Path) -> None:
    """With a wrong setting `up --wait` fails, and the service's log has the sentence that says which."""
    wrong = tmp_path / "env"
    wrong.write_text("KINDLING_NUDGE__ROUND_MINUTES=never\n")
    again = stack.with_settings(ENV_FILE=str(wrong))
    with pytest.raises(AssertionError, match="nudge"):
        again.compose("up", "--detach", "--wait", "--wait-timeout", "30", "--no-deps", "nudge")
    assert "KINDLING_NUDGE__ROUND_MINUTES: " in again.compose("logs", "--no-color", "nudge")
    stack.up()
    assert visitor.nudges("ben")
