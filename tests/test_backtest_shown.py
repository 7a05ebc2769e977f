"""What is reported of a backtest: figures that can be checked by hand, and how they are shown."""

import io
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from kindling.backtest import words
from kindling.backtest.caught import outcomes
from kindling.backtest.load import most_in_week
from kindling.backtest.page import page
from kindling.backtest.results import HOUR, Ask, Backtest
from kindling.backtest.shapes import Summary
from kindling.backtest.summary import summarise
from kindling.backtest.terminal import show
from kindling.backtest.weeks import weeks
from tests.backtesting import MONDAY, a_post, made_of

HOURS = st.floats(0.1, 400)
WHO = st.sampled_from(["ann", "bob", "cat"])
TOLD = st.lists(st.tuples(HOURS, WHO), max_size=4, unique_by=lambda one: one[1]).map(sorted)


def story() -> Backtest:
    """Five posts: one of each thing that can become of a post."""
    return made_of(
        a_post("by itself", 0, answers=[(1, "ann")]),
        a_post("by the asked", 10, asks=[(5, "bob")], answers=[(8, "bob")], newcomer=True),
        a_post("by another", 20, asks=[(5, "ann"), (30, "bob")], answers=[(40, "cat")]),
        a_post("silent", 30, asks=[(6, "ann")], answers=[(200, "bob")]),
        a_post("missed", 200),
    )


def printed(made: Summary, width: int = 120) -> str:
    out = io.StringIO()
    show(Console(file=out, width=width), made)
    return out.getvalue()


def test_figures_that_can_be_checked_by_hand() -> None:
    """What became of five posts, who was right, what was caught and when: as anybody would count it."""
    (period,) = summarise(story())["periods"]
    assert set(period["outcomes"].values()) == {1}
    assert (period["posts"], period["silent_day"], period["silent_week"], period["asks"]) == (5, 3, 2, 4)
    whole = period["precision"]["all asks"]
    assert (whole["asks"], whole["right"]["mean"]) == (4, 0.25)
    # Of three who could be asked one really replied in the week after: of all asks but the one about the silent post.
    assert whole["by_chance"] == pytest.approx(0.25, abs=1e-6)
    assert period["precision"]["about newcomers' first posts"]["right"]["mean"] == 1
    assert period["caught_in_a_day"] == {
        "posts": 3, "caught": 2, "share": pytest.approx(2 / 3, abs=1e-6), "median_hours": 5.5,
        "by_hours": [(h, pytest.approx(s, abs=1e-6)) for h, s in
                     [(1, 0), (2, 0), (3, 0), (4, 0), (6, 2 / 3), (8, 2 / 3), (10, 2 / 3), (12, 2 / 3), (16, 2 / 3),
                      (20, 2 / 3), (24, 2 / 3)]],
    }  # fmt: skip
    assert (period["caught_at_all"]["posts"], period["caught_at_all"]["caught"]) == (2, 1)
    load = period["load"]
    assert (load["people"], load["asked"], load["most"], load["over_budget"]) == (3, 2, 2, 0)
    assert [(one["asks"], one["right"], one["really_answered"]) for one in period["busiest"]] == [(2, 0, 1), (2, 1, 2)]


@given(st.lists(st.tuples(HOURS, TOLD, TOLD), min_size=1, max_size=12))
def test_each_post_becomes_one_thing(
    drawn: list[tuple[float, list[tuple[float, str]], list[tuple[float, str]]]],
) -> None:
    """Whatever happened: outcomes and weeks add up to all posts and asks, and shares of silent posts never fall."""
    posts = sorted(
        (a_post(f"p{n}", at, answers=answers, asks=asks) for n, (at, answers, asks) in enumerate(drawn)),
        key=lambda post: post.at,
    )
    assert sum(map(int, map(str, outcomes(posts).values()))) == len(posts)
    made = summarise(made_of(*posts))
    period = made["periods"][0]
    asks = sum(len(post.asks) for post in posts)
    assert sum(week["posts"] for week in made["weeks"]) == len(posts)
    assert sum(week["asks"] for week in made["weeks"]) == asks == period["asks"]
    assert sum(week["silent_day"] for week in made["weeks"]) == period["caught_in_a_day"]["posts"]
    for found in (period["caught_in_a_day"], period["caught_at_all"]):
        shares = [share for _, share in found["by_hours"]]
        assert shares == sorted(shares)
        assert found["caught"] <= found["posts"]
    assert page(made)
    assert printed(made)


