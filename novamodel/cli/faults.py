"""What becomes of an exception: one line on standard error and an exit code."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from novamodel.cli.output import abandon, note
from novamodel.errors import UserError, one_line

FAULT, MISTAKE, INTERRUPTED, TERMINATED = 1, 2, 130, 143
PIPE_CLOSED = 141
"""As a shell reports a program that was ended by a closed pipe."""
COMPLETION = "_NOVAMODEL_COMPLETE"
"""Set by the completion script of a shell (`novamodel --show-completion`)."""
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}
"""What the system refuses because of the user's disk or rights."""
_USAGE: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


def guarded(words: list[str], debug: bool) -> int:
    """Run the command line `words`; every exception becomes its line and exit code."""
    try:
        with _warnings_kept_out(debug), _signals_as_exceptions():
            return _run(words or ["--help"])
    except UserError as problem:
        return _mistake(str(problem), problem.exit_code)
    except _USAGE as problem:
        return _mistake(_usage_text(problem), MISTAKE)
    except typer.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, typer.Abort):
        note("interrupted: nothing was left half-written")
        return INTERRUPTED
    except _Terminated:
        note("terminated: nothing was left half-written")
        return TERMINATED
    except BrokenPipeError:  # as in `novamodel schema | head -1`
        abandon()
        return PIPE_CLOSED
    except OSError as problem:
        if problem.errno in NO_ROOM:
            place = f"{problem.filename}: " if problem.filename else ""
            return _mistake(f"{place}{problem.strerror}", MISTAKE)
        return _fault(problem, debug)
    except Exception as problem:
        return _fault(problem, debug)


def _run(words: list[str]) -> int:
    from novamodel.cli.app import command

    if COMPLETION in os.environ:  # a shell asks which words may come next: typer answers and exits
        command(prog_name="novamodel")
    with command.make_context("novamodel", list(words)) as context:
        code = command.invoke(context)
    if sys.stdout is not None:
        sys.stdout.flush()
    return code if isinstance(code, int) else 0


def _mistake(text: str, code: int) -> int:
    note(f"error: {text}")
    return code


def _usage_text(problem: Any) -> str:
    text = one_line(problem.format_message())
    context = getattr(problem, "ctx", None)
    return f"{text.rstrip('.')} (see: {context.command_path} --help)" if context is not None else text


def _fault(problem: Exception, debug: bool) -> int:
    if debug:
        traceback.print_exception(problem)
    what = one_line(f"{type(problem).__name__}: {problem}")
    how = "the lines above" if debug else "what the same command prints with --debug"
    note(f"fault: {what} (a fault of novamodel, not yours: please report it with the command and {how})")
    return FAULT


class _Terminated(BaseException):
    """SIGTERM came: unwind, so that temporary files go, and end."""


@contextmanager
def _signals_as_exceptions() -> Iterator[None]:
    """Ctrl-C and SIGTERM end worker processes at once and unwind this one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    own = os.getpid()

    def stop(number: int, frame: object) -> None:
        if os.getpid() != own:  # a forked worker
            os._exit(128 + number)
        if "multiprocessing" in sys.modules:
            for worker in sys.modules["multiprocessing"].active_children():
                worker.terminate()
        raise KeyboardInterrupt if number == signal.SIGINT else _Terminated

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _warnings_kept_out(debug: bool) -> Iterator[None]:
    """Warnings of libraries are for us, not for users: shown with --debug or where Python was asked for them."""
    with warnings.catch_warnings():
        if not debug and not sys.warnoptions:
            warnings.simplefilter("ignore")
        yield
