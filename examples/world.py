"""A small world for `kindling simulate --world "python examples/world.py"`; docs/simulate.md has the protocol."""

import heapq
import json
import sys
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

HELPERS = {"ada": "Europe/Berlin", "ben": "Europe/London", "cleo": "Africa/Nairobi", "dan": "Asia/Kolkata"}
SUBJECTS = {"pruning": 0.9, "compost": 0.7, "bees": 0.4, "ponds": 0.1}  # how often one is answered unasked

hello = json.loads(sys.stdin.readline())
draw = Random(hello["seed"])  # noqa: S311 - a simulation
now, until = (datetime.fromisoformat(hello[name]) for name in ("start", "until"))
ahead: list[tuple[datetime, int, str, dict[str, Any]]] = []  # what will happen, by time
posts: dict[str, tuple[datetime, bool]] = {}  # when each was written, and whether by a newcomer
answered: dict[str, datetime] = {}
order = count()  # of what happens at the same time
asks = 0


def say(**line: Any) -> None:
    print(json.dumps(line), flush=True)


def plan(at: datetime, kind: str, **data: Any) -> None:
    heapq.heappush(ahead, (at, next(order), kind, data))


def reply(at: datetime, post: str, author: str) -> None:
    data = {"post": post, "channel": "garden", "author": author, "text": "This is how.", "mentions": []}
    plan(at, "ReplyPublished", message=f"{post}/{author}", **data)


def happen(at: datetime, kind: str, data: dict[str, Any]) -> None:
    if kind == "ReplyPublished":
        if data["post"] in answered:
            return  # somebody was faster
        answered[data["post"]] = at
    about = {"specversion": "1.0", "source": "garden", "partitionkey": "garden", "id": data["message"]}
    say(**about, type=f"kindling.{kind}.v1", time=at.isoformat(), data=data)


members = [{"member": name, "role": "champion", "zone": zone} for name, zone in HELPERS.items()]
say(type="hello", community="garden", start=now.isoformat(), members=members, channels=["garden"], settings={})
wrote: set[str] = set()
while (now := now + timedelta(hours=draw.expovariate(1 / 4))) < until:
    subject, author, post = draw.choice(list(SUBJECTS)), f"guest{draw.randrange(200)}", f"post{len(posts)}"
    posts[post] = now, author not in wrote
    wrote.add(author)
    text = f"How do I start with {subject}? My garden is {draw.randrange(5, 500)} square metres."
    plan(now, "PostPublished", message=post, channel="garden", author=author, title="", text=text, mentions=[])
    if draw.random() < SUBJECTS[subject]:
        reply(now + timedelta(hours=draw.expovariate(1 / 3)), post, draw.choice(list(HELPERS)))

for line in sys.stdin:
    told = json.loads(line)
    if told["type"] == "advance":
        while ahead and ahead[0][0] <= datetime.fromisoformat(told["until"]):
            at, _, kind, data = heapq.heappop(ahead)
            happen(at, kind, data)
        say(type="done", at=told["until"])
    elif told["type"] == "nudge":
        asks += 1
        if draw.random() < 0.5:
            later = timedelta(minutes=draw.randrange(5, 300))
            reply(datetime.fromisoformat(told["at"]) + later, told["post"], told["member"])
    elif told["type"] == "finish":
        soon = [post for post, at in answered.items() if at <= posts[post][0] + timedelta(days=1)]
        first = sum(posts[post][1] for post in soon)
        value = len(soon) + 0.3 * first
        say(type="report", value=value, answered=len(soon), newcomers_answered=first, asks=asks, left=0)
