"""The committed notebooks have the house's shape: thin, executed, and not empty where nbval looks."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(file for file in FOLDER.glob("*.ipynb"))
CHECK = "nbval-check-output"
ALLOWED_IMPORTS = {"novamodel", "pandas", "plotly"}
ALWAYS = {"scenario", "overrides", "seed", "quick"}
MOST_BYTES, MOST_CELLS, MOST_LINES, MOST_PARAMETERS = 300_000, 25, 15, 8
MOST_CODE = 120
"""Lines of code in a whole notebook: more is logic that belongs into a room."""

FIGURE = "application/vnd.plotly.v1+json"

Notebook = dict[str, Any]


def source(cell: Notebook) -> str:
    return "".join(cell["source"])


def tags(cell: Notebook) -> list[str]:
    return cell["metadata"].get("tags", [])


def code(notebook: Notebook) -> list[Notebook]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def is_explorer(notebook: Notebook) -> bool:
    """An explorer (sliders) is committed without outputs and says so in its metadata."""
    return bool(notebook["metadata"].get("novamodel", {}).get("explorer"))


def shape_faults(notebook: Notebook) -> Iterator[str]:
    """What is wrong with the order, size and parameters of the cells."""
    cells = notebook["cells"]
    if len(cells) > MOST_CELLS:
        yield f"{len(cells)} cells, more than {MOST_CELLS}"
    if cells[0]["cell_type"] != "markdown" or not source(cells[0]).startswith("# "):
        yield "the first cell is not the title in prose"
    if len(cells) < 2 or "parameters" not in tags(cells[1]) or cells[1]["cell_type"] != "code":
        yield "the second cell is not the code cell tagged parameters"
    else:
        yield from parameter_faults(source(cells[1]))
    if sum("parameters" in tags(cell) for cell in cells) > 1:
        yield "more than one cell is tagged parameters"
    for number, cell in enumerate(code(notebook)):
        if len(source(cell).splitlines()) > MOST_LINES:
            yield f"code cell {number} is longer than {MOST_LINES} lines"


def parameter_faults(text: str) -> Iterator[str]:
    """What is wrong with the parameters cell: plain literals only, each with a comment."""
    body = ast.parse(text).body
    names = set()
    for statement in body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
            name, value = statement.target.id, statement.value
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, value = statement.targets[0].id, statement.value
        else:
            yield f"parameters line {statement.lineno} is no assignment"
            continue
        names.add(name)
        try:
            ast.literal_eval(value)
        except ValueError:
            yield f"parameter {name} is no plain literal"
        if "#" not in text.splitlines()[(statement.end_lineno or 1) - 1]:
            yield f"parameter {name} has no comment"
    if len(names) > MOST_PARAMETERS:
        yield f"{len(names)} parameters, more than {MOST_PARAMETERS}"
    if missing := ALWAYS - names:
        yield f"parameters missing: {sorted(missing)}"


def output_faults(notebook: Notebook) -> Iterator[str]:
    """What is wrong with the outputs: not executed, an error, a vacuous check, a trace of the machine."""
    cells = [cell for cell in code(notebook) if source(cell).strip()]
    if any(output["output_type"] == "error" for cell in cells for output in cell["outputs"]):
        yield "holds an error output"
    if is_explorer(notebook):
        if any(cell["outputs"] or cell.get("execution_count") for cell in cells):
            yield "is an explorer and holds outputs (make execute clears them)"
        return
    counts = [cell.get("execution_count") for cell in cells]
    if counts != list(range(1, len(cells) + 1)):
        yield f"was not executed once from top to bottom: counts {counts}"
    if not any(cell["outputs"] for cell in cells):
        yield "has no outputs"
    checks = [cell for cell in cells if CHECK in tags(cell)]
    if not checks:
        yield f"has no cell tagged {CHECK}: nbval would compare nothing"
    for cell in checks:
        if not cell.get("execution_count") or not cell["outputs"]:
            yield f"a cell tagged {CHECK} has no count or no output: nbval would pass on nothing"
        if "assert" not in source(cell):
            yield f"a cell tagged {CHECK} asserts nothing"
    for cell in cells:
        if {"papermill", "execution"} & set(cell["metadata"]):
            yield "holds time stamps of its execution (nbstripout --keep-output --keep-count)"
            break
    if "papermill" in notebook["metadata"]:
        yield "holds papermill's metadata"


def logic_faults(notebook: Notebook) -> Iterator[str]:
    """Definitions and length: what a room should hold and a test should try."""
    texts = [source(cell) for cell in code(notebook)]
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    for number, text in enumerate(texts):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, kinds):
                yield f"code cell {number} holds a {type(node).__name__}: logic belongs into novamodel/questions/"
    lines = sum(1 for text in texts for line in text.splitlines() if line.strip())
    if lines > MOST_CODE:
        yield f"{lines} lines of code, more than {MOST_CODE}"


def conclusion_faults(notebook: Notebook) -> Iterator[str]:
    """The last cell says the conclusion, in words that the run made; or one before the first figure does."""
    if is_explorer(notebook):
        return
    cells = notebook["cells"]
    drawn = [place for place, cell in enumerate(cells) if any(FIGURE in out.get("data", {}) for out in outputs(cell))]
    first = cells[: drawn[0]] if drawn else []
    if not any(_concludes(cell) for cell in [*first, cells[-1]]):
        yield "neither begins nor ends with a conclusion made from the run"


def outputs(cell: Notebook) -> list[Any]:
    return list(cell.get("outputs", []))


def _concludes(cell: Notebook) -> bool:
    if cell["cell_type"] != "code" or not outputs(cell):
        return False
    calls = [node.func for node in ast.walk(ast.parse(source(cell))) if isinstance(node, ast.Call)]
    return "conclusion" in [ast.unparse(function).rpartition(".")[2] for function in calls]


def import_faults(notebook: Notebook) -> Iterator[str]:
    """Imports of anything but the package, pandas and plotly."""
    for cell in code(notebook):
        for node in ast.walk(ast.parse(source(cell))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                if name.partition(".")[0] not in ALLOWED_IMPORTS:
                    yield f"imports {name}"
                elif name.count(".") > 1 and name.startswith("novamodel."):
                    yield f"imports {name}, past the front door"


def faults(notebook: Notebook) -> list[str]:
    return [
        *shape_faults(notebook),
        *output_faults(notebook),
        *import_faults(notebook),
        *logic_faults(notebook),
        *conclusion_faults(notebook),
    ]


def test_there_are_notebooks():
    assert (FOLDER / "00_report.ipynb").is_file()


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.name)
def test_notebook_has_the_house_shape(file: Path):
    text = file.read_text(encoding="utf-8")
    assert faults(json.loads(text)) == []
    assert len(text.encode()) <= MOST_BYTES


# The guard itself, on a notebook that is right and on copies with one fault each.


def good() -> Notebook:
    parameters = "\n".join(
        [
            "scenario = 'a.yaml'  # file",
            "overrides = {}  # changes",
            "seed = 7  # seed",
            "quick = True  # short",
        ]
    )
    shown = [{"output_type": "execute_result", "data": {}}]

    def cell(number: int, text: str, tag: str, outputs: list[Notebook]) -> Notebook:
        return {
            "cell_type": "code",
            "metadata": {"tags": [tag]},
            "source": [text],
            "execution_count": number,
            "outputs": outputs,
        }

    return {
        "metadata": {},
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": ["# Will it hold?"]},
            cell(1, parameters, "parameters", []),
            cell(2, "import novamodel as nm", "imports", []),
            cell(3, "assert 1 == 1\n1", CHECK, shown),
            cell(4, "answer.conclusion()", "conclusion", shown),
        ],
    }


def test_the_guard_passes_a_good_notebook():
    assert faults(good()) == []


def spoil(place: int, **change: Any) -> Notebook:
    notebook = good()
    notebook["cells"][place].update(change)
    return notebook


@pytest.mark.parametrize(
    ("notebook", "fault"),
    [
        (spoil(0, source=["no title"]), "title"),
        (spoil(1, metadata={}), "second cell"),
        (spoil(1, source=["seed = 7  # seed"]), "parameters missing"),
        (spoil(1, source=["seed = int('7')  # seed"]), "no plain literal"),
        (spoil(1, source=["seed = 7"]), "no comment"),
        (spoil(2, source=["import numpy as np"]), "imports numpy"),
        (spoil(2, source=["from novamodel.simulation.engine import Engine"]), "past the front door"),
        (spoil(2, execution_count=None), "not executed"),
        (spoil(2, outputs=[{"output_type": "error"}]), "error output"),
        (spoil(2, source=["x = 1\n"] * 16), "longer than"),
        (spoil(2, metadata={"papermill": {}}), "time stamps"),
        (spoil(2, source=["def f(x):\n    return x"]), "holds a FunctionDef"),
        (spoil(2, source=["class A:\n    x = 1"]), "holds a ClassDef"),
        (spoil(2, source=["f = lambda x: x"]), "holds a Lambda"),
        (spoil(2, source=["\n".join(["x = 1"] * 125)]), "lines of code"),
        (spoil(3, outputs=[]), "pass on nothing"),
        (spoil(4, source=["print('all is well')"]), "ends with a conclusion"),
        (spoil(4, cell_type="markdown"), "ends with a conclusion"),
        (spoil(4, outputs=[]), "ends with a conclusion"),
        (spoil(3, source=["1"]), "asserts nothing"),
        (spoil(3, metadata={}), "compare nothing"),
    ],
)
def test_the_guard_finds_each_fault(notebook: Notebook, fault: str):
    assert any(fault in found for found in faults(notebook))


def test_an_explorer_has_no_outputs():
    explorer = good() | {"metadata": {"novamodel": {"explorer": True}}}
    assert any("holds outputs" in found for found in faults(explorer))
    for cell in code(explorer):
        cell.update(outputs=[], execution_count=None)
    assert faults(explorer) == []
