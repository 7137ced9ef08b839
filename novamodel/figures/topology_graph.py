"""Any deployment as a graph in layers: sources, edges, services, stores, queues and externals, and who asks whom."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import plotly.graph_objects as go

from novamodel.figures.house import COLOURS, INK, escape, finish, kind_of, rgba
from novamodel.figures.layers import Layout, Link, layered
from novamodel.figures.topology_lines import (
    LEAST_PIXELS,
    bouncer_lines,
    cache_lines,
    cut,
    database_lines,
    edge_lines,
    external_lines,
    gateway_lines,
    gateway_name,
    peaks_of,
    present,
    queue_lines,
    said,
    service_lines,
    source_lines,
)
from novamodel.figures.words import listed

MAIN, DIRECT = "main", "direct"
HOW = "Solid arrows wait for an answer, dashed ones are messages"
HOW_RUN = "; bold: the highest mean use in the run, in % of the tier's limit"
LINE, PADDING, GAP = 15, 14, 26
"""Height of a line of text, of a box without text, and between boxes, in pixels."""
WIDTH = 0.76
"""Width of a box in columns."""
PAGE = 1240
"""Width of the figure on a page, in pixels, that texts are cut to."""


class Box(NamedTuple):
    """One box: its kind, the colour of it, heading and lines."""

    kind: str
    colour: str
    heading: str
    lines: tuple[str, ...]


def walk(steps: Any) -> Iterator[Any]:
    """Every step of a route, inner ones too."""
    for step in steps:
        yield step
        yield from walk(step.inner)


def _steps(service: Any) -> list[Any]:
    return [step for steps in service.routes.values() for step in walk(steps)]


def is_graph(scenario: Any) -> bool:
    """Whether there is more than one source, edge, database or cache, or any call or message."""
    further = (scenario.edges, scenario.databases, scenario.caches, scenario.queues, scenario.externals)
    source = scenario.traffic
    if any(further) or source.also or source.via != MAIN or source.loop != "open":
        return True
    return any(step.call is not None for service in scenario.services.values() for step in _steps(service))


def graph_topology(scenario: Any, result: Any = None) -> go.Figure:
    """Boxes in columns from the sources to the stores; with a result also how busy each was."""
    boxes, links = _parts(scenario, peaks_of(result))
    heights = {key: PADDING + LINE * (1 + len(box.lines)) for key, box in boxes.items()}
    layout = layered(heights, list(links), GAP)
    columns = max(layout.column.values()) + 1
    fig = go.Figure()
    for link, path in _routes(layout, heights, list(links)).items():
        _arrow(fig, path, boxes[link[1]], dashed=links[link] == "message")
    size = 11.5 if columns < 6 else 10.5 if columns < 8 else 9.0
    for key, box in boxes.items():
        most = round(PAGE / columns * WIDTH / size)
        _box(fig, box, layout.column[key], layout.y[key], heights[key], size, most)
    between = [y for way in layout.through.values() for _, y in way]
    top = max([layout.y[key] + heights[key] / 2 for key in boxes] + between)
    low = min([layout.y[key] - heights[key] / 2 for key in boxes] + between)
    fig.update_xaxes(range=[-WIDTH / 2 - 0.03, columns - 1 + WIDTH / 2 + 0.03], visible=False, fixedrange=True)
    fig.update_yaxes(range=[low - 6, top + 6], visible=False, fixedrange=True)
    fig.update_layout(meta={"least_width": round(LEAST_PIXELS * columns)})
    how = HOW + (HOW_RUN if result is not None else "") + "."
    return finish(fig, _finding(scenario), how, height=round(top - low) + 30, left=12, right=12, bottom=14)


def _finding(scenario: Any) -> str:
    where = {"eks": "EKS", "ecs": "ECS", "compose": "Docker Compose"}[scenario.platform.kind]
    number = len(scenario.services)
    counts = {
        "database": sum(1 for name in scenario.all_databases if _asked(scenario, "sql", name)),
        "cache": sum(1 for name in scenario.all_caches if _asked(scenario, "cache", name)),
        "queue": len(scenario.queues),
        "external": len(scenario.externals),
    }
    behind = [f"{count} {what}{'s' if count > 1 else ''}" for what, count in counts.items() if count]
    text = f"{number} service{'s' if number > 1 else ''} on {where}"
    return f"{text}, beside them {listed(behind)}" if behind else text


def _asked(scenario: Any, what: str, name: str) -> bool:
    """Whether any step asks this database (``sql``) or cache."""
    for service in scenario.services.values():
        for step in _steps(service):
            if what == "sql" and step.sql is not None and step.database_name == name:
                return True
            if what == "cache" and step.cache is not None and step.cache.store == name:
                return True
    return False


def _front(name: str) -> str:
    """What stands before the names of a part's tiers."""
    return "" if name == MAIN else f"{name} "


