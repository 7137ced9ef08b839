"""The built site loads nothing from elsewhere: a page that would is a warning, and so an error of the build."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.util import logging

LOADED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?(https?:)?//[^\s\"'>]+"
    r"|<link\b(?![^>]*\brel=[\"']?(?:canonical|next|prev))[^>]*\bhref=[\"']?(https?:)?//[^\s\"'>]+"
    r"|@import\b[^;]*\b(https?:)?//[^\s\"')]+"
    r"|\burl\(\s*[\"']?(https?:)?//[^\s\"')]+",
    re.IGNORECASE,
)


def loaded(text: str) -> list[str]:
    """What a page or a style sheet would load from another host."""
    return [found[0] for found in LOADED.finditer(text)]


def check(app: Any, problem: Exception | None) -> None:
    """Look through all pages and style sheets of a site that was built."""
    if problem is None:
        for file in [*Path(app.outdir).rglob("*.html"), *Path(app.outdir).rglob("*.css")]:
            for text in loaded(file.read_text(encoding="utf-8")):
                logging.getLogger(__name__).warning("%s loads from elsewhere: %s", file.name, text[:160])
