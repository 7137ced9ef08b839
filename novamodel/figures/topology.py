"""The deployment as read from the files: edge, services, pools, PgBouncer, PostgreSQL, cache, with their figures."""

from __future__ import annotations

from typing import Any, NamedTuple

import plotly.graph_objects as go

from novamodel.figures.house import COLOURS, INK, MUTED, escape, finish, kind_of, rgba
from novamodel.figures.topology_graph import graph_topology, is_graph
from novamodel.figures.topology_lines import (
    LEAST_PIXELS,
    bouncer_lines,
    cache_lines,
    cut,
    database_lines,
    edge_lines,
    gateway_lines,
    gateway_name,
    peaks_of,
    pool_lines,
    replica_text,
    service_lines,
)
from novamodel.figures.words import listed, number_text

HOW = "Boxes and figures as read from the configuration files and the scenario"
HOW_RUN = "; bold below: the highest mean use in the run, in % of the tier's limit."
COLUMN, BOX, ROW, TALL = 1.0, 0.74, 1.0, 0.84
"""Distance of columns and rows, width and height of a box, in the drawing's own units."""
ROW_PIXELS = 118
GREY = "#8A9097"
ARROW = {
    "xref": "x",
    "yref": "y",
    "axref": "x",
    "ayref": "y",
    "showarrow": True,
    "arrowhead": 2,
    "arrowwidth": 1.4,
    "arrowcolor": GREY,
}


class Box(NamedTuple):
    """One box: its key, kind (colour), centre, heading and lines."""

    key: str
    kind: str
    x: float
    y: float
    heading: str
    lines: tuple[str, ...]


def topology(scenario: Any, result: Any = None) -> go.Figure:
    """Boxes from the edge to the database with their sizes; with a result also how busy each was.

    A plain deployment (one source, edge, database and cache, no calls and messages) has its pools as boxes of their
    own; everything else is drawn as a graph in layers.
    """
    if is_graph(scenario):
        return graph_topology(scenario, result)
    boxes, arrows = _layout(scenario, peaks_of(result))
    fig = go.Figure()
    place = {box.key: box for box in boxes}
    for start, end, text in arrows:
        _arrow(fig, place[start], place[end], text)
    for name, service in scenario.services.items():
        if _has_cache(service):
            _to_cache(fig, place[name], place["cache"])
    for box in boxes:
        _box(fig, box)
    right = max(box.x for box in boxes) + BOX / 2
    top, low = max(box.y for box in boxes) + TALL / 2, min(box.y for box in boxes) - TALL / 2
    _traffic(fig, place["edge"], scenario)
    fig.update_xaxes(range=[-BOX / 2 - 0.42, right + 0.02], visible=False, fixedrange=True)
    fig.update_yaxes(range=[low - 0.03, top + 0.03], visible=False, fixedrange=True)
    how = HOW + (HOW_RUN if result is not None else ".")
    fig.update_layout(meta={"least_width": round(LEAST_PIXELS * (right + BOX))})
    height = round(ROW_PIXELS * (top - low) / ROW) + 30
    return finish(fig, _finding(scenario), how, height=height, left=12, right=12, bottom=14)


def _finding(scenario: Any) -> str:
    replicas = [f"{replica_text(service)} {name}" for name, service in scenario.services.items()]
    behind = ["PgBouncer"] if scenario.database.pgbouncer is not None else []
    behind += ["PostgreSQL", *([scenario.cache.engine.capitalize()] if _uses_cache(scenario) else [])]
    where = {"eks": "EKS", "ecs": "ECS", "compose": "Docker Compose"}[scenario.platform.kind]
    front = [scenario.edge.kind, *([gateway_name(scenario.gateway)] if scenario.gateway is not None else [])]
    return f"{listed(front)} in front of {listed(replicas)} on {where}, behind them {listed(behind)}"