@given(st.lists(st.floats(0, 500), min_size=1, max_size=30).map(sorted))
def test_the_busiest_week_is_any_seven_days(hours: list[float]) -> None:
    """The most in a week is counted over any 7 x 24 h, not by the calendar."""
    asks = [Ask(str(n), "p", "ann", MONDAY + at * HOUR, "champion", "reply", 5) for n, at in enumerate(hours)]
    slow = max(sum(one.at - 7 * 24 * HOUR < other.at <= one.at for other in asks) for one in asks)
    # Of asks at one instant, the last one has seen the others.
    assert most_in_week(asks) == slow


def test_the_last_year_stands_beside_the_whole() -> None:
    """Of a long history the last year is told apart, and answers the questions; all weeks are there, empty ones too."""
    year = 24 * 366
    made = summarise(made_of(a_post("old", 0), a_post("new", year, asks=[(2, "ann")], answers=[(3, "ann")])))
    assert [(period["name"], period["posts"]) for period in made["periods"]] == [("whole", 2), ("last year", 1)]
    assert next(words.answers(made)).startswith("In the last year of it, 0 of 100 of 1 post")
    assert len(made["weeks"]) == 53
    assert made["weeks"][0]["since"] == "2026-01-05T00:00:00Z"


def test_people_are_not_named_unless_asked() -> None:
    """A report that is passed on names nobody; an operator who wants to know can."""
    unnamed, named = summarise(story()), summarise(story(), names=True)
    for shown, ann in ((page, ">ann</th>"), (printed, "ann (champion)")):
        assert ann not in shown(unnamed)
        assert "person 1" in shown(unnamed)
        assert ann in shown(named)
    assert [one["name"] for one in unnamed["periods"][0]["busiest"]] == [None, None]


def test_what_the_archive_names_is_text() -> None:
    """Names from an archive are never markup, neither in the terminal nor on the page."""
    evil = "<script>alert(1)</script>[red]"
    post = a_post(evil, 0, asks=[(2, evil)])
    made = summarise(made_of(post, archive=evil), names=True)
    assert "<script>" not in page(made)
    assert "[red]" in printed(made)


class _Parts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_needs_nothing_else() -> None:
    """One file: no script, nothing fetched; every chart has a title, every table a caption; ids are unique."""
    parts = _Parts()
    parts.feed(page(summarise(story())))
    tags = [tag for tag, _ in parts.found]
    assert not {"script", "link", "img", "iframe"} & set(tags)
    assert not [value for _, given in parts.found for name, value in given.items() if name in ("src", "srcset")]
    assert all((given.get("href") or "#").startswith("#") for _, given in parts.found)
    ids = [given["id"] for _, given in parts.found if "id" in given]
    assert len(ids) == len(set(ids))
    assert tags.count("caption") == tags.count("table") == 4
    charted = [given for tag, given in parts.found if tag == "svg" and given.get("aria-hidden") != "true"]
    # Two bars and two lines of the period; the weeks are two, and asks were made in one of them.
    assert len(charted) == 5
    assert all(set((given["aria-labelledby"] or "").split()) <= set(ids) for given in charted)


def test_where_nobody_would_be_asked_it_says_why() -> None:
    """An archive with no asks gives a report that says what to do, and no figures of nothing."""
    made = summarise(made_of(a_post("p", 0), a_post("q", 5, answers=[(1, "ann")])))
    assert words.NO_ASKS in page(made)
    assert "--ask-members" in printed(made)
    assert "nan" not in page(made)


def test_weeks_of_nothing() -> None:
    """No post, no week."""
    assert weeks([]) == []


def test_the_most_active_one_keeps_to_the_budget() -> None:
    """The simple rule that Kindling is held against may ask nobody more often in a week than they may be asked."""
    posts = [a_post(f"p{n}", 10 * n, asks=[(1, "bob")], answers=[(3, "bob")]) for n in range(8)]
    found = summarise(made_of(*posts))["periods"][0]["precision"]["all asks"]
    # At first nobody has answered anything; then Bob has most, whom the rule may ask five times.
    assert found["most_active"] == 5 / 8
    assert found["by_chance"] == pytest.approx(1 / 3, abs=1e-6)
