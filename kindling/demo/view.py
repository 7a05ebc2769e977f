"""A live view of the demo in the terminal; plain lines where there is no terminal."""

from collections import OrderedDict, deque
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import RLock
from types import TracebackType
from typing import Any, Final, Self

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from kindling.demo.say import Feed, Line, Speaker, span
from kindling.demo.tally import Became, Tally
from shared.events import Event

_WIDE: Final = 100
_TALL: Final = 22
_KEPT_LINES: Final = 60
_LINES_A_ROW: Final = 2
_SEEN: Final = 50_000
_REFRESHES_PER_SECOND: Final = 4
_BECAME: Final = {
    Became.ACTED: "acted on: they replied",
    Became.DONE: "done, they say: no reply seen",
    Became.WITHDRAWN: "withdrawn",
    Became.EXPIRED: "expired",
    Became.OPEN: "open",
}
_NOT_COMPARED: Final = (
    "Somebody is asked only about what stayed unanswered for a while: the two times are of different kinds of posts."
)
_COLOURS: Final = {Feed.ACTIVITY: "cyan", Feed.MATCHES: "magenta", Feed.NUDGES: "yellow", Feed.OUTCOMES: "green"}


class DemoView:
    """Shows what `on_event` is fed: posts, matches with reasons, nudges, outcomes, and counts of all.

    `addresses`: what to open in a browser, by name. Events before `live_from` (aware) are history: names are learnt
    from them and they are counted apart, but not shown. May be fed from another thread than the one that shows.
    """

    def __init__(
        self, console: Console, addresses: Mapping[str, str] | None = None, live_from: datetime | None = None
    ) -> None:
        self._console = console
        self._addresses = dict(addresses or {})
        self._speaker = Speaker()
        self.tally = Tally(live_from)
        self._rows: dict[Feed, deque[Text]] = {feed: deque(maxlen=_KEPT_LINES) for feed in Feed}
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._clock: datetime | None = None
        self._status = ""
        self._lock = RLock()
        self._live = Live(self, console=console, screen=True, refresh_per_second=_REFRESHES_PER_SECOND)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        else:
            self._print_addresses()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def say(self, status: str) -> None:
        """Tell what the demo itself is doing: preparing, catching up, stopping."""
        with self._lock:
            changed, self._status = status != self._status, status
        if changed and status and not self._console.is_terminal:
            self._console.print(Text(status), soft_wrap=True)

    def lead_to(self, addresses: Mapping[str, str]) -> None:
        """Show other addresses from now on."""
        with self._lock:
            self._addresses = dict(addresses)

    def on_event(self, event: Event) -> None:
        """Take in an event of the topics matches and nudges; one that comes again, or says nothing, is passed over."""
        with self._lock:
            if self._repeated(event):
                return
            self._clock = max(self._clock or event.at, event.at)
            self._speaker.hear(event)
            self.tally.count(event)
            if self.tally.is_history(event):
                return
            lines = [(line.feed, _row(event.at, line)) for line in self._speaker.lines(event)]
            for feed, row in lines:
                self._rows[feed].append(row)
        if not self._console.is_terminal:
            for feed, row in lines:
                self._console.print(Text(f"{feed.value:<8} ", style=_COLOURS[feed]) + row, soft_wrap=True)

    def numbers(self) -> dict[str, Any]:
        """Give what `summary` prints, as JSON can hold it."""
        with self._lock:
            return self.tally.numbers()

    def summary(self) -> None:
        """Print the closing table and the addresses."""
        with self._lock:
            self._console.print(_summary(self.tally))
        if self._addresses:
            self._console.print("Open while the demo runs; called again, it goes on where it was:")
        self._print_addresses()

    def _repeated(self, event: Event) -> bool:
        """Decisions travel on both topics, and a log may bring anything twice."""
        key = (type(event).__name__, event.id)
        if key in self._seen:
            return True
        self._seen[key] = None
        while len(self._seen) > _SEEN:
            self._seen.popitem(last=False)
        return False

    def _print_addresses(self) -> None:
        for name, address in self._addresses.items():
            self._console.print(Text(f"{name}: {address}"), soft_wrap=True)

    # What the terminal shows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with self._lock:
            height = options.height or console.height
            feeds = {feed: _Rows(feed, list(rows)) for feed, rows in self._rows.items()}
            header = self._header(console, options.max_width, height)
        layout = Layout()
        body = Layout()
        if options.max_width >= _WIDE:
            right = Layout(ratio=5)
            right.split_column(*(Layout(feeds[feed]) for feed in (Feed.MATCHES, Feed.NUDGES, Feed.OUTCOMES)))
            body.split_row(Layout(feeds[Feed.ACTIVITY], ratio=4), right)
        else:
            shown = list(Feed) if height >= _TALL else [Feed.ACTIVITY, Feed.NUDGES]
            body.split_column(*(Layout(feeds[feed]) for feed in shown))
        layout.split_column(Layout(Group(*header), size=len(header)), body)
        yield layout

    def _header(self, console: Console, width: int, height: int) -> list[Text]:
        tally, became = self.tally, self.tally.became()
        clock = self._clock.astimezone(UTC).strftime("%a %d %b %H:%M UTC") if self._clock else "..."
        first = Text.assemble(("Kindling demo", "bold"), f"  {clock}  {self._status}")
        counts = {
            "posts": tally.live["posts"],
            "replies": tally.live["replies"],
            "matches": tally.live["matches"],
            "nudges": tally.nudges.total(),
            **{how.value: became[how] for how in Became},
        }
        second = Text("  ").join(Text.assemble(f"{name} ", (str(count), "bold")) for name, count in counts.items())
        rows = [*first.wrap(console, width), *second.wrap(console, width)]
        for name, address in self._addresses.items():
            # Whole, because part of an address opens nothing; the summary has those for which there is no room.
            wrapped = Text.assemble(f"{name}: ", (address, f"underline link {address}")).wrap(console, width)
            if len(rows) + len(wrapped) <= height // 3:
                rows += wrapped
        return rows


