"""Signed links to a member's inbox, to the page on which nudges are approved, and to the one that shows what asking
adds; they need no login.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

from services.nudge.settings import NudgeSettings
from shared.clock import Clock, wall_clock
from shared.failures import UnsafeSettings

_SHORTEST_SECRET: Final = 32


class Place(StrEnum):
    """Where a link leads: one to one place opens no other."""

    INBOX = "inbox"
    APPROVE = "approve"
    EFFECT = "effect"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose inbox a link opens, or who approves; the member "" stands for operators."""

    community: str
    member: str


class BadLink(Exception):
    """The link is forged, its time is over, or who it was made for is not here any more."""


class Links:
    """Makes and reads the links. Raises UnsafeSettings where the secret can be guessed."""

    def __init__(self, settings: NudgeSettings, clock: Clock = wall_clock, place: Place = Place.INBOX) -> None:
        secret = settings.link_secret.get_secret_value()
        if len(secret) < _SHORTEST_SECRET:
            raise UnsafeSettings(
                f"link_secret has {len(secret)} characters: set {_SHORTEST_SECRET} random ones or more"
            )
        self._settings = settings
        self._place = place
        self._clock = clock
        self._serializer = URLSafeSerializer(
            secret,
            salt=f"kindling.{place.value}",
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )

    def make(self, community: str, member: str) -> tuple[str, datetime]:
        """Make a link to a member's inbox; give it with the time at which it ends."""
        expires = (self._clock() + timedelta(days=self._settings.link_days)).replace(microsecond=0)
        token = self._serializer.dumps([community, member, int(expires.timestamp())])
        text = token if isinstance(token, str) else token.decode()
        return f"{self._settings.public_url.rstrip('/')}/{self._place.value}/{text}", expires

    def to(self, place: Place) -> "Links":
        """Give the links to another place."""
        return Links(self._settings, self._clock, place)

    def read(self, token: str) -> Visitor:
        """Read the token of a link.

        Raises:
            BadLink: it is forged, cut, or its time is over.
        """
        try:
            community, member, expires = self._serializer.loads(token)
        except BadData as error:
            raise BadLink from error
        if datetime.fromtimestamp(expires, UTC) <= self._clock():
            raise BadLink
        return Visitor(community, member)
