"""A case as an executed notebook: papermill in the worker, and a file that its kernel writes last as proof.

papermill's metadata says that every cell completed even where the kernel was killed. So a last cell is added that
writes a file; a notebook without that file has failed. The added cell is taken out again.
"""

from __future__ import annotations

import json
import logging
import tempfile
from pathlib import Path
from typing import Any

from novamodel.batch.machine import clock_s
from novamodel.batch.work import guarded

DONE = "done.json"
TAG = "novamodel-sweep"


def run_notebook(text: str, title: str, parameters: dict[str, Any], time_limit_s: float) -> dict[str, Any]:
    """Execute a notebook's text with parameters; its record, with the executed notebook and its HTML as text."""
    begin = clock_s()
    return {**guarded(lambda: _executed(text, title, parameters, time_limit_s)), "took_s": clock_s() - begin}


def _executed(text: str, title: str, parameters: dict[str, Any], time_limit_s: float) -> dict[str, Any]:
    import nbformat
    import papermill

    from novamodel.report.html import notebook_html

    logging.getLogger("papermill").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="novamodel-") as folder:
        before, after, proof = Path(folder) / "in.ipynb", Path(folder) / "out.ipynb", Path(folder) / DONE
        before.write_text(_with_proof(text, proof), encoding="utf-8")
        papermill.execute_notebook(
            str(before),
            str(after),
            parameters=parameters,
            kernel_name="python3",
            progress_bar=False,
            execution_timeout=max(1, int(time_limit_s)),
            cwd=folder,
            extra_arguments=["--log-level=50"],
        )
        if not proof.is_file():
            raise RuntimeError("the notebook ended without its last cell: was its kernel killed?")
        found = nbformat.read(after, as_version=4)
    found.cells = [cell for cell in found.cells if TAG not in cell.metadata.get("tags", [])]
    return {"notebook": nbformat.writes(found), "html": notebook_html(found, title=title)}


def _with_proof(text: str, proof: Path) -> str:
    notebook = json.loads(text)
    source = f"import pathlib\npathlib.Path({str(proof)!r}).write_text('true')"
    cell: dict[str, Any] = {
        "cell_type": "code",
        "metadata": {"tags": [TAG]},
        "source": source,
        "execution_count": None,
        "outputs": [],
    }
    if notebook.get("nbformat_minor", 0) >= 5:
        cell["id"] = TAG
    notebook["cells"].append(cell)
    return json.dumps(notebook)
