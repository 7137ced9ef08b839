"""Boxes and arrows in layers from left to right: which column, in which order, at which height (Sugiyama's method).

Arrows against the stream are turned round for the layout, long ones get a place in every column that they cross, so
that no arrow runs through a box. The order in a column follows the mean place of the neighbours, the heights those
of the neighbours too, by least squares without overlap.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

SWEEPS = 12
THROUGH = 12.0
"""Height that an arrow takes in a column which it crosses."""

Link = tuple[str, str]


class Layout(NamedTuple):
    """Column and height of the middle of each node (up is positive), and of each arrow the places it goes through."""

    column: dict[str, int]
    y: dict[str, float]
    through: dict[Link, list[tuple[int, float]]]


def layered(heights: Mapping[str, float], links: Sequence[Link], gap: float) -> Layout:
    """Lay out nodes of the given heights with ``gap`` between them in a column."""
    forward = _without_circles(list(heights), links)
    column = _columns(list(heights), forward)
    size, chains = dict(heights), {}
    pairs: list[Link] = []
    for link, (start, end) in zip(links, forward, strict=True):
        chain = [start]
        for at in range(column[start] + 1, column[end]):
            name = f"{start}\t{end}\t{at}"  # no name of a scenario's part holds a tab
            size[name], column[name] = THROUGH, at
            chain.append(name)
        chain.append(end)
        chains[link] = chain
        pairs += [pair for pair in itertools.pairwise(chain) if pair not in pairs]
    layers: list[list[str]] = [[] for _ in range(max(column.values()) + 1)]
    for name in size:
        layers[column[name]].append(name)
    beside = _neighbours(pairs)
    _order(layers, beside, pairs)
    y = _heights(layers, beside, size, gap)
    through = {link: [(column[name], y[name]) for name in chain[1:-1]] for link, chain in chains.items()}
    return Layout({name: column[name] for name in heights}, {name: y[name] for name in heights}, through)


def _without_circles(nodes: Sequence[str], links: Sequence[Link]) -> list[Link]:
    """The links, those turned round that lead back to a node on the way (depth first, in the order given)."""
    following: dict[str, list[str]] = defaultdict(list)
    for start, end in links:
        following[start].append(end)
    state: dict[str, int] = {}
    back: set[Link] = set()
    for root in nodes:
        if state.get(root):
            continue
        state[root] = 1
        stack = [(root, iter(following[root]))]
        while stack:
            node, rest = stack[-1]
            target = next(rest, None)
            if target is None:
                state[node] = 2
                stack.pop()
            elif state.get(target) == 1:
                back.add((node, target))
            elif not state.get(target):
                state[target] = 1
                stack.append((target, iter(following[target])))
    return [(end, start) if (start, end) in back else (start, end) for start, end in links]


def _columns(nodes: Sequence[str], links: Sequence[Link]) -> dict[str, int]:
    """Longest way from the left."""
    column = dict.fromkeys(nodes, 0)
    for _ in nodes:
        moved = False
        for start, end in links:
            if column[end] < column[start] + 1:
                column[end], moved = column[start] + 1, True
        if not moved:
            break
    return column


def _neighbours(pairs: Sequence[Link]) -> dict[str, tuple[list[str], list[str]]]:
    found: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for start, end in pairs:
        found[end][0].append(start)
        found[start][1].append(end)
    return found


def _order(layers: list[list[str]], beside: Mapping[str, tuple[list[str], list[str]]], pairs: Sequence[Link]) -> None:
    """Sort each column by the mean place of its neighbours, from both sides in turn; the best order is kept."""
    best, fewest = [list(layer) for layer in layers], _crossings(layers, pairs)
    for sweep in range(SWEEPS):
        side = sweep % 2
        walk = layers if side == 0 else layers[::-1]
        for layer in walk:
            place = {name: number / max(len(one) - 1, 1) for one in layers for number, name in enumerate(one)}
            wanted = {}
            for name in layer:
                near = beside[name][side] or beside[name][1 - side]
                wanted[name] = sum(place[one] for one in near) / len(near) if near else place[name]
            layer.sort(key=lambda name: wanted[name])
        crossed = _crossings(layers, pairs)
        if crossed < fewest:
            best, fewest = [list(layer) for layer in layers], crossed
    for layer, kept in zip(layers, best, strict=True):
        layer[:] = kept


def _crossings(layers: Sequence[Sequence[str]], pairs: Sequence[Link]) -> int:
    place = {name: (column, number) for column, layer in enumerate(layers) for number, name in enumerate(layer)}
    total = 0
    for number, (a, b) in enumerate(pairs):
        for c, d in pairs[number + 1 :]:
            if place[a][0] == place[c][0]:
                total += (place[a][1] - place[c][1]) * (place[b][1] - place[d][1]) < 0
    return total


def _heights(
    layers: Sequence[Sequence[str]],
    beside: Mapping[str, tuple[list[str], list[str]]],
    size: Mapping[str, float],
    gap: float,
) -> dict[str, float]:
    y: dict[str, float] = {}
    for layer in layers:
        y |= dict(zip(layer, _spread([0.0] * len(layer), [size[name] for name in layer], gap), strict=True))
    for sweep in range(SWEEPS):
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            wanted = []
            for name in layer:
                near = [*beside[name][0], *beside[name][1]]
                wanted.append(sum(y[one] for one in near) / len(near) if near else y[name])
            y |= dict(zip(layer, _spread(wanted, [size[name] for name in layer], gap), strict=True))
    return y


def _spread(wanted: Sequence[float], sizes: Sequence[float], gap: float) -> list[float]:
    """Heights from the top down, as near to the wanted ones as order and room allow (pool adjacent violators)."""
    below = [0.0]
    for upper, lower in itertools.pairwise(sizes):
        below.append(below[-1] + upper / 2 + gap + lower / 2)
    groups: list[list[float]] = []  # sum and number of wanted tops
    for target, offset in zip(wanted, below, strict=True):
        groups.append([target + offset, 1.0])
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] < groups[-1][0] / groups[-1][1]:
            total, many = groups.pop()
            groups[-1][0] += total
            groups[-1][1] += many
    tops = [total / many for total, many in groups for _ in range(round(many))]
    return [top - offset for top, offset in zip(tops, below, strict=True)]
