"""A small community that comes in through the front door, and what became of it."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.deploy.stack import Stack

COMMUNITY = "mine"
ACTIVITIES = f"/v1/communities/{COMMUNITY}/activities"
# What is away while it restarts: the same is sent again, and stays one event.
AWAY = (502, 503, 504)

_RANKED = """
import json, os, sys, urllib.error, urllib.request
key = open("/run/secrets/KINDLING_SERVICE_KEY").read()
def ranked(post):
    where = f"http://127.0.0.1:8082/v1/communities/mine/posts/{post}/responders"
    try:
        urllib.request.urlopen(urllib.request.Request(where, headers={"Authorization": f"Bearer {key}"})).read()
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return False
    return True
print(json.dumps([post for post in sys.argv[1].split(",") if ranked(post)]))
"""


def event(name: str, kind: str, at: datetime, /, **data: Any) -> dict[str, Any]:
    """Make an event as a platform would send it."""
    return {
        "specversion": "1.0", "id": name, "source": "forum", "type": f"kindling.{kind}.v1", "time": at.isoformat(),
        "partitionkey": COMMUNITY, "data": data,
    }  # fmt: skip


def history(now: datetime) -> list[dict[str, Any]]:
    """Give a champion who answers, and a question of five hours ago that nobody did."""
    began = now - timedelta(hours=8)
    said = [
        ("1", "ada", 400, None, "How do I join two tables of people and orders?"),
        ("2", "ben", 390, "1", "With merge, on the key that both have."),
        ("3", "cem", 380, None, "Which plot shows how two numbers go together?"),
        ("4", "ben", 370, "3", "A scatter plot."),
        ("5", "ada", 300, None, "How do I join three tables of people, orders and places?"),
    ]
    return [
        event("channel", "ChannelOpened", began, channel="help", name="help", privacy="public"),
        *(event(f"member-{who}", "MemberJoined", began, member=who, name=who.title()) for who in ("ada", "ben", "cem")),
        event("roles-ben", "RolesChanged", began, member="ben", roles=["champion"]),
        *(_message(number, who, now - timedelta(minutes=ago), to, text) for number, who, ago, to, text in said),
    ]


def question(number: int) -> dict[str, Any]:
    """Make a post of now."""
    return _message(f"new-{number}", "cem", datetime.now(UTC), None, f"How do I sort table {number} by two columns?")


def _message(name: str, author: str, at: datetime, to: str | None, text: str) -> dict[str, Any]:
    said = {"message": name, "channel": "help", "author": author, "text": text, "mentions": []}
    if to is None:
        return event(f"post/{name}", "PostPublished", at, title="", **said)
    return event(f"reply/{name}", "ReplyPublished", at, post=to, **said)


class Visitor:
    """Whoever stands before the doors, with a key for each."""

    def __init__(self, stack: Stack, key: str) -> None:
        self._stack, self._key = stack, key

    def send(self, *events: dict[str, Any], seconds: float = 120) -> None:
        """Send events until they are accepted; a door that is away, or says so, is asked again."""
        until = time.monotonic() + seconds
        while not self._accepted(events):
            assert time.monotonic() < until, "the front door accepts nothing any more"
            time.sleep(0.25)

    def _accepted(self, events: tuple[dict[str, Any], ...]) -> bool:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/cloudevents-batch+json"}
        try:
            answer = httpx.post(
                self._stack.ingest + ACTIVITIES, content=json.dumps(events), headers=headers, timeout=15
            )
        except httpx.TransportError:
            return False
        assert answer.status_code == 202 or answer.status_code in AWAY, answer.text
        return answer.status_code == 202

    def nudges(self, member: str) -> list[dict[str, Any]]:
        """Give the replies that a member's inbox asks for; nothing where the door is away."""
        where = f"{self._stack.nudge}/v1/communities/{COMMUNITY}/members/{member}/nudges"
        try:
            answer = httpx.get(where, headers={"Authorization": f"Bearer {self._stack.key}"}, timeout=15)
        except httpx.TransportError:
            return []
        if answer.status_code != 200:
            return []
        return [nudge for nudge in answer.json()["nudges"] if nudge["kind"] == "reply"]

    def ranked(self, posts: list[str]) -> list[str]:
        """Give those of some posts for which recommend has ranked who should answer."""
        found: list[str] = json.loads(self._stack.ask("recommend", _RANKED, ",".join(posts)))
        return found


@contextmanager
def sending(visitor: Visitor, first: int, sent: list[str]) -> Iterator[None]:
    """Have posts come in one after the other as long as the block lasts; `sent` gets those that were accepted."""
    ending = threading.Event()
    failed: list[BaseException] = []

    def send() -> None:
        number = first
        try:
            while not ending.is_set():
                asked = question(number)
                visitor.send(asked)
                sent.append(asked["data"]["message"])
                number += 1
                ending.wait(0.5)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=send, name="sending")
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
    if failed:
        raise failed[0]
