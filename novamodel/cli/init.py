"""`novamodel init`: a folder to start a study from."""

from __future__ import annotations

from typing import Annotated

import typer

from novamodel.cli.options import Demo, Strict


def init(
    folder: Annotated[str, typer.Argument(metavar="STUDY", show_default=False, help="Folder to make.")],
    base: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="TARGET",
            help="What the study starts from: a bundled scenario's name, a scenario file, or a folder.",
        ),
    ] = "novabank",
    strict: Strict = False,
    demo: Demo = False,
) -> None:
    """Make a study to change: a scenario with only its differences, a sweep, a notebook, a README.

    An existing folder is left as it is.

    \b
    Examples:
      novamodel init growth
      novamodel init studies/growth --from mine.yaml
      novamodel init growth --from PATH/TO/YOUR/CONFIGURATION
    """
    from pathlib import Path

    from novamodel.cli.output import note, say
    from novamodel.cli.overrides import load
    from novamodel.workflows.study import init_study

    load(base, strict=strict, demo=demo)
    for file in init_study(folder, base):
        say(str(Path(folder) / file.name))
    note(f"next: novamodel run {Path(folder) / 'scenario.yaml'}")
