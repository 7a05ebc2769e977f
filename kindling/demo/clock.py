"""The demo's time of day: as far as its stream has come, weeks from the wall clock and many times as fast."""

from datetime import datetime, timedelta

_MOMENT = timedelta(microseconds=1)


class EventClock:
    """Gives the demo's time (aware) to its doors, later at every look: of two presses, the second one holds.

    It never runs ahead of the stream by more than the looks at it: a press that did would take the community's
    clock along, and with it everything that is due until then.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now

    def reach(self, now: datetime) -> None:
        """Note that the stream has come to `now`; earlier than it had come already changes nothing."""
        self._now = max(self._now, now)

    def __call__(self) -> datetime:
        self._now += _MOMENT
        return self._now
