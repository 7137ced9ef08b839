"""Writes notebooks/README.md: the notebooks by question, each with a thumbnail of its first figure (`make gallery`).

The figures are those of the executed notebooks, drawn small by a headless Chromium; the explorer, which keeps no
outputs, shows the figure under its sliders at NovaBank's own settings.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from plotly.offline import get_plotlyjs

from tools.notebooks import FOLDER, is_explorer

THUMBNAILS = "thumbnails"
README = "README.md"
REPORT = "00_report.ipynb"
WIDTH, HEIGHT, SCALE = 1000, 560, 0.5
"""A figure is drawn in so many pixels and saved at that share of them."""
SHOWN = 340
MIMETYPE = "application/vnd.plotly.v1+json"
ANSWER, ANSWER_SIZE = Path("docs/answer.png"), (1140, 910)
"""The picture on README's first page: the report's first figure whole, with its title, in so many pixels."""
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
    "--virtual-time-budget=8000",
)  # fmt: skip
HEAD = """# Notebooks by question

Each notebook is one question. Open it (`make lab`), change the parameters in its second cell, run all cells; or run it
headless with papermill. The pictures are the notebooks' own first figures, for NovaBank.

| question | notebook | figure |
| --- | --- | --- |
"""


def notebooks() -> list[Path]:
    """The notebooks in their order."""
    return sorted(FOLDER.glob("*.ipynb"))


def question(file: Path) -> tuple[str, str]:
    """Title of a notebook, and the first sentence below it."""
    title, _, text = _source(json.loads(file.read_text(encoding="utf-8"))["cells"][0]).partition("\n")
    sentence = re.match(r".*?[.?](?=\s|$)", " ".join(text.split()))
    return title.removeprefix("# ").strip(), sentence[0] if sentence else ""


def readme() -> str:
    """The page as it has to be."""
    rows = []
    for file in notebooks():
        title, sentence = question(file)
        image = f'<img src="{THUMBNAILS}/{file.stem}.png" width="{SHOWN}" alt="First figure of {file.stem}">'
        picture = f'<a href="{file.name}">{image}</a>'
        rows.append(f"| **{title}**<br>{sentence} | [{file.stem}]({file.name}) | {picture} |\n")
    return HEAD + "".join(rows)


def first_figure(file: Path) -> dict[str, Any]:
    """The figure that stands for a notebook, as plotly's JSON."""
    if is_explorer(file):
        import novamodel as nm

        figure: dict[str, Any] = json.loads(nm.figures.explored(nm.questions.explore(nm.load("novabank"))).to_json())
        return figure
    for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            if MIMETYPE in output.get("data", {}):
                return dict(output["data"][MIMETYPE])
    raise SystemExit(f"{file.name} holds no figure: execute it first (make execute NOTEBOOKS={file})")


def thumbnail(figure: dict[str, Any], target: Path, chromium: str) -> None:
    """Draw a figure without its title as a small PNG."""
    layout = {**figure["layout"], "width": WIDTH, "height": HEIGHT - 16, "title": None}
    layout["margin"] = {**layout.get("margin", {}), "t": 34}
    draw({**figure, "layout": layout}, target, chromium, (WIDTH, HEIGHT), SCALE)


def draw(figure: dict[str, Any], target: Path, chromium: str, size: tuple[int, int], scale: float) -> None:
    """Draw a figure as a PNG of ``size`` pixels times ``scale``."""
    layout = {"width": size[0], "height": size[1], **figure["layout"]}
    drawing = json.dumps([figure["data"], layout]).replace("<", "\\u003c")
    page = (
        "<!doctype html><meta charset=utf-8><style>body{margin:0}</style><div id=f></div>"
        f"<script>{get_plotlyjs()}</script><script>const [data, layout] = {drawing};"
        "Plotly.newPlot('f', data, layout, {staticPlot: true})</script>"
    )
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "figure.html"
        source.write_text(page, encoding="utf-8")
        places = [f"--user-data-dir={folder}/profile", f"--screenshot={target}", source.as_uri()]
        shape = [f"--force-device-scale-factor={scale}", f"--window-size={size[0]},{size[1]}"]
        subprocess.run([chromium, *FLAGS, *shape, *places], check=True, capture_output=True, timeout=120)


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def main(names: list[str]) -> None:
    """Draw the thumbnails of the named notebooks, or of all, and write the page."""
    folder = FOLDER / THUMBNAILS
    folder.mkdir(exist_ok=True)
    for left in {file.stem for file in folder.glob("*.png")} - {file.stem for file in notebooks()}:
        (folder / f"{left}.png").unlink()
    (FOLDER / README).write_text(readme(), encoding="utf-8")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("error: thumbnails need Chromium (on Debian and Ubuntu: apt install chromium)")
    for file in [Path(name) for name in names] or notebooks():
        if file.name == REPORT:
            draw(first_figure(file), ANSWER, chromium, ANSWER_SIZE, 1.0)
        thumbnail(first_figure(file), folder / f"{file.stem}.png", chromium)
        print(f"{file.stem}: {(folder / f'{file.stem}.png').stat().st_size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
