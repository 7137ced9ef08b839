"""From what was read to what is wrong: findings of the reading, of the files, and of the scenario that they make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from novamodel import importers
from novamodel.audit.faults import judged, why_open
from novamodel.audit.form import NotChecked
from novamodel.audit.groups import Audit, grouped
from novamodel.audit.guide import Guide, guide_of
from novamodel.audit.kinds import READING
from novamodel.audit.seen import Seen
from novamodel.errors import UserError
from novamodel.importers import ImportReport
from novamodel.scenario import Finding, Tree, build, in_order

_TOLD = ("value-left-out", "machine-contradicted")
_OURS = ("data/defaults/", "data/prices/")


def audited(report: ImportReport) -> ImportReport:
    """The same import with what its files get wrong among the findings."""
    findings, _ = judged(report)
    return replace(
        report, tree=Tree(report.tree.values, report.tree.origins, in_order(findings), report.tree.not_modelled)
    )


def _no_input(most: int) -> str:
    raise UserError("standard input is not read here", valid="a folder or a file")


def audit(folder: str | Path = ".", standard_input: Callable[[int], str] = _no_input) -> Audit:
    """What is wrong in a folder's files, one group a kind, the dearest first.

    ``folder`` may be a single file too, ``-`` for what ``standard_input`` gives, or a Markdown guide whose fenced
    blocks are the files. A folder without configuration is a ``UserError``.
    """
    with _opened(folder, standard_input) as (place, guide):
        report = importers.import_folder(place)
        findings, unknown = judged(report, priced=True)
        said, assumed = _of_scenario(audited(report))
        if guide is not None:
            findings += guide.unmade(report.sources)
    every = [*findings, *said]
    read = [one for one in every if one["code"] in READING]
    unknown += [NotChecked(one["code"], one["file"] or "", one["line"] or 1, one["message"]) for one in read]
    places = {(one["file"], one["line"]) for one in findings if one["code"] not in _TOLD}
    every = [one for one in every if one["code"] not in READING and not _is_told(one, places)]
    named = str(folder)
    if guide is not None:
        every = [guide.placed(one) for one in every]
        unknown = [one._replace(file=guide.name if one.file else "") for one in unknown]
    return grouped(named, len(report.files), every, [*unknown, *assumed])


@contextmanager
def _opened(folder: str | Path, standard_input: Callable[[int], str]) -> Iterator[tuple[Path, Guide | None]]:
    """The folder to read; a guide is cut into one."""
    if Path(folder).suffix.lower() in (".md", ".markdown") and Path(folder).is_file():
        with guide_of(Path(folder)) as guide:
            yield guide.folder, guide
        return
    with importers.folder_of(str(folder), standard_input) as place:
        yield place, None


def _is_told(one: Finding, places: set[tuple[str | None, int | None]]) -> bool:
    """Whether a value that was left out is one that a rule has found too."""
    return one["code"] in _TOLD and (one["file"], one["line"]) in places


def _of_scenario(report: ImportReport) -> tuple[list[Finding], list[NotChecked]]:
    """What does not fit together in the scenario; what rests on a value of ours alone is left open."""
    tree = importers.with_assumptions(report, "audited")
    try:
        scenario = build(tree)
    except UserError as problem:
        return [], [NotChecked("scenario", problem.file or "", problem.line or 1, problem.message)]
    own = [one for one in scenario.findings if one not in report.tree.findings]
    found: list[Finding] = []
    left: list[NotChecked] = []
    seen = Seen(report.sources, report.platform)
    for one in own:
        why = why_open(one, seen)
        if why:
            left.append(NotChecked(one["code"], one["file"] or "", one["line"] or 1, f"{one['message']}: {why}"))
            continue
        if one["file"] is None or str(one["file"]).startswith(_OURS):
            left.append(NotChecked(one["code"], "", 1, f"this rests on what is assumed: {one['message']}"))
        else:
            found.append(one)
    return found, left
