"""Calls and messages that lead back to where they came from: those that never end are refused."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from novamodel.scenario.demand import Step
from novamodel.scenario.fields import wrong
from novamodel.scenario.graph import RouteOf, Whole, called

Follow = dict[RouteOf, dict[RouteOf, float]]
"""How often one request of a route asks for another, on average."""


def check_circles(scenario: Whole) -> None:
    """A call that leads back to its own route for certain never ends, nor do ones that multiply on their way.

    Messages count like calls. What stands behind a cache miss may never be taken, and does not count.
    Raises a ValueError with the path.
    """
    follow: Follow = {}
    for name, service in scenario.services.items():
        for route, steps in service.routes.items():
            asked = follow.setdefault(RouteOf(name, route), {})
            for target, mean in _asked(scenario, steps, 1.0):
                asked[target] = asked.get(target, 0.0) + mean
    certain = {route: [one for one, mean in asked.items() if mean >= 1.0] for route, asked in follow.items()}
    state: dict[RouteOf, int] = {}
    for start in certain:
        _search(start, certain, state)
    _check_growth(follow)


def _asked(scenario: Whole, steps: tuple[Step, ...], share: float) -> Iterator[tuple[RouteOf, float]]:
    """Routes that steps ask for, with how often on average; ``share``: how often the steps are taken."""
    for step in steps:
        taken = share * (1.0 if step.chance is None else step.chance)
        if step.call is not None:
            target = called(scenario, step.call.to)
            if isinstance(target, RouteOf):
                yield target, taken
        elif step.publish is not None:
            takers = [
                RouteOf(name, consumer.route)
                for name, service in scenario.services.items()
                for consumer in service.consumers.values()
                if consumer.queue == step.publish
            ]
            yield from ((taker, taken / len(takers)) for taker in takers)
        for below, inner in step.inner_lists:
            if below[0] != "cache":
                yield from _asked(scenario, inner, taken)


def _search(start: RouteOf, edges: dict[RouteOf, list[RouteOf]], state: dict[RouteOf, int]) -> None:
    """Depth first, without recursion: 1 = on the way, 2 = done."""
    stack = [(start, iter(edges[start]))] if not state.get(start) else []
    path = [start]
    state.setdefault(start, 1)
    while stack:
        node, following = stack[-1]
        target = next(following, None)
        if target is None:
            state[node] = 2
            stack.pop()
            path.pop()
        elif state.get(target) == 1:
            circle = " -> ".join(str(one) for one in [*path[path.index(target) :], target])
            raise wrong(
                f"calls itself without an exit: {circle}",
                *("services", target.service, "routes", target.route),
                valid="a step with chance, or behind a cache miss, ends it",
            )
        elif not state.get(target):
            state[target] = 1
            path.append(target)
            stack.append((target, iter(edges[target])))


def _check_growth(follow: Follow) -> None:
    """Requests that make more than one of their kind, however far round, become more without end."""
    routes = _on_circles(follow)
    if not routes:
        return
    matrix = np.array([[follow[one].get(other, 0.0) for other in routes] for one in routes])
    values, vectors = np.linalg.eig(matrix.T)
    most = int(np.argmax(np.abs(values)))
    growth = float(np.abs(values[most]))
    if growth >= 1.0 - 1e-9:
        route = routes[int(np.argmax(np.abs(vectors[:, most])))]
        raise wrong(
            f"asks for itself, in one step or more, {growth:.3g} times on average: requests never end",
            *("services", route.service, "routes", route.route),
            valid="chances that make it less than once",
        )


def _on_circles(follow: Follow) -> list[RouteOf]:
    """Routes left when those that nothing leads to or that lead nowhere are taken away, again and again."""
    left = set(follow)
    while True:
        asked = {other for one in left for other in follow[one] if other in left}
        kept = {one for one in left if one in asked and any(other in left for other in follow[one])}
        if kept == left:
            return [one for one in follow if one in left]
        left = kept
