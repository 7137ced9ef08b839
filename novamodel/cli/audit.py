"""`novamodel audit`: what is wrong in a folder's configuration files, and what it costs."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer


class Form(StrEnum):
    """How the audit is printed."""

    text = "text"
    json = "json"
    sarif = "sarif"
    markdown = "markdown"


class Worst(StrEnum):
    """The level from which the exit code is 1."""

    error = "error"
    warning = "warning"


def audit(
    folder: Annotated[
        str,
        typer.Argument(
            metavar="[FOLDER]", help="Folder of configuration files, one file, a Markdown guide, or - (stdin)."
        ),
    ] = ".",
    form: Annotated[Form, typer.Option("--format", help="How it is printed.", case_sensitive=False)] = Form.text,
    fail_on: Annotated[
        Worst | None,
        typer.Option("--fail-on", show_default=False, help="Exit 1 where there is one of this level or worse."),
    ] = None,
) -> int:
    """Find what is wrong in configuration files: what breaks now, loses data, breaks under load, costs, misleads.

    One row a kind of finding, with its places, why it matters and what would be right. What the files do not say
    enough about is listed as not checked. In a Markdown guide the fenced blocks are the files.

    \b
    Examples:
      novamodel audit
      novamodel audit deploy/ --fail-on error
      novamodel audit --format sarif > novamodel.sarif
      novamodel audit docs/deployment-guide.md --format markdown
      helm template . | novamodel audit -
    """
    from novamodel import __version__
    from novamodel import audit as room
    from novamodel.cli.output import say, say_json

    found = room.audit(folder, sys.stdin.read)
    match form:
        case Form.json:
            say_json(found.rows())
        case Form.sarif:
            say_json(room.as_sarif(found, __version__))
        case Form.markdown:
            say(room.as_markdown(found).rstrip("\n"))
        case Form.text:
            say(room.as_text(found))
    return 1 if fail_on is not None and found.fails(fail_on.value) else 0
