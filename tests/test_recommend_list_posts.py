"""What a member is offered to answer and to read, when it is made anew, and who sees it."""

from datetime import timedelta
from typing import Any

from services.recommend.documents import PUBLIC_SUITABLE, SUITABLE
from shared.events import Privacy, ReplyPublished, ThreadResolved
from tests.recommending import DAY, HOUR, START, Place, channel, joined, made, post, reply, settings
from tests.test_recommend_api import Doors

LATER = START + 10 * DAY
MINUTE = timedelta(minutes=1)


def garden(**more: Any) -> Place:
    """Ann asked about volumes, ben and cas answered; cas knows linux too."""
    place = Place(settings(**more))
    place.see(
        channel(),
        post("p1", "ann", "volume rendering"),
        reply("r1", "p1", "ben"),
        post("p2", "ann", "install on linux"),
        reply("r2", "p2", "cas"),
    )
    return place


def offered(place: Place, member: str, purpose: str = "answer", viewer: str | None = None) -> list[str]:
    shown = Doors(place).ask(f"members/{member}/posts?for={purpose}", viewer=viewer)
    return [one["post"] for one in shown["posts"]]


def test_what_one_knows_is_offered_first() -> None:
    """Of two posts of the same hour each member finds the one like those that they answered in front."""
    place = garden()
    place.see(post("q1", "dan", "volume rendering is slow", LATER), post("q2", "eve", "linux install", LATER))
    place.see(joined("zoe", LATER + HOUR))
    assert offered(place, "ben")[:2] == ["q1", "q2"]
    assert offered(place, "cas")[:2] == ["q2", "q1"]


def test_nobody_is_offered_their_own_thread_or_one_they_are_in() -> None:
    """Threads that a member began or wrote in are in neither list; who writes leaves both at once."""
    place = garden()
    place.see(post("q1", "dan", "volume", LATER))
    assert "q1" in offered(place, "ben")
    assert not {"p1", "p2"} & {*offered(place, "ann"), *offered(place, "ann", "read")}
    place.see(reply("r3", "q1", "ben", LATER))
    for purpose in ("answer", "read"):
        assert "q1" not in offered(place, "ben", purpose)
        assert "q1" in offered(place, "cas", purpose)
        assert "q1" not in offered(place, "dan", purpose)


def test_a_settled_thread_may_be_read_but_needs_no_answer() -> None:
    """What is settled leaves what one might answer at once, and stays among what is worth reading."""
    place = garden()
    place.see(post("q1", "dan", "volume", LATER), made(ThreadResolved, LATER, message="q1"))
    assert "q1" not in offered(place, "ben")
    assert "q1" in offered(place, "ben", "read")
    place.see(joined("zoe", LATER + HOUR), reply("r3", "p2", "ben", LATER + HOUR))
    assert "q1" not in offered(place, "ben")
    assert "q1" in offered(place, "ben", "read")


def test_what_is_lively_and_near_is_worth_reading() -> None:
    """Of two threads equally near, the one where more is said comes first; of two equally lively ones, the nearer."""
    place = garden(posts_alike=0.0)
    lively = [reply(f"a{n}", "q2", who, LATER + n * MINUTE) for n, who in enumerate(["dan", "fay", "gil", "dan"])]
    place.see(post("q1", "eve", "volume rendering", LATER), post("q2", "eve", "volume rendering", LATER), *lively)
    place.see(post("q3", "eve", "bread and butter", LATER + HOUR), post("q4", "eve", "volume", LATER + HOUR))
    place.see(reply("r3", "p2", "ben", LATER + 2 * HOUR))
    shown = offered(place, "ben", "read")
    assert shown.index("q2") < shown.index("q1")
    assert shown.index("q4") < shown.index("q3")


def test_lists_are_made_anew_at_most_once_a_minute_and_then_without_being_asked() -> None:
    """A second post in the same minute is offered when the minute is over; what is due comes with the clock."""
    place = garden()
    place.see(post("q1", "dan", "volume", LATER), post("q2", "eve", "volume again", LATER + MINUTE / 2))
    assert "q2" not in offered(place, "ben")
    place.see(joined("zoe", LATER + 2 * MINUTE))
    known = place.documents.get(SUITABLE, "ben")
    assert known is not None
    assert known.at == LATER + MINUTE
    assert {"q1", "q2"} <= set(offered(place, "ben"))


def test_a_list_holds_no_ten_posts_of_one_topic() -> None:
    """Twins of the first post give way to something else, by as much as is set."""
    alike, varied = garden(posts=2, posts_alike=0.0), garden(posts=2, posts_alike=0.9)
    for place in (alike, varied):
        for n in range(4):
            place.see(post(f"q{n}", "dan", "volume rendering", LATER + n * MINUTE))
        place.see(post("other", "eve", "bread and butter", LATER), joined("zoe", LATER + DAY))
    assert "other" not in offered(alike, "ben")
    assert "other" in offered(varied, "ben")


def test_others_see_a_list_that_is_made_of_what_is_public_when_something_public_happens() -> None:
    """What is private is in its readers' lists alone; neither order nor time of the public list tells of it."""
    place = garden()
    place.see(channel("board", Privacy.PRIVATE, ["ann", "ben"]), post("q1", "dan", "volume", LATER))
    public = place.documents.get(PUBLIC_SUITABLE, "ben")
    place.see(post("b1", "ann", "volume", LATER + HOUR, channel="board"))
    asked: ReplyPublished = reply("rb", "b1", "ben", LATER + 2 * HOUR, channel="board")
    place.see(asked, post("b2", "ann", "the budget", LATER + 3 * HOUR, channel="board"))
    assert place.documents.get(PUBLIC_SUITABLE, "ben") == public
    assert "b2" in offered(place, "ben")
    assert "b2" not in offered(place, "ben", viewer="cas")
    assert "b2" not in offered(place, "cas")
    assert offered(place, "ben", viewer="ann") == ["q1", "p2"]
