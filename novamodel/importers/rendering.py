"""What is given on the command line as a folder: a folder, a single file, standard input; charts that are rendered."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from novamodel.errors import UserError
from novamodel.importers.kubernetes.charts import charts_of
from novamodel.yamlfile import MAX_BYTES

MAX_GIVEN = 50_000_000
"""Characters that standard input or a file may have."""
LONGEST_RENDER_S = 60
_PART = MAX_BYTES * 3 // 4


@contextmanager
def folder_of(given: str, standard_input: Callable[[int], str]) -> Iterator[Path]:
    """The folder to read: ``-`` is what stands on standard input, a file is a folder of that file alone."""
    path = Path(given)
    if given != "-" and not path.is_file():
        yield path
        return
    if given == "-":
        name, text = "stdin.yaml", standard_input(MAX_GIVEN + 1)
        if not text.strip():
            raise UserError("standard input is empty", valid="rendered manifests: helm template . | novamodel import -")
    else:
        name, text = path.name, _text(path)
    if len(text) > MAX_GIVEN:
        raise UserError(f"more than {MAX_GIVEN // 1_000_000} MB are given, no configuration")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / (path.stem if given != "-" else "stdin")
        folder.mkdir()
        for number, part in enumerate(_parts(text)):
            (folder / (f"{number}-{name}" if number else name)).write_text(part, encoding="utf-8")
        yield folder


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_GIVEN:
            raise UserError(f"{path} is larger than {MAX_GIVEN // 1_000_000} MB, no configuration")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text (a binary file?)") from None
    except OSError as problem:
        raise UserError(f"{path} cannot be read: {problem.strerror}") from None


def _parts(text: str) -> Iterator[str]:
    """The text in parts of whole documents that a file may have, each with the lines that it has in the whole."""
    if len(text.encode()) <= _PART:
        yield text
        return
    held: list[str] = []
    size = line = start = 0
    for document in text.split("\n---"):
        if held and size + len(document.encode()) > _PART:
            yield "\n" * start + "\n---".join(held)
            held, size, start = [], 0, line
        held.append(document)
        size += len(document.encode())
        line += document.count("\n") + 1
    yield "\n" * start + "\n---".join(held)


def render(folder: Path, names: frozenset[str]) -> tuple[Mapping[str, str], list[tuple[str, str]]]:
    """(manifests of each chart that ``helm`` renders, by its folder; charts that are not, and why)."""
    texts: dict[str, str] = {}
    left: list[tuple[str, str]] = []
    helm = shutil.which("helm")
    for chart in charts_of(names):
        if helm is None:
            left.append((chart, "helm is not installed"))
            continue
        try:
            done = subprocess.run(
                [helm, "template", "release", str(folder / chart)],
                capture_output=True,
                text=True,
                timeout=LONGEST_RENDER_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as problem:
            left.append((chart, f"helm template: {type(problem).__name__}"))
            continue
        if done.returncode == 0:
            texts[chart] = done.stdout
        else:
            left.append((chart, f"helm template: {(done.stderr.strip().splitlines() or ['it failed'])[0][:200]}"))
    return texts, left