def _titled(what: str, name: str) -> tuple[str, tuple[str, ...]]:
    """Heading and first line: a further part has its own name in front of what it is."""
    return (what, ()) if name == MAIN else (name, (what,))


def _parts(scenario: Any, busy: dict[str, str]) -> tuple[dict[str, Box], dict[Link, str]]:
    """Boxes by key, and the kind of each arrow between two keys."""
    boxes: dict[str, Box] = {}
    links: dict[Link, str] = {}
    share = _shares(scenario)
    sources = scenario.traffic.sources
    for name, source in sources.items():
        heading = "callers" if name == MAIN else name
        boxes[f"source {name}"] = Box("source", INK, heading, source_lines(source))
    come = {source.via for source in sources.values()}
    for name, edge in scenario.all_edges.items():
        if name in come or name != MAIN:
            title, what = _titled(edge.kind, name)
            boxes[f"edge {name}"] = Box("edge", COLOURS["edge"], title, what + edge_lines(edge, busy, _front(name)))
    if scenario.gateway is not None:
        gateway = scenario.gateway
        boxes["gateway"] = Box("edge", COLOURS["edge"], gateway_name(gateway), gateway_lines(gateway))
    for name, service in scenario.services.items():
        pools = [f"pool {_front(key)}{pool.max}" for key, pool in service.all_pools.items()]
        asked = f"asked {share[name] * 100:.3g} %" if name in share else ""
        lines = service_lines(service, name, busy)
        lines = present(*lines[:3], cut(", ".join(pools), 26), asked, *lines[3:])
        boxes[f"service {name}"] = Box("service", COLOURS[kind_of(name)], name, lines)
    _stores(scenario, busy, boxes, links)
    for name, source in sources.items():
        first = f"source {name}"
        if source.via != DIRECT:
            links[first, f"edge {source.via}"] = "ask"
            first = f"edge {source.via}"
            if scenario.gateway is not None:
                links[first, "gateway"] = "ask"
                first = "gateway"
        for route in source.routes:
            links[first, f"service {scenario.service_of(route)}"] = "ask"
    for name, service in scenario.services.items():
        for step in _steps(service):
            links |= dict(_asks(scenario, name, step))
        for consumer in service.consumers.values():
            links[f"queue {consumer.queue}", f"service {name}"] = "message"
    return boxes, {link: kind for link, kind in links.items() if link[0] != link[1]}


def _stores(scenario: Any, busy: dict[str, str], boxes: dict[str, Box], links: dict[Link, str]) -> None:
    for name, database in scenario.all_databases.items():
        if name == MAIN and not _asked(scenario, "sql", name):
            continue
        title, what = _titled(f"PostgreSQL {database.version}", name)
        lines = what + database_lines(database, busy, _front(name))
        boxes[f"database {name}"] = Box("database", COLOURS["database"], title, lines)
        if database.pgbouncer is not None:
            title, what = _titled("PgBouncer", name)
            lines = what + bouncer_lines(database.pgbouncer, busy, _front(name))
            boxes[f"pgbouncer {name}"] = Box("pool", COLOURS["pool"], title, lines)
            links[f"pgbouncer {name}", f"database {name}"] = "ask"
    for name, cache in scenario.all_caches.items():
        if name != MAIN or _asked(scenario, "cache", name):
            title, what = _titled(cache.engine.capitalize(), name)
            lines = what + cache_lines(cache, busy, _front(name))
            boxes[f"cache {name}"] = Box("cache", COLOURS["cache"], title, lines)
    for name, queue in scenario.queues.items():
        boxes[f"queue {name}"] = Box("queue", COLOURS["pool"], name, ("queue", *queue_lines(queue)))
    for name, external in scenario.externals.items():
        use = said(busy, (f"external {name}", ""))
        boxes[f"external {name}"] = Box("external", COLOURS["cost"], name, ("external", *external_lines(external, use)))


