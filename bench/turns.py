"""Two or more ways to do the same, each in a process of its own, taking turns step by step.

Each process runs a whole training loop as it is; a callback after every update reports the time and waits for the next
turn, so that only one way computes at any time and all of them meet the same noise. Processes of their own also tell
the peak memory of each. Beside the time that passed stands the processors' time, of all threads together: it holds on a
machine so busy that what passes is mostly waiting.
"""

import multiprocessing
import resource
import sys
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

Handlers = dict[str, Callable[..., Any]]


class Spent(NamedTuple):
    """Seconds that something took: by the clock, and of all processors together."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> "Spent":
        return cls(time.perf_counter(), time.process_time())

    def since(self, before: "Spent") -> "Spent":
        return Spent(self.wall - before.wall, self.cpu - before.cpu)


class Turn:
    """The child's side: does what it is told, and times the updates of a running training."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe, self.handlers = pipe, Handlers()
        self.left, self.times, self.last, self.ended = 0, list[Spent](), Spent.now(), False

    def wait(self) -> None:
        """Carry out commands until updates are wanted, or the end is."""
        while True:
            name, *arguments = self.pipe.recv()
            if name == "steps":
                self.left, self.times, self.last = arguments[0], [], Spent.now()
                return
            if name == "end":
                self.ended = True
                return
            if name == "memory":
                self.pipe.send((name, peak_memory()))
                continue
            before = Spent.now()
            told = self.handlers[name](*arguments)  # some time what they do themselves
            self.pipe.send((name, Spent.now().since(before) if told is None else told))

    def step_done(self) -> bool:
        """Called after each update; returns whether to stop."""
        self.times.append(Spent.now().since(self.last))
        self.left -= 1
        if self.left == 0:
            self.pipe.send(("steps", self.times))
            self.wait()
        else:
            self.last = Spent.now()
        return self.ended


def peak_memory() -> float:
    """Megabytes that this process held at most; Linux's ru_maxrss would count the parent's at the time of the fork."""
    status = Path("/proc/self/status")
    if status.is_file():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1e3
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


class Way:
    """The parent's side of one way.

    Args:
        run: `run(turn, *arguments)`, a top-level function: sets `turn.handlers`, waits, trains, waits again.
    """

    def __init__(self, run: Callable[..., None], *arguments: Any) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["bench.usual", "bench.ours"])  # torch is imported once, not for each way
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_child, args=(theirs, run, arguments), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, name: str, *arguments: Any) -> Any:
        """Send a command and wait for its answer: what it took, or the memory.

        Raises:
            RuntimeError: The child failed; with its traceback.
        """
        self.pipe.send((name, *arguments))
        try:
            answer, value = self.pipe.recv()
        except EOFError:
            raise RuntimeError(f"a benchmark's process ended while it was asked for {name}") from None
        if answer == "error":
            raise RuntimeError(value)
        return value

    def steps(self, n: int) -> list[Spent]:
        """What the next `n` updates take."""
        return list(self.ask("steps", n))

    def end(self) -> None:
        """End the process."""
        if self.process.is_alive():
            try:
                self.pipe.send(("end",))
                self.pipe.send(("end",))
            except OSError:
                pass
            self.process.join(20)
        if self.process.is_alive():
            self.process.terminate()


def _child(pipe: Connection, run: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    try:
        run(Turn(pipe), *arguments)
    except BaseException:
        pipe.send(("error", traceback.format_exc()))
