"""What `kindling community status` says of load and of what nobody could be asked about."""

from typing import Any

from kindling.commands.community_load import told_load, told_unasked, weeks_told


def test_it_is_told_what_nobody_could_be_asked_about_and_why() -> None:
    """In words, by reason, with how many people what barred; nothing is nothing."""
    assert told_unasked({"open": 0, "since": None, "why": {}, "people_barred": {}}) == "nothing"
    found = {
        "open": 3, "since": "2026-03-02T14:00:00+00:00", "why": {"barred": 2, "not_worth_it": 1},
        "people_barred": {"budget": 4, "hours": 1},
    }  # fmt: skip
    assert told_unasked(found).splitlines() == [
        "3 open, the first since 2026-03-02 14:00 UTC",
        "2 x all who came into question were barred",
        "1 x asking cost more than it would bring",
        "people barred: 4 asked as often this week as they may be; 1 outside their hours",
    ]


def test_it_is_told_who_carries_most() -> None:
    """With what is left of their week, and how unequal it is; names that would steer a terminal do not."""
    nobody: dict[str, Any] = {"asks": 0, "people": 0, "asked": 0, "gini": 0.0, "weeks": [{}] * 4, "each": []}
    assert told_load(nobody) == "nobody came into question"
    assert weeks_told(nobody) == "asked in 4 weeks"
    each = [
        {"member": "ann\x1b[2J", "asks": 3, "last_7_days": 2, "limit": 5},
        {"member": "bob", "asks": 0, "last_7_days": 0, "limit": 5},
    ]
    found = {**nobody, "asks": 3, "people": 2, "asked": 1, "gini": 0.5, "each": each}
    assert told_load(found).splitlines() == [
        "3 asks of 1 people, of 2 who came into question; Gini 0.50",
        "most: ann [2J 3 (2 of 5 in the last 7 days)",
    ]
