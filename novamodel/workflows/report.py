"""`write_report`: the answer as an executed notebook, a self-contained HTML page, a bill and a JSON file."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from novamodel.errors import UserError
from novamodel.files import parents_of, write_whole
from novamodel.loading import load
from novamodel.report.html import export_html
from novamodel.resources import notebooks_dir
from novamodel.workflows.answer import to_json
from novamodel.workflows.parts import Failed

NOTEBOOK = "00_report.ipynb"
FILES = ("notebook.ipynb", "report.html", "bill.csv", "answer.json")
CELL_TIMEOUT_S = 1800

Tell = Callable[[float, str], None]


@dataclass(frozen=True)
class Report:
    """What a report left behind: the content of answer.json, and the files in the order they matter."""

    answer: dict[str, Any]
    files: tuple[Path, ...]

    def to_dict(self) -> dict[str, Any]:
        """The content of answer.json."""
        return self.answer


def write_report(
    target: str | Path,
    out: str | Path,
    *,
    overrides: Mapping[str, Any] | None = None,
    seed: int | None = None,
    engine: str = "auto",
    quick: bool = False,
    compose: Mapping[str, Sequence[str]] | None = None,
    progress: Tell | None = None,
) -> Report:
    """Import, simulate, size, price, and execute the report notebook; writes four files into ``out``.

    The files appear together when all is done; a report that fails leaves ``out`` as it was. A mistake in what
    the user gave is a ``UserError``; a part of the answer that fails says why in all of them (`workflows.parts`).
    ``compose``: ``files`` and ``profiles`` of the compose project to take, as `loading.load` has them. ``progress`` is
    told the share of cells done and the stage.
    """
    tell = progress or (lambda share, text: None)
    tell(0.0, "reading the configuration")
    chosen = {name: list(values) for name, values in (compose or {}).items()}
    scenario = load(target, files=chosen.get("files", ()), profiles=chosen.get("profiles", ()))
    if "files" in chosen:
        chosen["files"] = [_from_anywhere(target, name) for name in chosen["files"]]
    changes = dict(overrides or {})
    scenario.override(changes)  # a mistake shows here, before anything runs
    folder = Path(out).absolute()
    with parents_of(folder), _staging(folder) as staging:
        parameters = {
            "scenario": str(Path(target).absolute()) if Path(target).exists() else str(target),
            "overrides": changes,
            "compose": chosen,
            "seed": seed,
            "quick": quick,
            "engine": engine,
            "out": str(staging),
        }
        lost = _executed(staging, parameters, tell)
        _name_final_folder(staging / FILES[0], staging, folder)
        tell(0.97, "writing report.html")
        answer = _with_loss(staging, lost)
        export_html(staging / FILES[0], staging / FILES[1], title=scenario.heading, made=_made(answer))
        folder.mkdir(exist_ok=True)
        for name in FILES:
            os.replace(staging / name, folder / name)
    tell(1.0, "done")
    return Report(answer, tuple(folder / name for name in FILES))


def _from_anywhere(target: str | Path, name: str) -> str:
    """The absolute path of a compose file that is named from the current folder or from the one that is read."""
    return str((Path(name) if Path(name).is_file() else Path(target) / name).absolute())


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """A hidden folder beside (or in) the output folder, on the same file system; it goes when the work is done."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; the report needs a folder", valid="--out with a folder")
    in_the_way = next((folder / name for name in FILES if (folder / name).is_dir()), None)
    if in_the_way is not None:
        raise UserError(f"{in_the_way} is a folder where a file belongs", valid="--out with another folder")
    try:
        staging = Path(tempfile.mkdtemp(prefix=".novamodel-", dir=folder if folder.is_dir() else folder.parent))
    except OSError as problem:
        raise UserError(
            f"{folder} cannot be written: {problem.strerror}", valid="--out with a folder you may write to"
        ) from None
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _executed(staging: Path, parameters: dict[str, Any], tell: Tell) -> str:
    """Run the notebook; where its kernel is killed (for want of memory), once more and short. What was lost, or ''."""
    from nbclient.exceptions import DeadKernelError

    doing = ["starting the notebook"]
    try:
        _execute(staging, parameters, tell, doing)
        return ""
    except DeadKernelError:
        lost = f"the notebook's kernel was ended from outside (most often: no memory is left) at {doing[0]!r}{_used()}"
    if parameters["quick"]:
        raise UserError(lost, valid="more memory, or a smaller system") from None
    tell(0.05, f"{lost}; once more, short")
    try:
        _execute(staging, parameters | {"quick": True}, tell, doing)
    except DeadKernelError:
        raise UserError(f"{lost}, and in a short run again", valid="more memory, or a smaller system") from None
    return f"{lost}; every figure here is of a short run (--quick), too little to believe"


