"""What a sweep asks for, checked against the scenario before anything runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path
from typing import Any

from novamodel.batch.axes import Axis, Choices, axis
from novamodel.batch.design import point_count, power_of_two
from novamodel.batch.model import METRIC, SAMPLED, Sweep
from novamodel.batch.places import Places
from novamodel.batch.plan import Column, Plan
from novamodel.batch.values import column, in_words, resolved
from novamodel.cost import regions
from novamodel.errors import UserError
from novamodel.loading import load
from novamodel.scenario import Scenario
from novamodel.simulation.counts import metrics

MOST_CASES = 1_000_000
MOST_CHECKED = 300
"""So many variants are checked as a whole beforehand; of more, each is checked when it runs."""
MOST_TRIED = 32
"""Variants tried for a value that is refused alone: with other values of the same variant it may be valid."""
OWN = {"run.seed": "seeds: [...]", "run.replications": "replications: N"}


def checked_axes(sweep: Sweep, places: Places) -> tuple[Axis, ...]:
    """The axes of ``vary``."""
    found = []
    for path, written in sweep.vary.items():
        try:
            found.append(axis(path, written, grid=sweep.design == "grid"))
        except ValueError as problem:
            raise places.mistake(str(problem), "vary", path) from None
    return tuple(found)


def check_design(sweep: Sweep, axes: tuple[Axis, ...], places: Places) -> None:
    """Whether the design has what it needs, and how many cases it makes."""
    if sweep.design == "list":
        if sweep.vary:
            raise places.mistake("design list takes cases, not vary", "vary", valid="cases: [{PATH: VALUE}, ...]")
        if not sweep.cases:
            raise places.mistake("design list has no cases", "cases", valid="cases: [{PATH: VALUE}, ...]")
    elif sweep.cases:
        raise places.mistake(f"design {sweep.design} takes vary, not cases", "cases", valid="design: list")
    elif not axes and len(sweep.seeds) < 2:
        raise places.mistake("nothing varies", "vary", valid="vary: {PATH: [VALUE, VALUE]}")
    if "samples" in sweep.model_fields_set and sweep.design not in SAMPLED:
        raise places.mistake(f"design {sweep.design} has no samples", "samples", valid=f"design: {', '.join(SAMPLED)}")
    if sweep.design in ("sobol", "sobol-indices") and not power_of_two(sweep.samples):
        near = 2 ** max(0, sweep.samples.bit_length() - 1)
        valid = f"a power of two, such as {near} or {2 * near}"
        raise places.mistake(f"samples {sweep.samples}: a Sobol sequence needs a power of two", "samples", valid=valid)
    if len(set(sweep.seeds)) < len(sweep.seeds):
        raise places.mistake("seeds names a seed twice", "seeds")
    count = max(1, len(sweep.seeds)) * _variants(sweep, axes)
    if count > MOST_CASES:
        raise places.mistake(f"{count:,} cases; at most {MOST_CASES:,}", "vary" if axes else "seeds")


def _variants(sweep: Sweep, axes: tuple[Axis, ...]) -> int:
    if sweep.design == "grid":
        count = 1
        for each in axes:
            count *= len(each.values)
        return count
    return len(sweep.cases) or point_count(sweep.design, sweep.samples, len(axes))


def check_paths(sweep: Sweep, axes: tuple[Axis, ...], places: Places) -> None:
    """No path is set twice, and none that the sweep sets in its own words."""
    groups: list[list[tuple[str | int, ...]]] = [[("vary", each.path) for each in axes]]
    groups += [[("cases", number, path) for path in case] for number, case in enumerate(sweep.cases)]
    for group in groups:
        taken: list[str] = []
        for where in [*(("fixed", path) for path in sweep.fixed), *group]:
            path = str(where[-1])
            if path in OWN:
                raise places.mistake(f"{path} is not set as an override here", *where, valid=OWN[path])
            for other in taken:
                if path == other or f"{path}.".startswith(f"{other}.") or f"{other}.".startswith(f"{path}."):
                    same = "twice" if path == other else f"and so is {other}, a part of the same"
                    raise places.mistake(f"{path} is set {same}", *where, valid="each parameter once")
            taken.append(path)


def base_scenario(sweep: Sweep, places: Places) -> Scenario:
    """The scenario with all that is fixed."""
    try:
        beside = places.file.parent / sweep.scenario if places.file else Path(sweep.scenario)
        scenario = load(beside if os.path.exists(beside) else sweep.scenario)
    except UserError as problem:
        if problem.file is not None:
            raise
        raise places.from_scenario(problem, "scenario") from None
    try:
        base = scenario.override(sweep.fixed, said_by="sweep")
    except UserError as whole:
        for path, value in sweep.fixed.items():
            try:
                scenario.override({path: value})
            except UserError as problem:
                raise places.from_scenario(problem, "fixed", path) from None
        raise places.from_scenario(whole, "fixed") from None
    if sweep.record.cost:
        _check_region(base.pricing.region, places, "fixed", "pricing.region")
    return base


def _check_region(region: object, places: Places, *where: str | int) -> None:
    if region not in regions():
        raise places.mistake(f"no price book for region {region!r}", *where, valid=regions())


def checked_values(sweep: Sweep, axes: tuple[Axis, ...], base: Scenario, places: Places) -> tuple[Column, ...]:
    """Check every listed value, both ends of every span; the columns that hold them."""
    columns = []
    for each in axes:
        found = []
        for number, value in enumerate(each.checked()):
            where = ("vary", each.path, number) if isinstance(each, Choices) else ("vary", each.path)
            variant = _accepted(each, value, axes, base, places, where)
            found.append(resolved(variant.paths_beside([each.path]), each.path))
            if each.path == "pricing.region" and sweep.record.cost:
                _check_region(value, places, *where)
        columns.append(column(each.path, found))
    if sweep.cases:
        columns = _of_list(sweep, base, places)
    return tuple(columns)


def _accepted(
    each: Axis, value: Any, axes: tuple[Axis, ...], base: Scenario, places: Places, where: tuple[str | int, ...]
) -> Scenario:
    """The scenario with one value, alone or with other values of a variant that has it."""
    try:
        return base.override({each.path: value})
    except UserError as problem:
        refused = problem
    for others in islice(_ends_of_others(each, axes), MOST_TRIED):
        try:
            return base.override({**others, each.path: value})
        except UserError:
            continue
    raise places.from_scenario(refused, *where)


def _ends_of_others(each: Axis, axes: tuple[Axis, ...]) -> Iterator[dict[str, Any]]:
    others = [other for other in axes if other.path != each.path]
    ends = [(other.checked()[0], other.checked()[-1]) for other in others]
    for values in product(*ends):
        yield {other.path: value for other, value in zip(others, values, strict=True)}


def _of_list(sweep: Sweep, base: Scenario, places: Places) -> list[Column]:
    """Check the cases of a list; a path that some case lacks has the scenario's own value there."""
    paths = list(dict.fromkeys(path for case in sweep.cases for path in case))
    found: dict[str, list[Any]] = {path: [] for path in paths}
    for number, case in enumerate(sweep.cases):
        for path in case:
            _known(path, base, places, ("cases", number, path))
        try:
            known = base.override(case).paths_beside(paths)
        except UserError as problem:
            raise places.from_scenario(problem, "cases", number) from None
        if "pricing.region" in case and sweep.record.cost:
            _check_region(case["pricing.region"], places, "cases", number, "pricing.region")
        for path in paths:
            found[path].append(resolved(known, path))
    return [column(path, values) for path, values in found.items()]


