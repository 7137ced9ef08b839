"""The figures of a notebook's page are drawn in a real browser from what lies beside it, without a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plotly.offline import get_plotlyjs

from tools.gallery import FOLDER, MIMETYPE
from tools.site.notebooks import as_page

SCRIPTS = Path(__file__).parents[2] / "docs" / "_static"
NOTEBOOK = FOLDER / "07_what_breaks_first.ipynb"
DRAWN = "[...document.querySelectorAll('.novamodel-figure')].filter(f => f.querySelector('.main-svg')).length"
LIVE = "document.querySelector('.novamodel-figure').querySelectorAll('.modebar-btn').length"


def test_every_figure_is_drawn_and_alive(open_page: Callable[[str], Any], tmp_path: Path):
    text = NOTEBOOK.read_text(encoding="utf-8")
    figures = text.count(f'"{MIMETYPE}"')
    outputs = [one for cell in as_page(json.loads(text))["cells"] for one in cell.get("outputs", [])]
    body = "".join(out["data"]["text/html"] for out in outputs if "novamodel-figure-data" in str(out.get("data")))
    scripts = "".join(f'<script src="{name}"></script>' for name in ("plotly.min.js", "figures.js"))
    (tmp_path / "page.html").write_text(f"<!doctype html><meta charset=utf-8>{body}{scripts}", encoding="utf-8")
    (tmp_path / "plotly.min.js").write_text(get_plotlyjs(), encoding="utf-8")
    (tmp_path / "figures.js").write_text((SCRIPTS / "figures.js").read_text(encoding="utf-8"), encoding="utf-8")
    with open_page((tmp_path / "page.html").as_uri()) as page:
        page.ask("Network.enable")
        page.ask("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
        page.until(f"{DRAWN} === {figures}", 60)
        assert page.evaluate(LIVE) > 0
    assert figures >= 3
