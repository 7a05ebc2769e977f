"""The decision log of a replay: every match and nudge as one canonical line, and its SHA-256.

One JSON object a line, keys sorted, the matches in the order of their sequence numbers, then the nudges in
theirs. Nothing in it comes from a wall clock, a process or an offset, so that two runs can be compared.
"""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from shared.events import DECISIONS, CommunityEvent, Event, MatchesRanked, NudgeActed, NudgeIssued
from shared.log import Log
from shared.service import TopicName
from shared.wire import decode, type_of

FILES = {TopicName.MATCHES: "matches.jsonl", TopicName.NUDGES: "nudges.jsonl"}


def line(event: Event) -> bytes:
    """Write an event as its line of the decision log."""
    fields: dict[str, Any] = {"type": type_of(type(event)), **event.model_dump(mode="json")}
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


@dataclass
class Decisions:
    """Follows the topics `matches` and `nudges`, and keeps what was decided."""

    folder: Path
    passed: Counter[str] = field(default_factory=Counter)
    passed_ids: set[str] = field(default_factory=set)
    kinds: Counter[str] = field(default_factory=Counter)
    decided: Counter[str] = field(default_factory=Counter)
    acted_by_role: Counter[str] = field(default_factory=Counter)
    last: dict[TopicName, dict[str, int]] = field(default_factory=lambda: {topic: {} for topic in FILES})
    _roles: dict[str, str] = field(default_factory=dict)
    _next: dict[TopicName, dict[int, int]] = field(default_factory=lambda: {topic: {} for topic in FILES})
    _files: dict[TopicName, BinaryIO] = field(default_factory=dict)

    async def follow(self, log: Log) -> None:
        """Read on to where the topics end now."""
        for topic in FILES:
            places = self._next[topic]
            async for record in log.scan(topic, places):
                places[record.partition] = record.offset + 1
                envelope = decode(record.body)
                if isinstance(envelope.event, CommunityEvent) and envelope.sequence is not None:
                    self._take(topic, envelope.event, envelope.sequence)

    def _take(self, topic: TopicName, event: CommunityEvent, sequence: int) -> None:
        # A record that was published again has the number of the first time.
        if sequence <= self.last[topic].get(event.community, 0):
            return
        self.last[topic][event.community] = sequence
        if topic is TopicName.NUDGES or isinstance(event, MatchesRanked):
            self._write(topic, line(event))
            self._count(event)
        elif not isinstance(event, DECISIONS):
            self.passed[type(event).__name__] += 1
            self.passed_ids.add(event.id)

    def _count(self, event: Event) -> None:
        self.decided[type(event).__name__] += 1
        if isinstance(event, NudgeIssued):
            self.kinds[event.kind.value] += 1
            self._roles[event.nudge] = event.role.value
        elif isinstance(event, NudgeActed):
            self.acted_by_role[self._roles.get(event.nudge, "unknown")] += 1

    def _write(self, topic: TopicName, written: bytes) -> None:
        if topic not in self._files:
            self._files[topic] = (self.folder / FILES[topic]).open("wb")
        self._files[topic].write(written)

    def finish(self, target: Path | None) -> str:
        """Close the log, write it to `target` if there is one, and give its SHA-256."""
        digest = hashlib.sha256()
        for file in self._files.values():
            file.close()
        out = target.open("wb") if target else None
        for topic, name in FILES.items():
            if topic in self._files:
                with (self.folder / name).open("rb") as parts:
                    while chunk := parts.read(1 << 20):
                        digest.update(chunk)
                        if out:
                            out.write(chunk)
        if out:
            out.close()
        return digest.hexdigest()