def _layout(scenario: Any, busy: dict[str, str]) -> tuple[list[Box], list[tuple[str, str, str]]]:
    services = dict(scenario.services)
    count = len(services)
    heights = {name: ROW * (count - 1) / 2 - ROW * index for index, name in enumerate(services)}
    boxes = [Box("edge", "edge", 0, 0, scenario.edge.kind, edge_lines(scenario.edge, busy))]
    arrows: list[tuple[str, str, str]] = []
    front, column = "edge", COLUMN
    gateway = scenario.gateway
    if gateway is not None:
        boxes.append(Box("gateway", "edge", column, 0, gateway_name(gateway), gateway_lines(gateway)))
        arrows.append(("edge", "gateway", ""))
        front, column = "gateway", column + COLUMN
    cached = _uses_cache(scenario)
    bouncer = scenario.database.pgbouncer
    pooled = [name for name, service in services.items() if service.pool is not None]
    for name, service in services.items():
        share = sum(portion for route, portion in scenario.traffic.mix.items() if route in service.routes)
        boxes.append(Box(name, kind_of(name), column, heights[name], name, service_lines(service, name, busy)))
        arrows.append((front, name, f"{share * 100:.3g} %"))
        if service.pool is not None:
            key = f"{name} pool"
            boxes.append(
                Box(key, "pool", column + COLUMN, heights[name], "node-postgres pool", pool_lines(service, key, busy))
            )
            arrows.append((name, key, ""))
            arrows.append((key, "database" if bouncer is None else "pgbouncer", ""))
    middle = sum(heights[name] for name in pooled) / len(pooled) if pooled else 0.0
    if bouncer is not None:
        boxes.append(Box("pgbouncer", "pool", column + 2 * COLUMN, middle, "PgBouncer", bouncer_lines(bouncer, busy)))
        arrows.append(("pgbouncer", "database", ""))
    boxes.append(
        Box(
            "database",
            "database",
            column + (2 if bouncer is None else 3) * COLUMN,
            middle,
            f"PostgreSQL {scenario.database.version}",
            database_lines(scenario.database, busy),
        )
    )
    if cached:
        low = min(heights.values()) - ROW
        boxes.append(
            Box(
                "cache",
                "cache",
                column + COLUMN,
                low,
                scenario.cache.engine.capitalize(),
                cache_lines(scenario.cache, busy),
            )
        )
    return boxes, arrows


def _uses_cache(scenario: Any) -> bool:
    return any(_has_cache(service) for service in scenario.services.values())


def _has_cache(service: Any) -> bool:
    return any(
        not isinstance(step, str) and step.cache is not None for steps in service.routes.values() for step in steps
    )


def _to_cache(fig: go.Figure, start: Box, end: Box) -> None:
    """A line that leaves a service low on its right side, runs down beside the pools and enters the cache."""
    x0, y0, x1 = start.x + BOX / 2, start.y - TALL / 4, end.x - BOX / 2
    bend = x0 + (x1 - x0) * 0.45
    fig.add_shape(type="path", path=f"M {x0} {y0} L {bend} {y0} L {bend} {end.y}", line={"color": GREY, "width": 1.4})
    fig.add_annotation(x=x1, y=end.y, ax=bend, ay=end.y, text="", **ARROW)


def _box(fig: go.Figure, box: Box) -> None:
    colour = COLOURS[box.kind]
    fig.add_shape(
        type="rect",
        x0=box.x - BOX / 2,
        x1=box.x + BOX / 2,
        y0=box.y - TALL / 2,
        y1=box.y + TALL / 2,
        line={"color": colour, "width": 2},
        fillcolor=rgba(colour, 0.09),
        layer="below",
    )
    text = "<br>".join([f"<b>{escape(cut(box.heading, 20))}</b>", *box.lines])
    fig.add_annotation(x=box.x, y=box.y, text=text, showarrow=False, font={"size": 11.5, "color": INK}, align="center")


def _arrow(fig: go.Figure, start: Box, end: Box, text: str) -> None:
    x0, x1 = start.x + BOX / 2, end.x - BOX / 2
    fig.add_annotation(x=x1, y=end.y, ax=x0, ay=start.y, text="", **ARROW)
    if text:
        fig.add_annotation(
            x=(x0 + x1) / 2,
            y=(start.y + end.y) / 2,
            text=escape(text),
            showarrow=False,
            yshift=9,
            font={"size": 11, "color": MUTED},
            bgcolor="rgba(255,255,255,0.85)",
        )


def _traffic(fig: go.Figure, edge: Box, scenario: Any) -> None:
    x1 = edge.x - BOX / 2
    fig.add_annotation(
        x=x1, y=edge.y, ax=x1 - 0.4, ay=edge.y, text="", **(ARROW | {"arrowwidth": 2, "arrowcolor": INK})
    )
    fig.add_annotation(
        x=x1 - 0.22,
        y=edge.y,
        text=f"peak<br><b>{number_text(scenario.traffic.peak)}</b><br>requests/s",
        showarrow=False,
        yshift=32,
        font={"size": 11.5},
    )
