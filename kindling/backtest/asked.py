"""Looks on as events pass: whom nudge asks, and who had a role then."""

from dataclasses import dataclass, field

from kindling.backtest.results import Ask
from shared.events import Event, MemberJoined, NudgeIssued, Role, RolesChanged


@dataclass
class Asked:
    """Keeps each ask. With `everybody`, who has no role could be asked as well, and `eligible` stays empty."""

    everybody: bool = False
    asks: list[Ask] = field(default_factory=list)
    _eligible: frozenset[str] = frozenset()

    def see(self, event: Event) -> None:
        """Take in an event that nudge reads or decides."""
        if isinstance(event, NudgeIssued):
            self.asks.append(self._ask(event))
        elif isinstance(event, RolesChanged):
            self._change(event.member, has=bool({Role.CHAMPION, Role.LEADER} & set(event.roles)))
        elif isinstance(event, MemberJoined) and event.bot:
            self._change(event.member, has=False)

    def _change(self, member: str, *, has: bool) -> None:
        if not self.everybody:
            self._eligible = self._eligible | {member} if has else self._eligible - {member}

    def _ask(self, event: NudgeIssued) -> Ask:
        return Ask(
            event.nudge,
            event.post,
            event.member,
            event.at.timestamp(),
            event.role.value,
            event.kind.value,
            int(event.features["weekly_limit"]),
            self._eligible,
        )
