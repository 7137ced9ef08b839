"""The command line. One file a command; each calls front doors and prints.

`main` is the console script. Everything heavy is imported inside the commands, so that help is quick.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0: done. 1: a fault of ours, or a check of `doctor` did not hold. 2: a user's mistake, one line ``error: ...``
    on standard error. 99: `check` missed an objective. 130: interrupted. `--debug` anywhere on the line shows the
    traceback of a fault.
    """
    from novamodel.cli.faults import guarded

    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    return guarded([word for word in words if word != "--debug"], debug)