def _known(path: str, base: Scenario, places: Places, where: tuple[str | int, ...]) -> None:
    """An override with the value that stands there fails only where the path is wrong."""
    try:
        base.require_path(path)
    except UserError as problem:
        raise places.from_scenario(problem, *where) from None


def checked_metrics(sweep: Sweep, base: Scenario, places: Places) -> dict[str, str]:
    """Name of each recorded metric, ``p99(login)`` for a route's, to its unit; a star stands for every route."""
    known = {f"{m.name}({m.of})" if m.of else m.name: m.unit for m in metrics(base)}
    routes = base.entry_routes
    found: dict[str, str] = {}
    for number, text in enumerate(sweep.record.metrics):
        match = METRIC.fullmatch(text)
        assert match is not None
        names = [f"{match[1]}({route})" for route in routes] if match[2] == "*" else [text]
        for name in names:
            if name not in known:
                where = ("record", "metrics", number)
                raise places.mistake(f"{text!r} is no metric of this scenario", *where, valid=list(known), given=text)
            found[name] = known[name]
    return found


def check_cases(plan: Plan, axes: tuple[Axis, ...], base: Scenario, places: Places) -> None:
    """Each variant as a whole, where there are few; numbers of rendered cases."""
    for number in plan.rendered:
        if number >= len(plan) or number < 0:
            valid = f"0 to {len(plan) - 1}"
            raise places.mistake(f"there is no case {number}", "notebooks", "cases", valid=valid)
    if plan.sweep.design == "list" or plan.variants > MOST_CHECKED:
        return
    if len(axes) == 1 and isinstance(axes[0], Choices):
        return  # `checked_values` has had them
    for variant in range(plan.variants):
        overrides = plan.overrides(variant)
        try:
            base.override(overrides)
        except UserError as problem:
            raise places.from_scenario(problem, "vary", of=f"variant {in_words(overrides)}: ") from None
