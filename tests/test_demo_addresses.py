"""The addresses that the demo names lead to something to see."""

from pathlib import Path

import pytest

from kindling.demo.addresses import Addresses
from kindling.demo.facts import COMMUNITY, joined, roles
from kindling.settings import Settings
from services.nudge.links import Links
from services.nudge.settings import NudgeSettings
from shared.events import Role
from tests.test_demo_view import START


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, nudge=NudgeSettings.model_validate({"link_secret": "s" * 32}))


@pytest.fixture
def addresses(settings: Settings) -> Addresses:
    people = ["m-a", "m-b", "m-c", "m-d", "m-e"]
    given = [roles(START, member, (Role.CHAMPION,)) for member in people]
    return Addresses(settings, [*(joined(START, member, member[2:].upper(), "UTC") for member in people), *given])


def inboxes(named: dict[str, str]) -> list[str]:
    return [name for name in named if name.startswith("inbox")]


def test_inboxes_with_something_in_them_come_first(addresses: Addresses) -> None:
    """Who opens an inbox that the demo names finds a nudge there, if there is one anywhere; else a champion's."""
    assert inboxes(addresses.now({})) == [f"inbox of {name} (champion, nothing open yet)" for name in "ABC"]
    named = inboxes(addresses.now({"m-e": 2, "m-d": 1}))
    assert named == ["inbox of E (2 open)", "inbox of D (1 open)", "inbox of A (champion, nothing open yet)"]


def test_an_inbox_stays_where_it_is_while_there_is_something_in_it(addresses: Addresses) -> None:
    """An address that somebody is about to click does not jump away because of others."""
    addresses.now({"m-e": 1})
    assert inboxes(addresses.now({"m-a": 1, "m-b": 1, "m-e": 1}))[0] == "inbox of E (1 open)"
    assert "inbox of E (1 open)" not in addresses.now({"m-a": 1, "m-b": 1})


def test_an_address_opens_the_inbox_that_it_names(addresses: Addresses, settings: Settings) -> None:
    """The link is the member's, signed."""
    link = addresses.now({"m-e": 1})["inbox of E (1 open)"]
    visitor = Links(settings.nudge).read(link.rsplit("/", 1)[1])
    assert (visitor.community, visitor.member) == (COMMUNITY, "m-e")
