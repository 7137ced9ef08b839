"""What commands print, from the files that `tools.tutorial` writes, and the screen that the README shows."""

from __future__ import annotations

import re

from tools.tutorial import ROOT, SAID

SCREEN = re.compile(r"ends with one screen:\n\n(```\n.*?\n```)", re.DOTALL)


def block(lines: list[str], page: str, number: int) -> str:
    """What a page's command number so-and-so prints; a second line `first N` shows its first N lines.

    ValueError where the file keeps another command.
    """
    file = SAID / f"{page}-{number}.txt"
    shown = file.read_text(encoding="utf-8").splitlines() if file.is_file() else [""]
    if shown[0] != f"$ {lines[0]}":
        raise ValueError(f"{page}: {file.name} does not hold {lines[0]!r}: run make tutorial")
    most = int(lines[1].removeprefix("first ")) + 1 if len(lines) > 1 else len(shown)
    more = [f"... ({len(shown) - most} more lines)"] if len(shown) > most else []
    return "\n".join(["```text", *shown[:most], *more, "```"])


def screen(lines: list[str]) -> str:
    """The screen of the worked example, as the README shows it."""
    (found,) = SCREEN.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    return str(found).replace("```\n", "```text\n", 1)
