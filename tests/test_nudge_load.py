"""How the load is shared is counted by week, over all who came into question, and told to operators."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.nudge.load import LOADS, Load, count_ask
from services.nudge.measure import week_of
from shared.events import MemberForgotten
from shared.gini import gini
from tests.nudge_house import KEY, open_house
from tests.nudging import COMMUNITY, START, Garden, dump, hours, make, post, ranked

WEEK = week_of(START)


def test_who_came_into_question_counts_also_where_they_were_not_asked() -> None:
    """Ann is asked, Bob and Cat could have been; Plain has no role, and is no part of it."""
    garden = Garden()
    one = post(START)
    garden.step(one, ranked(one, "ann", "bob", "cat", "plain"))
    garden.until(START + hours(3))
    assert garden.documents.get(LOADS, WEEK) == Load({"ann": 1, "bob": 0, "cat": 0})


def test_a_forgotten_member_is_in_no_week() -> None:
    """Nothing of how often they were asked stays."""
    garden = Garden()
    one = post(START)
    garden.step(one, ranked(one, "ann", "bob"))
    garden.until(START + hours(3))
    garden.step(make(MemberForgotten, START + hours(4), member="ann"))
    assert garden.documents.get(LOADS, WEEK) == Load({"bob": 1})
    assert not any(b'"ann"' in body for name, body in dump(garden.documents).items() if name.startswith("load/"))


def test_old_weeks_are_dropped() -> None:
    """They are kept as long as nudges are."""
    garden = Garden(keep_days=30)
    for days in (0, 7, 28, 42):
        count_ask(garden.state, "ann", START + timedelta(days=days))
    assert sorted(garden.documents.keys(LOADS)) == [week_of(START + timedelta(days=days)) for days in (7, 28, 42)]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=12), st.integers(0, 5))
def test_the_gini_coefficient_is_the_mean_difference_of_all_pairs(counts: list[int], idle: int) -> None:
    """Half the mean absolute difference over the mean, with those who have nothing; so it is from 0 to 1."""
    everybody = [*counts, *[0] * idle]
    total, among = sum(everybody), len(everybody)
    pairs = sum(abs(one - other) for one in everybody for other in everybody)
    expected = pairs / (2 * among * total) if total else 0.0
    assert gini(counts, among) == pytest.approx(expected)
    assert 0 <= gini(counts, among) < 1


async def test_operators_read_it_at_a_door(redis_url: str, prefix: str) -> None:
    """With the service key: asks by week and by person, the Gini coefficient, and what is left of each one's week."""
    async with open_house(redis_url, prefix) as house:
        path = f"/v1/communities/{COMMUNITY}/load"
        assert (await house.http.get(path)).status_code == 401
        found = (await house.http.get(path, headers=KEY)).json()
        assert [week["week"] for week in found["weeks"]] == [week_of(START - timedelta(weeks=n)) for n in range(4)]
        each = {one["member"]: one for one in found["each"]}
        assert found["asks"] == sum(one["asks"] for one in each.values()) > 0
        assert found["gini"] == pytest.approx(gini([one["asks"] for one in each.values()], len(each)), abs=1e-4)
        most = found["each"][0]
        assert most["name"] == most["member"].title()
        assert (most["last_7_days"], most["limit"], most["reserved"]) == (most["asks"], 5, 1)
        assert len((await house.http.get(f"{path}?weeks=2", headers=KEY)).json()["weeks"]) == 2
        assert (await house.http.get(f"{path}?weeks=0", headers=KEY)).status_code == 422
