"""Which pages of the demo are worth opening now."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from kindling.demo.facts import COMMUNITY
from kindling.settings import Settings
from services.nudge.links import Links
from shared.events import Event, MemberJoined, Role, RolesChanged

INBOXES: Final = 3


class Addresses:
    """Names the inboxes that have something in them, then champions', who are asked soon; and what is described.

    `past` tells who is a champion; whoever joins later is heard of by `hear`.
    """

    def __init__(self, settings: Settings, past: Iterable[Event]) -> None:
        self._home = f"http://127.0.0.1:{settings.port}"
        self._links = Links(settings.nudge)
        self._made: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._roles: dict[str, tuple[Role, ...]] = {}
        self._shown: list[str] = []
        for event in past:
            self.hear(event)

    def hear(self, event: Event) -> None:
        """Learn names and roles."""
        if isinstance(event, MemberJoined):
            self._names[event.member] = event.name or event.member
        elif isinstance(event, RolesChanged):
            self._roles[event.member] = event.roles

    def now(self, open_nudges: Mapping[str, int]) -> dict[str, str]:
        """Give addresses by name; `open_nudges`: how many are in whose inbox, who is worth a look first, first."""
        champions = sorted(member for member, roles in self._roles.items() if Role.CHAMPION in roles)
        # Who is shown stays as long as there is something to see: addresses that jump cannot be clicked.
        stay = [member for member in self._shown if member in open_nudges]
        worth = dict.fromkeys([*stay, *open_nudges, *champions])
        self._shown = list(islice(worth, INBOXES))
        inboxes = {self._words(member, open_nudges.get(member, 0)): self._inbox(member) for member in self._shown}
        return {**inboxes, "API": f"{self._home}/docs", "health": f"{self._home}/health/ready"}

    def _words(self, member: str, count: int) -> str:
        role = "leader" if Role.LEADER in self._roles.get(member, ()) else "champion"
        state = f"{count} open" if count else f"{role}, nothing open yet"
        return f"inbox of {self._names.get(member, member)} ({state})"

    def _inbox(self, member: str) -> str:
        # Made once: a link says when it ends, and would be another one every second.
        if member not in self._made:
            self._made[member] = self._links.make(COMMUNITY, member)[0]
        return self._made[member]