class _Rows:
    """The last rows of a feed, as many as there is room for."""

    def __init__(self, feed: Feed, rows: list[Text]) -> None:
        self._feed = feed
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = max((options.height or 10) - 2, 1)
        lines: list[Text] = []
        for row in reversed(self._rows):
            wrapped = row.wrap(console, max(options.max_width - 2, 1))[:_LINES_A_ROW]
            if len(wrapped) + len(lines) > room:
                break
            lines = [*wrapped, *lines]
        yield Panel(
            Group(*lines),
            height=options.height,
            title=self._feed.value,
            title_align="left",
            border_style=_COLOURS[self._feed],
            padding=0,
        )


def _row(at: datetime, line: Line) -> Text:
    hour = at.astimezone(UTC).strftime("%H:%M ")
    return Text.assemble((hour, "dim"), (line.who, f"bold {_COLOURS[line.feed]}"), f" {line.text}")


def _summary(tally: Tally) -> Group:
    table = Table(title="The demo in numbers", box=box.SIMPLE, show_header=False, title_justify="left")
    table.add_column("what")
    table.add_column("count", justify="right")
    _add_posts(table, tally)
    for name in ("replies", "matches"):
        table.add_row(name, str(tally.live[name]))
    _add_nudges(table, tally)
    for answer, count in sorted(tally.answers.items()):
        table.add_row(f"pressed {answer.replace('_', ' ')}", str(count))
    asked = tally.first_replies()["asked"]["posts"]
    return Group(table, *([Text(_NOT_COMPARED)] if asked else []))


def _add_posts(table: Table, tally: Tally) -> None:
    """Explain every post: answered by itself, answered after somebody was asked, or not answered so far."""
    replies = tally.first_replies()
    alone, asked = replies["by_themselves"], replies["asked"]
    table.add_row("posts", str(tally.live["posts"]))
    table.add_row("  answered by themselves", str(alone["answered"]))
    table.add_row("    half of them within", _span(alone["median_seconds"]))
    table.add_row("  answered after somebody was asked", str(asked["answered"]))
    table.add_row("    half of them within, from the ask on", _span(asked["median_seconds_since_ask"]))
    table.add_row("  not answered so far", str(tally.waiting()))


def _add_nudges(table: Table, tally: Tally) -> None:
    """Explain every nudge that was issued: by what it was for, and by what became of it."""
    became = tally.became()
    table.add_row("nudges", str(tally.nudges.total()))
    for kind, count in sorted(tally.nudges.items()):
        table.add_row(f"  to {kind}", str(count))
    table.add_row("of these", "")
    for how, words in _BECAME.items():
        table.add_row(f"  {words}", str(became[how]))
    if tally.earlier_ended:
        table.add_row("nudges of an earlier run that ended now", str(tally.earlier_ended))


def _span(seconds: float | None) -> str:
    return "none yet" if seconds is None else span(seconds)
