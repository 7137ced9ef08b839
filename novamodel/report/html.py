"""An executed notebook as one HTML file that needs nothing else: no network, no other file.

nbconvert's own HTML shows plotly figures blank without a network, and loads scripts from others' servers. This
export writes each cell itself, embeds plotly.js once, folds the code away, and forbids outside requests by a
content security policy. The libraries that this takes are imported when a page is made: the tables need none of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape, unescape
from pathlib import Path
from typing import Any

from novamodel.files import write_whole

PLOTLY = "application/vnd.plotly.v1+json"
PANEL_ROOM = 26
"""Pixels above the uppermost panel, for its own heading."""
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_HEADING = re.compile(r'<h2 id="([^"]+)">(.*?)(?:<a class="anchor-link"|</h2>)', re.S)
_BOLD, _TAG = re.compile(r"<b>(.*?)</b>", re.S), re.compile(r"<[^<>]+>")
_OUTSIDE = re.compile(
    r"<(?:script|link|iframe|img|object|embed)\b[^>]*(?:src|href|data)\s*=\s*[\"']?(?:https?:)?//[^>]*>", re.I
)


def export_html(notebook: Path, target: Path, *, title: str | None = None, made: str = "") -> None:
    """Write the HTML report of an executed notebook; `target` appears whole or not at all."""
    import nbformat

    write_whole(target, notebook_html(nbformat.read(notebook, as_version=4), title=title, made=made))


def notebook_html(notebook: Mapping[str, Any], *, title: str | None = None, made: str = "") -> str:
    """The HTML text of an executed notebook.

    `title`: of the page; without it the notebook's first heading. `made`: by what, from what and when, said on top.
    """
    from jinja2 import Environment, PackageLoader
    from plotly.offline import get_plotlyjs

    cells = _folded([cell for number, cell in enumerate(notebook["cells"]) for cell in _cell(cell, number)])
    pages = Environment(loader=PackageLoader("novamodel.report", "templates"), autoescape=True)
    return pages.get_template("report.html.jinja").render(
        title=title or _first_heading(notebook),
        made=made,
        contents=[found for cell in cells for found in _HEADING.findall(cell["prose"])],
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
    """A figure whose title stands above it as the page's own text, which breaks at any width."""
    layout = {name: value for name, value in figure["layout"].items() if name not in ("width", "title")}
    written = str((figure["layout"].get("title") or {}).get("text", ""))
    height, margin = int(layout.get("height") or 450), dict(layout.get("margin") or {})
    if written and margin.get("t", 0) > PANEL_ROOM:
        layout["height"] = height = height - (margin["t"] - PANEL_ROOM)
        layout["margin"] = margin | {"t": PANEL_ROOM}
    return {
        "kind": "figure",
        "id": f"figure-{key}",
        "height": height,
        "least_width": (layout.get("meta") or {}).get("least_width", 0),
        "title": _said(" ".join(_BOLD.findall(written)) or written),
        "how": _said(_BOLD.sub("", written)),
        "data": script_json(figure["data"]),
        "layout": script_json(layout),
    }


def _said(markup: str) -> str:
    """The words of plotly's markup."""
    return unescape(" ".join(_TAG.sub(" ", markup).split()))


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
