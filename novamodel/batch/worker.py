"""The other end of `Processes`: a process that runs one job after the other until its parent goes away.

Jobs and outcomes are pickles, each with its length before it, on standard input and output. This module imports
nothing heavy, so that a worker starts in some 50 ms; what a job needs is imported with the job.
"""

from __future__ import annotations

import os
import pickle
import queue
import sys
import threading
import traceback
from typing import IO

from novamodel.batch.machine import one_thread

LENGTH = 8


def send(pipe: IO[bytes], message: bytes) -> None:
    """Write a message with its length before it."""
    pipe.write(len(message).to_bytes(LENGTH, "little") + message)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes | None:
    """The next message; None when the other end has gone."""
    head = pipe.read(LENGTH)
    if len(head) < LENGTH:
        return None
    size = int.from_bytes(head, "little")
    message = pipe.read(size)
    return message if len(message) == size else None


def main() -> None:
    """Run jobs until standard input ends; then end at once, even in the middle of a job: nobody waits for it."""
    one_thread()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(jobs,), daemon=True).start()
    while True:
        send(answers, _outcome(jobs.get()))


def _read(jobs: queue.SimpleQueue[bytes]) -> None:
    while (message := receive(sys.stdin.buffer)) is not None:
        jobs.put(message)
    os._exit(0)


def _outcome(message: bytes) -> bytes:
    """(True, value) or (False, exception), pickled."""
    try:
        function, arguments = pickle.loads(message)
        return pickle.dumps((True, function(*arguments)))
    except BaseException as problem:
        try:
            return pickle.dumps((False, problem))
        except Exception:  # an exception that does not travel
            return pickle.dumps((False, RuntimeError("".join(traceback.format_exception(problem)))))
