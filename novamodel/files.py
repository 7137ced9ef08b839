"""Write a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from novamodel.errors import UserError


def write_whole(path: Path, text: str) -> None:
    """Write text so that nobody ever sees half of it, making the folder if need be.

    ``UserError`` where that is not possible; an existing file is then as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".novamodel-") as folder:
            part = Path(folder) / path.name
            part.write_text(text, encoding="utf-8")
            os.replace(part, path)
    except OSError as problem:
        raise UserError(f"{path} cannot be written: {problem.strerror}", valid="a place you may write to") from None
