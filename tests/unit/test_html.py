"""The HTML report stands alone: figures drawn by an embedded plotly.js, nothing fetched from anywhere."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4
from plotly.io.json import to_json_plotly
from plotly.offline import get_plotlyjs

import novamodel.report as report
from novamodel import figures
from novamodel.errors import UserError
from novamodel.report.html import PANEL_ROOM

sys.path.insert(0, str(Path(__file__).parents[1]))
import figures_fixture as made

PLOTLY = "application/vnd.plotly.v1+json"


def notebook() -> nbformat.NotebookNode:
    figure = figures.rejections(made.result()).to_plotly_json()
    figure["layout"]["title"]["text"] = "<b>a</script><script>alert(1)</script> &lt;script>alert(2)</b><br>how"
    figure["data"][0]["name"] = "</script><script>alert(3)</script>"
    figure = nbformat.from_dict(json.loads(to_json_plotly(figure)))
    frame = '<table><tr><td>1</td></tr></table><script src="https://example.com/x.js"></script>'
    return v4.new_notebook(
        cells=[
            v4.new_markdown_cell("# Will it hold?\n\nFor whom: **architects** & others."),
            v4.new_code_cell("x = 1 < 2  # <code>", outputs=[]),
            v4.new_code_cell(
                "figure",
                outputs=[
                    v4.new_output("execute_result", {PLOTLY: figure, "text/plain": "Figure({})"}),
                    v4.new_output("display_data", {"text/html": frame, "text/plain": "table"}),
                    v4.new_output("display_data", {"text/markdown": "*said*"}),
                    v4.new_output("display_data", {"image/png": "aGk=\n"}),
                    v4.new_output("stream", name="stdout", text="\x1b[31mp99 < 300\x1b[0m"),
                    v4.new_output("stream", name="stderr", text="progress"),
                    v4.new_output("error", ename="E", evalue="bad", traceback=["\x1b[0mE: bad"]),
                ],
            ),
        ]
    )


@pytest.fixture(scope="module")
def page() -> str:
    return report.notebook_html(notebook())


@pytest.fixture(scope="module")
def own(page: str) -> str:
    """The page without plotly.js."""
    library = get_plotlyjs().replace("</script", "<\\/script")
    assert page.count(library) == 1
    return page.replace(library, "")


def test_nothing_is_fetched(own: str):
    assert re.findall(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//", own) == []
    assert "@import" not in own
    assert "default-src 'none'" in own
    assert "require" not in own
    assert "MathJax" not in own


def test_figures_are_drawn_at_their_height(own: str):
    assert own.count("Plotly.newPlot(") == 1
    layout = figures.rejections(made.result()).layout
    above = layout.margin.t - PANEL_ROOM  # the title, which stands above the figure as text
    assert f'style="height:{layout.height - above}px"' in own
    assert "</h4><p>how</p>" in own
    assert "Figure({})" not in own
    assert "showSendToCloud: false" in own


def test_text_cannot_leave_its_place(own: str):
    assert "<script>alert" not in own
    assert "\\u003c/script\\u003e" in own
    assert "<h4>a alert(1) &lt;script&gt;alert(2)</h4>" in own
    assert "x = 1 &lt; 2  # &lt;code&gt;" in own
    assert "p99 &lt; 300" in own
    assert "\x1b" not in own


def test_outputs_are_shown_in_their_richest_form(own: str):
    assert "<strong>architects</strong>" in own
    assert "<td>1</td>" in own
    assert "<em>said</em>" in own
    assert 'src="data:image/png;base64,aGk="' in own
    assert 'class="error"' in own
    assert "progress" not in own
    assert "<title>Will it hold?</title>" in own


def test_code_is_folded_away(own: str):
    assert own.count("<details") == 1
    assert "<details open" not in own


def test_a_page_without_figures_carries_no_library():
    page = report.notebook_html(v4.new_notebook(cells=[v4.new_markdown_cell("text")]), title="T")
    assert len(page) < 20_000
    assert "<title>T</title>" in page


def test_the_file_appears_whole(tmp_path: Path):
    source, target = tmp_path / "notebook.ipynb", tmp_path / "report.html"
    nbformat.write(notebook(), source)
    report.export_html(source, target, title="Bank")
    assert "<title>Bank</title>" in target.read_text(encoding="utf-8")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["notebook.ipynb", "report.html"]


def test_a_failed_export_leaves_nothing(tmp_path: Path):
    source, target = tmp_path / "notebook.ipynb", tmp_path / "folder"
    nbformat.write(notebook(), source)
    target.mkdir()
    with pytest.raises(UserError, match="is a folder"):
        report.export_html(source, target)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["folder", "notebook.ipynb"]
