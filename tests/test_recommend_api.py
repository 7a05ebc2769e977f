from collections.abc import Sequence
from typing import Any, TypeVar

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import QueryParams

from services.recommend.api import router
from shared.events import ChannelChanged, MemberLeft, MessageRemoved, Privacy, ThreadResolved
from shared.failures import Unavailable
from shared.problems import install
from shared.state import Documents, Table
from tests.holding import naming
from tests.recommending import DAY, HOUR, START, Place, channel, made, post, reply

T = TypeVar("T")
KEY = "k" * 32
LATER = START + DAY


class Stored:
    """Reads what a place has stored of the community `c`."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.away = False

    async def get(self, community: str, table: Table[T], key: str) -> T | None:
        assert community == "c"
        return (await self.get_many(community, table, [key]))[0]

    async def get_many(self, community: str, table: Table[T], keys: Sequence[str]) -> list[T | None]:
        assert community == "c"
        documents = Documents(dict(self.place.stored))
        return [documents.get(table, key) for key in keys]

    async def naming(self, community: str, words: Sequence[bytes]) -> dict[str, bytes]:
        assert community == "c"
        return naming(self.place.stored, words)

    async def known(self, community: str) -> bool:
        if self.away:
            raise Unavailable("the store is away")
        return community == "c"


class Doors:
    """The doors over a place, asked with the service key."""

    def __init__(self, place: Place, key: str | None = KEY) -> None:
        app = FastAPI()
        install(app)
        self.reader = Stored(place)
        app.include_router(router(self.reader, key))
        self.client = TestClient(app, headers={"Authorization": f"Bearer {KEY}"})

    def ask(self, path: str, status: int = 200, viewer: str | None = None, **query: int) -> dict[str, Any]:
        """Ask a door; a path with a query of its own is taken as it is."""
        where, _, asked = path.partition("?")
        params = QueryParams(asked).merge({**query, **({"as": viewer} if viewer else {})})
        response = self.client.get(f"/v1/communities/c/{where}", params=params)
        assert response.status_code == status, response.text
        body: dict[str, Any] = response.json()
        return body


def lively() -> Place:
    """Ben answered ann in public and on the board, cas in public; dan asks in public."""
    place = Place()
    place.see(
        channel(),
        channel("board", Privacy.PRIVATE, ["ann", "ben"]),
        post("p1", "ann", "volume rendering"),
        reply("r1", "p1", "ben"),
        reply("r2", "p1", "cas"),
        post("b1", "ann", "volume rendering", channel="board"),
        reply("r3", "b1", "ben"),
        post("q1", "dan", "volume rendering", LATER),
        post("b2", "ann", "volume rendering", LATER + HOUR, channel="board"),
    )
    return place


def members(shown: dict[str, Any], of: str = "responders") -> list[str]:
    return [one["member"] for one in shown[of]]


def test_responders_are_shown_with_reasons_only_to_somebody() -> None:
    """Without `as` there are names and scores; with it the reasons that this member may know."""
    doors = Doors(lively())
    plain = doors.ask("posts/q1/responders")
    assert members(plain) == ["ben", "cas", "ann"]
    assert plain["first_post"] is True
    assert all("evidence" not in one for one in plain["responders"])
    mine = doors.ask("posts/q1/responders", viewer="ben")["responders"][0]["evidence"]
    similar = next(e for e in mine if e["reason"] == "answered_similar")
    assert similar["posts"] == ["p1"]
    assert members(doors.ask("posts/q1/responders", limit=1)) == ["ben"]


def test_nobody_is_shown_or_hinted_at_what_they_cannot_read() -> None:
    """A reason that rests on a private post is not there for others, and a private post itself is unknown."""
    doors = Doors(lively())
    theirs = doors.ask("posts/q1/responders", viewer="cas")["responders"][0]
    assert theirs["member"] == "ben"
    assert {e["reason"] for e in theirs["evidence"]} == {"answered_similar", "knows_channel"}
    assert "b1" not in str(doors.ask("posts/q1/responders", viewer="ben"))
    inside = doors.ask("posts/b2/responders", viewer="ann")["responders"][0]["evidence"]
    assert "b1" in str(inside)
    assert members(doors.ask("posts/b2/responders", viewer="ann")) == ["ben"]
    hidden = doors.ask("posts/b2/responders", 404, viewer="cas")
    assert hidden == {**doors.ask("posts/nothing/responders", 404), "detail": hidden["detail"]}


def test_a_count_is_shown_only_to_who_may_read_all_that_it_counts() -> None:
    """A reason counts more posts than it names: who may not read the channel of one of these is not told."""
    place = Place()
    place.see(channel(), channel("hall"), post("h1", "ann", "volume", channel="hall"), reply("r4", "h1", "ben"))
    for i in range(3):
        place.see(post(f"v{i}", "ann", "volume rendering", START), reply(f"a{i}", f"v{i}", "ben"))
    place.see(reply("r5", "v0", "cas"), post("q2", "dan", "volume rendering", LATER))
    doors = Doors(place)

    def similar(viewer: str) -> list[dict[str, Any]]:
        first = doors.ask("posts/q2/responders", viewer=viewer)["responders"][0]
        assert first["member"] == "ben"
        return [e for e in first["evidence"] if e["reason"] == "answered_similar"]

    assert similar("ben")[0]["count"] > len(similar("ben")[0]["posts"])
    assert "h1" not in similar("ben")[0]["posts"]
    assert similar("cas")[0]["count"] == len(similar("cas")[0]["posts"])
    place.see(made(ChannelChanged, LATER, channel="hall", privacy=Privacy.PRIVATE, joined=("cas",)))
    assert similar("cas")
    assert not similar("ben")
    assert not similar("dan")


def test_what_can_be_seen_is_decided_now() -> None:
    """Who has lost access, left, or whose post is gone, is out of the lists at once, whenever these were made."""
    place = lively()
    doors = Doors(place)
    assert {p["post"] for p in doors.ask("members/ben/posts")["posts"]} == {"q1", "b2"}
    place.see(made(ChannelChanged, LATER, channel="board", left=("ben",)))
    assert doors.ask("posts/b2/responders")["responders"] == []
    assert [p["post"] for p in doors.ask("members/ben/posts")["posts"]] == ["q1"]
    place.see(made(MemberLeft, LATER, member="cas"))
    assert members(doors.ask("posts/q1/responders")) == ["ben", "ann"]
    place.see(made(ThreadResolved, LATER, message="q1"))
    assert doors.ask("members/ben/posts")["posts"] == []
    place.see(made(MessageRemoved, LATER, message="q1"))
    doors.ask("posts/q1/responders", 404)


def test_a_members_posts_come_with_reasons_and_peers_with_theirs() -> None:
    """A member learns why a post or a person is suggested; somebody else learns only what they may read too."""
    doors = Doors(lively())
    listed = doors.ask("members/ben/posts", viewer="ben")["posts"]
    assert {p["post"] for p in listed} == {"q1", "b2"}
    assert all(p["evidence"] for p in listed)
    assert [p["post"] for p in doors.ask("members/ben/posts", viewer="cas")["posts"]] == ["q1"]
    peers = doors.ask("members/ben/peers", viewer="ben")
    assert "ann" in members(peers, "peers")
    assert "shared_threads" in str(peers)
    assert "evidence" not in str(doors.ask("members/ben/peers"))


def test_only_the_service_key_opens() -> None:
    """A wrong key, none at all, and doors without a key set, let nobody in."""
    doors = Doors(lively())
    refused = doors.client.get("/v1/communities/c/members/ben/peers", headers={"Authorization": "Bearer wrong"})
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.headers["content-type"] == "application/problem+json"
    Doors(lively(), None).ask("posts/q1/responders", 401)


def test_what_is_unknown_or_away_is_said() -> None:
    """Unknown things are 404, a wrong limit is 422 and points to it, a store that is away is 503 with Retry-After."""
    doors = Doors(lively())
    assert doors.client.get("/v1/communities/d/posts/q1/responders").status_code == 404
    doors.ask("members/nobody/posts", 404)
    doors.ask("posts/q1/responders", 404, viewer="nobody")
    assert doors.ask("posts/q1/responders", 422, limit=0)["errors"][0]["pointer"] == "/query/limit"
    doors.reader.away = True
    away = doors.client.get("/v1/communities/c/posts/q1/responders")
    assert away.status_code == 503
    assert away.headers["retry-after"] == "5"


def test_ids_may_hold_slashes() -> None:
    """A platform's ids are taken as they are."""
    place = lively()
    place.see(post("2024/03/x", "eve", "volume", LATER))
    assert members(Doors(place).ask("posts/2024%2F03%2Fx/responders")) == ["ben", "cas", "dan", "ann"]
