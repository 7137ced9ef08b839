"""Sliders over a live simulation, for JupyterLab: the one module that knows ipywidgets."""

from __future__ import annotations

from typing import Any

import ipywidgets
import plotly.graph_objects as go

from novamodel import units
from novamodel.errors import UserError
from novamodel.figures import explored
from novamodel.questions import Explored, explore, explore_settings
from novamodel.scenario import Scenario

MIB = 1024.0**2
MOST_REPLICAS, MOST_POOL, MOST_LOAD = 30, 60, 5.0
CPU_LIMITS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)
MEMORY = tuple(MIB * 2**power for power in range(2, 14))
BUSY = "<p><b>simulating ...</b></p>"
LABELS = {
    "replicas": "replicas",
    "cpu_limit": "CPU limit",
    "pool": "pool of a replica",
    "rate": "peak, requests/s",
    "cache_memory": "cache memory",
}


class Explorer(ipywidgets.VBox):  # type: ignore[misc]
    """Sliders, words and a figure. ``sliders`` by setting; ``point`` is what is shown (None after a mistake).

    The point before stays in the figure as hollow marks, and its axes never shrink, so that a move can be seen.
    """

    def __init__(self, scenario: Scenario, service: str | None, engine: str, quick: bool) -> None:
        self.scenario, self.service, self.engine, self.quick = scenario, service, engine, quick
        self.sliders = make_sliders(explore_settings(scenario, service))
        self.point: Explored | None = explore(scenario, service=service, engine=engine, quick=quick)
        self.words = ipywidgets.HTML(_as_html(self.point.conclusion()))
        self.figure = go.FigureWidget(explored(self.point))
        for slider in self.sliders.values():
            slider.observe(self._moved, names="value")
        super().__init__([*self.sliders.values(), self.words, self.figure])
        self.add_class("novamodel-explorer")

    def settings(self) -> dict[str, float | None]:
        """What the sliders say now, by setting."""
        return {name: slider.value for name, slider in self.sliders.items() if not slider.disabled}

    def _moved(self, change: Any) -> None:
        """Simulate what the sliders say and put it into the figure that is on screen."""
        before, self.words.value = self.point, BUSY + self.words.value
        try:
            self.point = explore(
                self.scenario, self.settings(), service=self.service, engine=self.engine, quick=self.quick
            )
        except UserError as problem:
            self.point = None
            self.words.value = f"<p>{problem}</p>"
            return
        fresh = explored(self.point, before)
        with self.figure.batch_update():
            for shown, made in zip(self.figure.data, fresh.data, strict=True):
                shown.update(made.to_plotly_json(), overwrite=True)
            for axis in ("yaxis", "xaxis2"):
                self.figure.layout[axis].range = _held(self.figure.layout[axis].range, fresh.layout[axis].range)
        self.words.value = _as_html(self.point.conclusion())


def _held(shown: tuple[float, float], needed: tuple[float, float]) -> tuple[float, float]:
    """The axis as it stands; twice as long, or more, where a value would not fit."""
    top = shown[1]
    while top < needed[1]:
        top *= 2
    return (0.0, top)


def explorer(scenario: Scenario, service: str | None = None, *, engine: str = "auto", quick: bool = False) -> Explorer:
    """Sliders for replicas, CPU limit, pool, rate and cache memory of a service (left out: the busiest).

    A slider without a meaning in the scenario (no pool, no CPU limit, no cached keys) is greyed out.
    """
    return Explorer(scenario, service, engine, quick)


def make_sliders(now: dict[str, float | None]) -> dict[str, Any]:
    """One slider a setting, at today's value; ``now`` as of `explore_settings`."""
    style: dict[str, Any] = {
        "style": {"description_width": "150px"},
        "layout": {"width": "560px"},
        "continuous_update": False,
    }
    rate = now["rate"] or 1.0
    return {
        "replicas": ipywidgets.IntSlider(
            int(now["replicas"] or 1),
            1,
            max(MOST_REPLICAS, int(now["replicas"] or 1)),
            description=LABELS["replicas"],
            **style,
        ),
        "cpu_limit": _ladder("cpu_limit", now, CPU_LIMITS, units.format_cores, style),
        "pool": ipywidgets.IntSlider(
            int(now["pool"] or 1),
            1,
            max(MOST_POOL, int(now["pool"] or 1)),
            description=LABELS["pool"],
            disabled=now["pool"] is None,
            **style,
        ),
        "rate": ipywidgets.FloatSlider(
            rate, min=rate / 10, max=rate * MOST_LOAD, step=rate / 10, description=LABELS["rate"], **style
        ),
        "cache_memory": _ladder("cache_memory", now, MEMORY, units.format_bytes, style),
    }


def _ladder(
    name: str, now: dict[str, float | None], steps: tuple[float, ...], write: Any, style: dict[str, Any]
) -> Any:
    """A slider over fixed steps, today's value among them."""
    value = now[name]
    values = sorted({*steps, value}) if value is not None else list(steps)
    return ipywidgets.SelectionSlider(
        options=[(write(step), step) for step in values],
        value=values[0] if value is None else value,
        description=LABELS[name],
        disabled=value is None,
        **style,
    )


def _as_html(words: str) -> str:
    bold = words.split("**")
    return "<p>" + "".join(f"<b>{part}</b>" if place % 2 else part for place, part in enumerate(bold)) + "</p>"
