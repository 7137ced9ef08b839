"""The committed notebooks as pages, with figures that are drawn without a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from plotly.offline import get_plotlyjs

from tools.gallery import FOLDER, MIMETYPE, THUMBNAILS, question
from tools.gallery import notebooks as committed
from tools.notebooks import is_explorer

PLACE = "how-to"
"""Folder of the notebooks' pages; what is copied there is not committed."""
PLOTLY = "plotly.min.js"


def as_page(notebook: dict[str, Any]) -> dict[str, Any]:
    """A notebook whose figures stand in HTML as their data, to be drawn by `figures.js`."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            figure = output.get("data", {}).pop(MIMETYPE, None)
            if figure is not None:
                figure["layout"] = {k: v for k, v in figure["layout"].items() if k != "width"}
                drawing = json.dumps({"data": figure["data"], "layout": figure["layout"]}).replace("<", "\\u003c")
                html = f'<script type="application/json" class="novamodel-figure-data">{drawing}</script>'
                output["data"]["text/html"] = html
    return notebook


def copy(app: Any) -> None:
    """Write the pages, their thumbnails and plotly's script where Sphinx looks for them."""
    place = Path(app.srcdir) / PLACE
    for file in committed():
        page = as_page(json.loads(file.read_text(encoding="utf-8")))
        if is_explorer(file):
            page["cells"].append(_picture(file.stem))
        (place / file.name).write_text(json.dumps(page), encoding="utf-8")
        thumbnail = FOLDER / THUMBNAILS / f"{file.stem}.png"
        (place / thumbnail.name).write_bytes(thumbnail.read_bytes())
    script = Path(app.srcdir) / "_static" / PLOTLY
    if not script.is_file() or script.stat().st_size != len(get_plotlyjs().encode()):
        script.write_text(get_plotlyjs(), encoding="utf-8")


def _picture(stem: str) -> dict[str, Any]:
    words = "The sliders need a running notebook (`make lab`). This is the figure below them, at NovaBank's settings."
    source = f"{words}\n\n![The figure below the sliders]({stem}.png)"
    return {"cell_type": "markdown", "id": "picture", "metadata": {}, "source": source}


def add_scripts(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Plotly on the pages that have figures, and on no other."""
    if page.startswith(f"{PLACE}/") and page != f"{PLACE}/index":
        app.add_js_file(PLOTLY)
        app.add_js_file("figures.js")


def questions(lines: list[str]) -> str:
    """The notebooks by question, each with its picture; and as a table of contents."""
    rows = ["| question | figure |", "| --- | --- |"]
    for file in committed():
        title, sentence = question(file)
        picture = f"![First figure of {file.stem}]({file.stem}.png)"
        rows.append(f"| [**{title}**]({file.name})<br>{sentence} | {picture} |")
    names = "\n".join(file.stem for file in committed())
    return "\n".join(rows) + f"\n\n```{{toctree}}\n:hidden:\n\n{names}\n```\n"