def _asks(scenario: Any, service: str, step: Any) -> Iterator[tuple[Link, str]]:
    start = f"service {service}"
    if step.sql is not None:
        name = step.database_name
        behind = "pgbouncer" if scenario.all_databases[name].pgbouncer is not None else "database"
        yield (start, f"{behind} {name}"), "ask"
    elif step.cache is not None:
        yield (start, f"cache {step.cache.store}"), "ask"
    elif step.publish is not None:
        yield (start, f"queue {step.publish}"), "message"
    elif step.call is not None:
        to = step.call.to
        if to in scenario.externals:
            yield (start, f"external {to}"), "ask"
        else:
            named, _, route = to.rpartition(".")
            owner = named if named in scenario.services else scenario.service_of(route)
            yield (start, f"service {owner}"), "ask"


def _shares(scenario: Any) -> dict[str, float]:
    """Share of each service among the requests from outside, at the most of every source; of a mix only."""
    found: dict[str, float] = {}
    total = sum(source.most_per_s for source in scenario.traffic.sources.values() if source.mix)
    for source in scenario.traffic.sources.values():
        for route, share in source.mix.items():
            owner = scenario.service_of(route)
            found[owner] = found.get(owner, 0.0) + share * source.most_per_s / total
    return found


def _routes(layout: Layout, heights: Mapping[str, float], links: list[Link]) -> dict[Link, list[tuple[float, float]]]:
    """Points of each arrow; those that leave or enter one side of a box are spread over it, the upper ones above."""
    ends: dict[tuple[str, int], list[tuple[float, Link]]] = {}
    for link in links:
        start, end = link
        ahead = 1 if layout.column[start] < layout.column[end] else -1
        way = layout.through[link][::ahead]
        ends.setdefault((start, ahead), []).append((way[0][1] if way else layout.y[end], link))
        ends.setdefault((end, -ahead), []).append((way[-1][1] if way else layout.y[start], link))
    port: dict[tuple[str, Link], float] = {}
    for (name, _), sides in ends.items():
        room = heights[name] * 0.7
        for number, (_, link) in enumerate(sorted(sides, reverse=True)):
            port[name, link] = layout.y[name] + room / 2 - room * (number + 0.5) / len(sides)
    paths = {}
    for link in links:
        start, end = link
        ahead = 1 if layout.column[start] < layout.column[end] else -1
        points = [(layout.column[start] + ahead * WIDTH / 2, port[start, link])]
        for column, y in layout.through[link][::ahead]:
            points += [(column - ahead * WIDTH / 2, y), (column + ahead * WIDTH / 2, y)]
        paths[link] = [*points, (layout.column[end] - ahead * WIDTH / 2, port[end, link])]
    return paths


def _arrow(fig: go.Figure, path: list[tuple[float, float]], end: Box, *, dashed: bool) -> None:
    """A curve from point to point, level at each, with the head at its end in the colour of what is asked."""
    colour = rgba(end.colour, 0.75)
    head = 0.05 if path[-1][0] > path[-2][0] else -0.05
    points = [*path[:-1], (path[-1][0] - head, path[-1][1])]
    text = f"M {points[0][0]:.3f} {points[0][1]:.1f}"
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if y0 == y1:
            text += f" L {x1:.3f} {y1:.1f}"
        else:
            middle = (x0 + x1) / 2
            text += f" C {middle:.3f} {y0:.1f} {middle:.3f} {y1:.1f} {x1:.3f} {y1:.1f}"
    style = {"color": colour, "width": 1.4, "dash": "dash" if dashed else "solid"}
    fig.add_shape(type="path", path=text, line=style, layer="below")
    at = {"x": path[-1][0], "y": path[-1][1], "ax": points[-1][0], "ay": points[-1][1]}
    refs = {"xref": "x", "yref": "y", "axref": "x", "ayref": "y", "showarrow": True}
    fig.add_annotation(text="", **at, **refs, arrowhead=2, arrowwidth=1.4, arrowcolor=colour)


def _box(fig: go.Figure, box: Box, x: float, y: float, height: float, size: float, most: int) -> None:
    fig.add_shape(
        type="rect",
        x0=x - WIDTH / 2,
        x1=x + WIDTH / 2,
        y0=y - height / 2,
        y1=y + height / 2,
        line={"color": box.colour, "width": 2, "dash": "dot" if box.kind in ("external", "queue") else "solid"},
        fillcolor="white" if box.kind in ("source", "external") else rgba(box.colour, 0.09),
        layer="below",
    )
    lines = [line if "<b>" in line else cut(line, round(most * 1.85)) for line in box.lines]
    text = "<br>".join([f"<b>{escape(cut(box.heading, round(most * 1.65)))}</b>", *lines])
    fig.add_annotation(x=x, y=y, text=text, showarrow=False, font={"size": size, "color": INK}, align="center")
