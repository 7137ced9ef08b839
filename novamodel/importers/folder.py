"""Which files a folder holds and which reader each one gets. Nothing in it stops an import but an empty folder."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from novamodel.errors import UserError
from novamodel.importers.kinds import KINDS, Kind, ending, kind_of, looks_like
from novamodel.importers.kubernetes.charts import NAMES as CHARTS
from novamodel.importers.kubernetes.charts import belongs, charts_of
from novamodel.importers.node import Node
from novamodel.importers.rendering import render
from novamodel.yamlfile import documents_in, read_text

MAX_CANDIDATES = 20_000
"""Files that are looked into at most, those nearest to the top first."""
MAX_LISTED = 100
"""Files of no known kind that are listed one by one; more are counted by the ending of their names."""
SKIPPED_FOLDERS = {
    "node_modules", "__pycache__", "venv", "dist", "build", "vendor", "coverage", "target", "site-packages",
    "testdata", "fixtures", "__tests__", "__mocks__",
}  # fmt: skip
"""Folders that hold what tools wrote, what others wrote, or made-up files for tests."""
HIDDEN_FOLDERS = {
    ".github", ".docker", ".deploy", ".deployment", ".k8s", ".kube", ".kubernetes", ".helm", ".infra",
    ".infrastructure", ".aws", ".ops", ".devops", ".examples", ".compose",
}  # fmt: skip
"""Folders that are looked into though their names begin with a dot."""
_LEAST_KNOWN = "at least one of: " + ", ".join(KINDS.values())


@dataclass
class Found:
    """The files of a folder by kind of reader, and those that were not read with the reason.

    ``broken``: (file, line, reason) of what looks like configuration and cannot be read.
    """

    folder: Path
    documents: dict[str, list[Node]] = field(default_factory=dict)
    paths: dict[str, list[Path]] = field(default_factory=dict)
    not_read: list[tuple[str, str]] = field(default_factory=list)
    broken: list[tuple[str, int | None, str]] = field(default_factory=list)
    names: frozenset[str] = frozenset()
    copies: dict[Path, str] = field(default_factory=dict)
    unrendered: list[str] = field(default_factory=list)

    def relative(self, path: Path) -> str:
        """The path inside the folder, with forward slashes."""
        return self.copies.get(path) or path.relative_to(self.folder).as_posix()

    def documents_of(self, name: str) -> list[Node]:
        """The YAML documents of a file inside the folder, or of a text given as ``FILE\\nLINE\\nTEXT``."""
        shown, line, inline = (*name.split("\n", 2), "", "")[:3]
        text = inline or self.text(name)
        try:
            documents = documents_in(text, Path(shown)) if text is not None else []
        except UserError:
            return []
        more = int(line) if inline and line.isdecimal() else 0
        return [Node(value, shown, {path: at + more for path, at in lines.items()}) for value, lines in documents]

    def text(self, name: str) -> str | None:
        """The text of a file inside the folder, named from its top; None where there is none or it leads outside."""
        path = self.folder / name
        try:
            inside = path.resolve().is_relative_to(self.folder.resolve())
            return read_text(path) if inside and path.is_file() else None
        except (OSError, ValueError, UserError):
            return None

    def all(self, kind: str) -> list[Node]:
        """The documents of a kind (YAML and JSON)."""
        return self.documents.get(kind, [])

    def pairs(self, kind: str) -> list[tuple[Path, str]]:
        """The files of a kind with the name that is shown for each."""
        return [(path, self.relative(path)) for path in self.paths.get(kind, [])]

    def leave_out(self, path: Path | str, problem: UserError) -> None:
        """List a file that looks like configuration and cannot be read."""
        shown = path if isinstance(path, str) else self.relative(path)
        line = problem.line if isinstance(problem.line, int) else None
        why = _reason(problem, self.folder, shown)
        inside = re.match(r"(\d+): ", why)
        if inside:
            line, why = int(inside[1]), why[inside.end() :]
        self.broken.append((shown, line, why))

    @cached_property
    def folders(self) -> frozenset[str]:
        """The folders inside that hold files, at any depth."""
        known: set[str] = set()
        for above in {name.rpartition("/")[0] for name in self.names}:
            folder = above
            while folder and folder not in known:
                known.add(folder)
                folder = folder.rpartition("/")[0]
        return frozenset(known)

    @property
    def files(self) -> dict[str, str]:
        """What each file that was read is."""
        result = {self.relative(path): KINDS[kind] for kind, paths in self.paths.items() for path in paths}
        return dict(sorted(result.items()))


def find_files(folder: Path, rendered: bool = False) -> Found:
    """Read a folder. A missing folder and one without any known file are a ``UserError``; all else is listed.

    ``rendered``: whether Helm renders the charts of the folder, where it is installed.
    """
    if not folder.exists():
        raise UserError(f"{folder}: no such folder", valid=f"a folder that holds {_LEAST_KNOWN}")
    if not folder.is_dir():
        raise UserError(f"{folder} is a file, not a folder", valid="the folder that holds the configuration files")
    found = Found(folder)
    names = list(_walk(folder, found))
    found.names = frozenset(names)
    charts = charts_of(found.names)
    others: list[str] = []
    plain: list[tuple[str, str]] = []
    looked_into = in_charts = 0
    for name in sorted(names, key=lambda one: (one.count("/"), one)):
        last = name.rpartition("/")[2]
        if not looks_like(last):
            others.append(name)
            continue
        looked_into += 1
        if looked_into > MAX_CANDIDATES:
            continue
        if charts and last not in CHARTS and belongs(name, charts):
            in_charts += 1
            continue
        _take(name, found, plain)
    for paths in found.paths.values():
        paths.sort()
    found.unrendered = charts if not rendered else _render(folder, found)
    if found.unrendered and in_charts:
        found.not_read.append((".", f"{in_charts} templates and values of Helm charts: helm template renders them"))
    if looked_into > MAX_CANDIDATES:
        left = looked_into - MAX_CANDIDATES
        found.not_read.append((".", f"{left} files deep in the folder: the {MAX_CANDIDATES} nearest are looked into"))
    _list_others([(name, "no kind of file that is known") for name in others], found)
    _list_others(plain, found)
    if not found.paths:
        raise UserError(_nothing_known(folder, found, bool(names)), valid=_LEAST_KNOWN)
    return found


def _render(folder: Path, found: Found) -> list[str]:
    """Read what Helm makes of the charts; those that it does not render."""
    texts, left = render(folder, found.names)
    for chart, text in texts.items():
        shown = f"{chart or '.'} (rendered by helm)"
        try:
            documents = documents_in(text, Path(shown))
        except UserError as problem:
            found.leave_out(shown, problem)
            continue
        nodes = [Node(value, shown, lines) for value, lines in documents]
        found.documents.setdefault("kubernetes", []).extend(nodes)
        found.paths.setdefault("kubernetes", []).append(folder / chart / "Chart.yaml")
    found.not_read += [(chart or ".", why) for chart, why in left]
    return [chart for chart, _ in left]


def _take(name: str, found: Found, plain: list[tuple[str, str]]) -> None:
    path = found.folder / name
    try:
        kind: Kind = kind_of(path, name)
    except UserError as problem:
        found.leave_out(path, problem)
        return
    if kind.name is None:
        plain.append((name, kind.why))
        return
    found.paths.setdefault(kind.name, []).append(path)
    found.documents.setdefault(kind.name, []).extend(kind.documents)


def _reason(problem: UserError, folder: Path, shown: str) -> str:
    """What is wrong with a file, without its place, which stands beside it."""
    text = problem.message
    for name in (str(folder / shown), shown):
        text = text.removeprefix(name).lstrip(": ")
    return text


def _nothing_known(folder: Path, found: Found, some: bool) -> str:
    templates = sum(why.startswith("a template") for _, why in found.not_read)
    if templates:
        text = f"{templates} are templates (render them: helm template)"
        return f"{folder} holds no configuration file that can be read: {text}"
    broken = next((f" ({name}: {why})" for name, _, why in found.broken), "")
    return f"{folder} holds no configuration file that is known{broken if some else ' (it is empty)'}"


def _walk(folder: Path, found: Found) -> Iterator[str]:
    """Names, from the top of the folder, of its regular files; links out of it, devices and pipes are not opened."""
    root = os.path.realpath(folder)
    todo = [""]
    while todo:
        above = todo.pop()
        try:
            with os.scandir(os.path.join(folder, above)) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError as problem:
            found.not_read.append((above.rstrip("/") or ".", f"cannot be read: {problem.strerror}"))
            continue
        folders = []
        for entry in inside:
            name = f"{above}{entry.name}"
            try:
                if entry.is_symlink():
                    real = os.path.realpath(entry.path)
                    if not real.startswith(root + os.sep):
                        found.not_read.append((name, "a link out of the folder: not followed"))
                    elif os.path.isfile(real):
                        yield name
                elif entry.is_dir(follow_symlinks=False):
                    hidden = entry.name.startswith(".") and entry.name not in HIDDEN_FOLDERS
                    if entry.name not in SKIPPED_FOLDERS and not hidden:
                        folders.append(f"{name}/")
                elif entry.is_file(follow_symlinks=False) and (entry.name[0] != "." or entry.name.startswith(".env")):
                    yield name
            except OSError as problem:
                found.not_read.append((name, f"cannot be read: {problem.strerror}"))
        todo += reversed(folders)


def _list_others(others: list[tuple[str, str]], found: Found) -> None:
    """Each with its reason; where there are many, those of one reason are counted."""
    for why in dict.fromkeys(why for _, why in others):
        names = [name for name, reason in others if reason == why]
        if len(names) <= MAX_LISTED:
            found.not_read += [(name, why) for name in names]
            continue
        endings = Counter(ending(name.rpartition("/")[2]) or "without an ending" for name in names)
        most = ", ".join(f"{number} {one}" for one, number in endings.most_common(8))
        found.not_read.append((".", f"{len(names)} files ({most}): {why}"))
