"""The sliders of `11_explore` in JupyterLab in a real browser: one is moved, and all figures follow."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

NOTEBOOK = "11_explore.ipynb"
PANEL = "[...(window.jupyterapp?.shell?.widgets('main') ?? [])].find(w => w.context?.isReady)"
WORDS = "document.querySelector('.novamodel-explorer .widget-html-content')?.innerText"
BARS = "[...document.querySelectorAll('.novamodel-explorer .bartext')].map(t => t.textContent).join(' ')"
HANDLES = "document.querySelectorAll('.novamodel-explorer .noUi-handle')"


def test_a_moved_slider_moves_latency_use_and_cost(open_page: Callable[[str], Any], lab: str, tmp_path: Path):
    with open_page(f"{lab}/lab/tree/{NOTEBOOK}") as page:
        page.until(f"{PANEL}?.sessionContext?.session?.kernel?.status === 'idle'")
        page.evaluate(f"window.jupyterapp.shell.activateById({PANEL}.id)")
        page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => true)")
        page.until(f"{HANDLES}.length >= 5 && {BARS}.includes('%')")
        before, bars = page.evaluate(WORDS), page.evaluate(BARS)
        page.evaluate(f"{HANDLES}[3].focus()")  # the load
        began = time.monotonic()
        page.press("ArrowRight", 39)
        after = page.until(f"{WORDS} !== {before!r} && !{WORDS}?.includes('simulating') && {WORDS}", 10)
        took = time.monotonic() - began
        page.until(f"{BARS} !== {bars!r}", 10)
        page.evaluate(f"{HANDLES}[0].scrollIntoView({{block: 'center'}})")
        page.picture(tmp_path / "explore.png")
    assert "USD a month" in before
    assert "USD a month" in after
    assert took < 3, f"{took:.2f} s from the key to the words (0.3 s wanted on an idle machine)"
