"""An executed notebook as one HTML file that needs nothing else: no network, no other file.

nbconvert's own HTML shows plotly figures blank without a network, and loads scripts from others' servers. This
export writes each cell itself, embeds plotly.js once, folds the code away, and forbids outside requests by a
content security policy. The libraries that this takes are imported when a page is made: the tables need none of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from novamodel.files import write_whole

PLOTLY = "application/vnd.plotly.v1+json"
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_OUTSIDE = re.compile(
    r"<(?:script|link|iframe|img|object|embed)\b[^>]*(?:src|href|data)\s*=\s*[\"']?(?:https?:)?//[^>]*>", re.I
)


def export_html(notebook: Path, target: Path, *, title: str | None = None) -> None:
    """Write the HTML report of an executed notebook; `target` appears whole or not at all."""
    import nbformat

    write_whole(target, notebook_html(nbformat.read(notebook, as_version=4), title=title))


def notebook_html(notebook: Mapping[str, Any], *, title: str | None = None) -> str:
    """The HTML text of an executed notebook. `title`: of the page; without it the notebook's first heading."""
    from jinja2 import Environment, PackageLoader
    from plotly.offline import get_plotlyjs

    cells = _folded([cell for number, cell in enumerate(notebook["cells"]) for cell in _cell(cell, number)])
    pages = Environment(loader=PackageLoader("novamodel.report", "templates"), autoescape=True)
    return pages.get_template("report.html.jinja").render(
        title=title or _first_heading(notebook),
        cells=cells,
        plotly_js=get_plotlyjs().replace("</script", "<\\/script"),
        has_figures=any(output["kind"] == "figure" for cell in cells for output in cell["outputs"]),
    )


def _folded(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cells without outputs give their code to the next code cell, so that one fold shows it."""
    kept: list[dict[str, Any]] = []
    waiting: list[str] = []
    for cell in cells:
        if cell["code"] and not cell["outputs"] and cell is not cells[-1]:
            waiting.append(cell["code"])
            continue
        if cell["code"] and waiting:
            cell["code"] = "\n\n".join([*waiting, cell["code"]])
            waiting = []
        kept.append(cell)
    return kept


def _first_heading(notebook: Mapping[str, Any]) -> str:
    for cell in notebook["cells"]:
        found = re.search(r"^#\s+(.+)$", cell["source"], re.M) if cell["cell_type"] == "markdown" else None
        if found:
            return found.group(1).strip()
    return "Report"


def _cell(cell: Mapping[str, Any], number: int) -> Iterator[dict[str, Any]]:
    source = cell["source"].strip()
    if cell["cell_type"] == "markdown" and source:
        yield {"prose": _local(_markdown(source)), "code": "", "outputs": []}
    elif cell["cell_type"] == "code" and source:
        outputs = [
            shown for place, output in enumerate(cell["outputs"]) for shown in _output(output, f"{number}-{place}")
        ]
        yield {"prose": "", "code": source, "outputs": outputs}


def _output(output: Mapping[str, Any], key: str) -> Iterator[dict[str, Any]]:
    """One output as the richest form that it has."""
    if output["output_type"] == "stream":
        if output["name"] == "stdout":
            yield {"kind": "text", "text": _ANSI.sub("", _joined(output["text"]))}
        return
    if output["output_type"] == "error":
        yield {"kind": "error", "text": _ANSI.sub("", "\n".join(output["traceback"]))}
        return
    data = output["data"]
    if PLOTLY in data:
        yield _figure(data[PLOTLY], key)
    elif "text/html" in data:
        yield {"kind": "html", "html": _local(_joined(data["text/html"]))}
    elif "text/markdown" in data:
        yield {"kind": "html", "html": _local(_markdown(_joined(data["text/markdown"])))}
    elif "image/png" in data:
        yield {"kind": "image", "data": re.sub(r"\s", "", _joined(data["image/png"]))}
    elif "text/plain" in data:
        yield {"kind": "text", "text": _joined(data["text/plain"])}


def _figure(figure: Mapping[str, Any], key: str) -> dict[str, Any]:
    layout = {name: value for name, value in figure["layout"].items() if name != "width"}
    title = re.sub(r"<[^<>]+>", " ", str((layout.get("title") or {}).get("text", "")))
    return {
        "kind": "figure",
        "id": f"figure-{key}",
        "height": int(layout.get("height") or 450),
        "label": " ".join(title.split()),
        "data": script_json(figure["data"]),
        "layout": script_json(layout),
    }


def script_json(value: Any) -> str:
    """JSON that may stand inside a script element."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _markdown(text: str) -> str:
    from nbconvert.filters.markdown import markdown2html

    return str(markdown2html(text))


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _local(html: str) -> str:
    """HTML without elements that fetch something from another server."""
    return _OUTSIDE.sub(lambda found: f"<!-- left out: {escape(found.group()[:20])} -->", html)
