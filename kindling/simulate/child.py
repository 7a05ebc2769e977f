"""A world that is a process: it reads lines from its standard input, and answers on its standard output."""

import asyncio
import shlex
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from kindling.simulate import protocol
from kindling.simulate.protocol import Done, Opening, WorldError, WorldReport
from shared.events import NudgeExpired, NudgeIssued, NudgeWithdrawn

END_SECONDS: Final = 5.0
_LAST_WORDS: Final = 5


class ChildWorld:
    """Runs a command as a world; who is silent for `timeout` seconds has hung."""

    def __init__(self, command: str, timeout: float) -> None:
        self._command = command
        self._timeout = timeout
        self._process: Process | None = None
        self._errors: deque[str] = deque(maxlen=_LAST_WORDS)
        self._listening: asyncio.Task[None] | None = None

    async def hello(self, seed: int, start: datetime, until: datetime) -> Opening:
        """Start it and greet it."""
        self._process = await self._start()
        self._listening = asyncio.create_task(self._listen())
        await self._send(protocol.hello(seed, start, until))
        return protocol.read_opening(await self._line("answer hello"))

    async def advance(self, until: datetime) -> Sequence[bytes]:
        """Have it go on to a time."""
        await self._send(protocol.advance(until))
        activity: list[bytes] = []
        while True:
            said = protocol.read_activity(await self._line(f"tell what happened up to {until.isoformat()}"))
            if isinstance(said, bytes):
                activity.append(said)
            elif _is_done(said, until):
                return activity

    async def nudge(self, event: NudgeIssued) -> None:
        await self._send(protocol.nudge(event))

    async def withdrawn(self, event: NudgeWithdrawn | NudgeExpired) -> None:
        await self._send(protocol.withdrawn(event))

    async def finish(self) -> WorldReport:
        await self._send(protocol.finish())
        return protocol.read_report(await self._line("answer finish with its report"))

    async def close(self) -> None:
        """End it: its input is closed, and a while later it is killed."""
        process = self._process
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(END_SECONDS):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if self._listening is not None:
            await self._listening

    async def _start(self) -> Process:
        try:
            words = shlex.split(self._command)
            if not words:
                raise WorldError("--world is empty: give the command that starts the world")
            return await asyncio.create_subprocess_exec(
                *words, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=protocol.LINE_BYTES
            )
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise WorldError(f"the world cannot be started by `{self._command}`: {why}") from None

    async def _listen(self) -> None:
        """Keep the last lines that it writes to its standard error, for when it fails."""
        assert self._process is not None
        assert self._process.stderr is not None
        while chunk := await self._process.stderr.read(1 << 16):
            self._errors.extend(line for line in chunk.decode(errors="backslashreplace").splitlines() if line.strip())

    async def _send(self, line: bytes) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            async with asyncio.timeout(self._timeout):
                await self._process.stdin.drain()
        except TimeoutError:
            raise WorldError(f"the world has read nothing for {self._timeout:g} s: {self._told()}") from None
        except ConnectionError:
            raise await self._ended("was spoken to") from None

    async def _line(self, to: str) -> bytes:
        """Wait for a line; `to` says what for."""
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(self._timeout):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise WorldError(
                f"the world was to {to}, and has sent nothing for {self._timeout:g} s (does it flush each line?): "
                f"{self._told()}"
            ) from None
        except ValueError:
            raise WorldError(f"the world was to {to}, and its line is over {protocol.LINE_BYTES:,} bytes") from None
        if not line:
            raise await self._ended(f"was to {to}")
        return line

    async def _ended(self, when: str) -> WorldError:
        assert self._process is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await self._process.wait()
                if self._listening is not None:
                    await self._listening
        code = self._process.returncode
        how = "closed its output" if code is None else f"ended with {f'signal {-code}' if code < 0 else code}"
        return WorldError(f"the world {how} when it {when}: {self._told()}")

    def _told(self) -> str:
        said = " / ".join(self._errors)
        return f"it said {said!r}" if said else "it said nothing on its standard error"


def _is_done(said: Done, until: datetime) -> bool:
    if said.at != until:
        raise WorldError(f"the world was to be done at {until.isoformat()}, and says {said.at.isoformat()}")
    return True