def _used() -> str:
    """The most memory of a process that this one has started, where the system counts it."""
    if sys.platform != "linux":
        return ""
    import resource

    return f", having used {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:,.0f} MiB"


def _with_loss(staging: Path, lost: str) -> dict[str, Any]:
    """The content of answer.json, in which a loss is a part that failed; the notebook then opens with it."""
    import nbformat

    place = staging / "answer.json"
    answer: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    if not lost:
        return answer
    answer["failed"] = [Failed("report", lost, False)._asdict(), *(answer.get("failed") or [])]
    write_whole(place, to_json(answer))
    notebook = nbformat.read(staging / FILES[0], as_version=4)
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(f"**Not whole:** {lost}."))
    nbformat.write(notebook, staging / FILES[0])
    return answer


def _under(cells: list[Any], index: int) -> str:
    """The heading that a cell stands under."""
    lines = [line for cell in cells[: index + 1] if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    heads = [line.lstrip("# ") for line in lines if line.startswith("#")]
    return heads[-1] if heads else f"cell {index}"


def _execute(staging: Path, parameters: dict[str, Any], tell: Tell, doing: list[str]) -> None:
    """Run the notebook through papermill in this Python; success is its last file, not papermill's metadata.

    ``doing`` holds the heading that it is at.
    """
    import papermill
    from papermill.engines import NBClientEngine, papermill_engines
    from papermill.exceptions import PapermillExecutionError

    class TellingEngine(NBClientEngine):  # type: ignore[misc]
        """Papermill's engine, which tells how far it is."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
            start, cells = nb_man.cell_start, len(nb_man.nb.cells)

            def cell_start(cell: Any, cell_index: int | None = None, **more: Any) -> Any:
                doing[0] = _under(nb_man.nb.cells, cell_index or 0)
                tell(0.05 + 0.9 * (cell_index or 0) / cells, "executing the notebook")
                return start(cell, cell_index, **more)

            nb_man.cell_start = cell_start
            return super().execute_managed_notebook(nb_man, kernel_name, **options)

    logging.getLogger("papermill").setLevel(logging.ERROR)
    papermill_engines.register("novamodel", TellingEngine)
    try:
        papermill.execute_notebook(
            str(notebooks_dir() / NOTEBOOK),
            str(staging / FILES[0]),
            parameters=parameters,
            engine_name="novamodel",
            kernel_name="python3",
            progress_bar=False,
            execution_timeout=CELL_TIMEOUT_S,
            extra_arguments=["--log-level=50"],  # of loopback TCP, or of an interrupt at its end: no news to the user
        )
    except PapermillExecutionError as problem:
        if problem.ename == "UserError":
            raise UserError(str(problem.evalue)) from None
        raise
    if not (staging / "answer.json").is_file():
        raise RuntimeError("the report notebook ended without writing answer.json")


def _made(answer: Mapping[str, Any]) -> str:
    """By what, of what and from what the answer was made."""
    parts = [f"novamodel {version('novamodel')}", f"scenario {answer['scenario']}", f"seed {answer['seed']}"]
    parts += [f"{answer['replications']} replications"] if answer.get("replications") else []
    parts += [f"prices of {answer['prices_date']} or later"] if answer.get("prices_date") else []
    return ", ".join(parts)


def _name_final_folder(notebook: Path, staging: Path, folder: Path) -> None:
    """In the executed notebook the parameter `out` names the folder where the files end up."""
    text = notebook.read_text(encoding="utf-8")
    notebook.write_text(text.replace(json.dumps(str(staging))[1:-1], json.dumps(str(folder))[1:-1]), encoding="utf-8")
