"""A notebook's kernel that is killed (as for want of memory) leaves a report all the same, and one line why."""

import json
from pathlib import Path

import nbformat
import pytest

from novamodel.errors import UserError
from novamodel.workflows import report as reporting

DIES = """
import os, signal, json
if not quick or {always}:
    os.kill(os.getpid(), signal.SIGKILL)
facts = dict(scenario="x", title="x", seed=1, failed=[])
open(out + "/answer.json", "w").write(json.dumps(facts))
open(out + "/bill.csv", "w").write("")
"""
META = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
PARAMETERS = 'scenario, overrides, compose, seed, quick, engine, out = "", {}, {}, None, False, "auto", ""'


@pytest.fixture
def dying(tmp_path, monkeypatch):
    """Makes the report's notebook one that is killed under the heading `The peak`."""

    def make(*, always: bool) -> Path:
        cells = [
            nbformat.v4.new_markdown_cell("# A report"),
            nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
            nbformat.v4.new_markdown_cell("## The peak"),
            nbformat.v4.new_code_cell(DIES.format(always=always)),
        ]
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=META), tmp_path / reporting.NOTEBOOK)
        monkeypatch.setattr(reporting, "notebooks_dir", lambda: tmp_path)
        return tmp_path / "out"

    return make


def test_what_is_left_is_a_short_report_that_says_what_was_lost(dying):
    out = dying(always=False)
    made = reporting.write_report("novabank", out)
    row = made.answer["failed"][0]
    assert row["part"] == "report"
    assert "'The peak'" in row["why"]
    assert "MiB" in row["why"]
    assert json.loads((out / "answer.json").read_text(encoding="utf-8")) == made.answer
    assert {file.name for file in out.iterdir()} == set(reporting.FILES)
    assert "Not whole" in (out / "report.html").read_text(encoding="utf-8")


def test_a_kernel_that_is_killed_again_is_one_line_and_leaves_nothing(dying):
    out = dying(always=True)
    with pytest.raises(UserError, match=r"'The peak'.*in a short run again"):
        reporting.write_report("novabank", out)
    assert not out.exists()
    assert not list(out.parent.glob(".novamodel-*"))
