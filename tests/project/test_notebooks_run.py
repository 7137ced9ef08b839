"""Every notebook runs headless with other parameters than its own, and answers or says what is wrong.

Each notebook gets a small, a large or a degenerate case in turn; an explanation is one `UserError` that says what
would be valid.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

from tools.notebooks import FOLDER, is_explorer

SMALL = {"traffic.peak": "5 requests/s", "traffic.night": "1 requests/s"}
LARGE = {"traffic.peak": "3000 requests/s", "services.core-api.autoscaler.max_replicas": 30}
BARE = {
    "services.core-api.replicas": 1,
    "edge.limits": {},
    "database.pgbouncer": None,
    "traffic.populations": {"customers": {"share": 1.0, "clients": 1}},
    "traffic.peak": "60 requests/s",
    "traffic.night": "60 requests/s",
    "slo": ["p99 < 300 ms"],
}
CASES: dict[str, dict[str, Any]] = {
    "small": {"scenario": "novabank-ecs", "overrides": SMALL},
    "large": {"scenario": "novabank", "overrides": LARGE},
    "degenerate": {"scenario": "novabank-compose", "overrides": BARE},
}
ALWAYS = {"seed": 11, "quick": True}
NOTEBOOKS = [file for file in sorted(FOLDER.glob("*.ipynb")) if not is_explorer(file)]
# Each notebook gets one of the three cases in turn: a kernel takes seconds to start.
RUNS = [(file, list(CASES)[place % len(CASES)]) for place, file in enumerate(NOTEBOOKS)]


def run(file: Path, parameters: dict[str, Any], target: Path) -> Any:
    """The executed notebook; raises where a cell fails."""
    options = {"progress_bar": False, "cwd": str(target.parent), "execution_timeout": 400, "log_output": False}
    papermill.execute_notebook(str(file), str(target), parameters, **options)
    return nbformat.read(target, as_version=4)


def explanation(problem: PapermillExecutionError) -> str:
    """The message of the mistake that a notebook ended with; any other failure is raised."""
    assert problem.ename == "UserError", f"{problem.ename}: {problem.evalue}"
    return str(problem.evalue)


@pytest.mark.parametrize(("file", "case"), RUNS, ids=lambda value: getattr(value, "stem", value))
def test_notebook_answers_or_explains(file: Path, case: str, tmp_path: Path):
    try:
        notebook = run(file, CASES[case] | ALWAYS, tmp_path / file.name)
    except PapermillExecutionError as problem:
        text = explanation(problem)
        assert "\n" not in text
        assert "(valid: " in text
        return
    said = [cell for cell in notebook.cells if cell.cell_type == "code" and "conclusion(" in cell.source]
    shown = [output.get("data", {}) for cell in said for output in cell.outputs]
    assert any(len("".join(data.get("text/plain", ""))) > 40 for data in shown), "no conclusion"


@pytest.mark.parametrize(
    ("overrides", "words"),
    [({"services.core-api.replica": 3}, "services.core-api.replicas"), ({"traffic.peak": "fast"}, "traffic.peak")],
)
def test_a_mistake_in_the_parameters_is_explained(overrides: dict[str, Any], words: str, tmp_path: Path):
    file = FOLDER / "04_edge.ipynb"
    with pytest.raises(PapermillExecutionError) as caught:
        run(file, {"overrides": overrides} | ALWAYS, tmp_path / file.name)
    assert words in explanation(caught.value)


def test_parameters_of_the_cases_are_those_of_every_notebook():
    for file in NOTEBOOKS:
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        text = "".join(cells[1]["source"])
        for name in ("scenario", "overrides", *ALWAYS):
            assert f"{name}:" in text or f"{name} =" in text, f"{file.name} has no parameter {name}"


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"scenaro": "novabank"}, "no parameter 'scenaro' (valid: did you mean scenario"),
        ({"quick": "soon"}, "parameter quick: 'soon' is a str (valid: bool)"),
        ({"overrides": "traffic.peak=fast"}, "traffic.peak"),
    ],
)
def test_a_parameter_that_the_notebook_lacks_is_refused(parameters: dict[str, Any], words: str, tmp_path: Path):
    file = FOLDER / "06_cache.ipynb"
    with pytest.raises(PapermillExecutionError) as caught:
        run(file, parameters, tmp_path / file.name)
    assert words in explanation(caught.value)
