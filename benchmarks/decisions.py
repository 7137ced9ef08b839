"""Whether sizing decides well: made-up systems whose every combination is simulated, and what each method chose.

`make decisions`, or `python -m benchmarks.decisions [--systems N] [--seed S] [--out FILE] [--again]`. A line of FILE a
system; those that are there already are not made again, with ``--again`` their enumeration is kept and the methods
choose anew. Beside `novamodel.sizing.size` stand random search and Optuna's TPE
(where it is installed) with as many replications. The truth is an enumeration with other customers.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.bottlenecks import System, made_up
from novamodel.errors import UserError
from novamodel.simulation import Result, simulate
from novamodel.sizing import peak_window, size
from novamodel.sizing.price import compute_cost
from novamodel.sizing.verdict import excess

REQUESTS, SHORTEST_S, LONGEST_S = 4_000, 20.0, 120.0
"""A window at the peak is as long as so many requests take, within bounds."""
REPLICATIONS = 3
"""Of a first look, and of each combination of the enumeration."""
SURE_REPLICATIONS, NEAR = 16, (0.75, 1.35)
"""Of a combination that decides the optimum or was chosen, where the first replications leave it so near to a limit."""
EFFORT = 20
"""Each method may simulate one of so many requests of the enumeration."""
CLOSE = 0.02
"""A choice that costs at most this share more than the optimum is as good."""
OTHER_CUSTOMERS = 7919
"""Added to the seed of the enumeration."""


class Choice(NamedTuple):
    """What a method chose: its place among the combinations (None: nothing that holds), replications spent."""

    place: int | None
    spent: int


class Space:
    """Every legal combination of a system's variables with its bill, and what a look at one costs."""

    def __init__(self, system: System, seed: int, costs: list[float] | None = None) -> None:
        self.system, self.seed = system, seed
        rate = system.scenario.traffic.most_per_s
        self.window_s = min(max(REQUESTS / rate, SHORTEST_S), LONGEST_S)
        self.window = peak_window(system.scenario, self.window_s)
        self.overrides, self.variants, self.costs = [], [], []
        known: dict[str, int] = {}
        for places in itertools.product(*(range(len(v.values)) for v in system.variables)):
            overrides: dict[str, Any] = {}
            for variable, place in zip(system.variables, places, strict=True):
                overrides |= variable.at(place) if place != variable.now else {}
            try:
                variant = system.scenario.override(overrides) if overrides else system.scenario
                number = len(self.costs)
                cost = costs[number] if costs else round(float(compute_cost(variant)), 2)
            except UserError:
                continue
            known[variant.content_hash()] = len(self.costs)
            self.overrides.append(overrides)
            self.variants.append(variant)
            self.costs.append(cost)
        self.known = known

    def run(self, place: int, seed: int, replications: int = REPLICATIONS) -> Result:
        """Simulate one combination at the peak."""
        variant = self.variants[place].override(self.window, said_by="decisions")
        return simulate(variant, seed=seed, replications=replications, engine="compiled")

    @property
    def budget(self) -> int:
        """Looks that a method has."""
        return max(len(self.costs) // EFFORT, 2)


def worst(result: Result) -> float:
    """Largest value over limit."""
    return excess(tuple(result.slo()))


def enumerated(space: Space, tell: Callable[[str], None]) -> list[float]:
    """The truth: worst value over limit of every combination."""
    found = []
    for place in range(len(space.costs)):
        found.append(round(min(worst(space.run(place, space.seed + OTHER_CUSTOMERS)), 1e6), 4))
        if place % 20 == 0:
            tell(f"{place} of {len(space.costs)} combinations")
    return found


def judge(space: Space, truth: list[float], sure: set[int], place: int) -> float:
    """Worst value over limit of a combination, from more replications where it is near the limit; kept in ``truth``."""
    if place not in sure and NEAR[0] < truth[place] < NEAR[1]:
        truth[place] = round(worst(space.run(place, space.seed + OTHER_CUSTOMERS, SURE_REPLICATIONS)), 4)
        sure.add(place)
    return truth[place]


def sized(space: Space) -> Choice:
    """novamodel's own."""
    answer = size(
        space.system.scenario,
        variables=space.system.variables,
        budget=space.budget,
        seed=space.seed,
        duration_s=space.window_s,
        replications=REPLICATIONS,
        cost_of=compute_cost,
    )
    place = space.known[answer.chosen.scenario.content_hash()]
    return Choice(place if answer.met else None, answer.effort)


def at_random(space: Space) -> Choice:
    """The cheapest that holds of some drawn at random, without repetition."""
    drawn = random.Random(space.seed).sample(range(len(space.costs)), space.budget)
    held = [place for place in drawn if worst(space.run(place, space.seed)) < 1]
    return Choice(min(held, key=space.costs.__getitem__, default=None), len(drawn) * REPLICATIONS)


def by_optuna(space: Space) -> Choice | None:
    """Optuna's TPE with the objectives as its constraint; None where it is not installed."""
    try:
        import optuna
    except ImportError:
        return None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    variables = space.system.variables
    sampler = optuna.samplers.TPESampler(
        seed=space.seed, constraints_func=lambda trial: (trial.user_attrs["over"],), n_startup_trials=4
    )
    study, looked = optuna.create_study(sampler=sampler), {}

    def objective(trial: Any) -> float:
        overrides: dict[str, Any] = {}
        for variable in variables:
            place = trial.suggest_int(variable.name, 0, len(variable.values) - 1)
            overrides |= variable.at(place) if place != variable.now else {}
        try:
            place = space.known[space.system.scenario.override(overrides).content_hash()]
        except (UserError, KeyError):
            trial.set_user_attr("over", 10.0)
            return max(space.costs)
        if place not in looked:
            looked[place] = worst(space.run(place, space.seed))
        trial.set_user_attr("over", math.log(max(min(looked[place], 1e3), 1e-3)))
        return space.costs[place]

    for _ in range(20 * space.budget):  # trials that repeat a look, or are not legal, cost nothing
        if len(looked) >= space.budget:
            break
        study.optimize(objective, n_trials=1)
    held = [place for place, over in looked.items() if over < 1]
    return Choice(min(held, key=space.costs.__getitem__, default=None), len(looked) * REPLICATIONS)


METHODS: dict[str, Callable[[Space], Choice | None]] = {"novamodel": sized, "random": at_random, "Optuna": by_optuna}


def decide(number: int, seed: int, tell: Callable[[str], None], before: dict[str, Any] | None) -> dict[str, Any]:
    """One system: the truth, and by method what it chose and how that compares; ``before``: an earlier row of it."""
    begun = time.process_time()
    system = made_up(seed + number)
    tell("combinations")
    space = Space(system, seed + number, before and before["costs"])
    truth = before["truth"] if before else enumerated(space, tell)
    sure = set(before.get("sure", ())) if before else set()
    tell("optimum")
    cheap_first = sorted(range(len(truth)), key=space.costs.__getitem__)
    best = next((space.costs[place] for place in cheap_first if judge(space, truth, sure, place) < 1), math.inf)
    row: dict[str, Any] = {
        "system": number,
        "kind": system.kind,
        "services": len(system.scenario.services),
        "combinations": len(truth),
        "holding": sum(over < 1 for over in truth),
        "optimum": best if math.isfinite(best) else None,
    }
    for name, method in METHODS.items():
        tell(name)
        choice = method(space)
        if choice is None:
            continue
        place = choice.place
        over = None if place is None else judge(space, truth, sure, place)
        dearer = None if place is None else space.costs[place] / best - 1
        good = math.isinf(best) if over is None or dearer is None else over < 1 and dearer <= CLOSE
        row[name] = {
            "good": bool(good),
            "dearer": dearer,
            "over": over,
            "effort": choice.spent / (len(truth) * REPLICATIONS),
            "changes": None if place is None else {k: str(v) for k, v in space.overrides[place].items()},
        }
    return row | {
        "cpu_s": round(time.process_time() - begun, 1),
        "truth": truth,
        "sure": sorted(sure),
        "costs": space.costs,
    }


def summary(rows: list[dict[str, Any]]) -> Iterator[str]:
    """A line a method."""
    yield f"{len(rows)} systems, {sum(row['combinations'] for row in rows):,} combinations enumerated"
    yield f"  {'':10}{'within 2 %':>12}{'mean effort':>13}{'miss the SLO':>14}{'dearer by over 2 %':>20}{'worst':>8}"
    for name in METHODS:
        own = [row[name] for row in rows if name in row]
        if not own:
            yield f"  {name:10} is not installed (pip install optuna)"
            continue
        good = sum(one["good"] for one in own)
        misses = sum(one["over"] is not None and one["over"] >= 1 for one in own)
        dear = [one["dearer"] for one in own if one["dearer"] is not None and one["dearer"] > CLOSE]
        effort = sum(one["effort"] for one in own) / len(own)
        yield (
            f"  {name:10}{good:>6} of {len(own):<3}{effort:>12.1%}{misses:>14}{len(dear):>20}"
            f"{max(dear, default=0.0):>8.0%}"
        )


def main(arguments: list[str]) -> int:
    """Run the systems that FILE does not hold yet and print how the methods compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decisions")
    parser.add_argument("--systems", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("decisions.jsonl"))
    parser.add_argument("--again", action="store_true")
    chosen = parser.parse_args(arguments)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    rows = _read(chosen.out, chosen.seed)
    for number in range(chosen.systems):
        before = rows.get(number)
        if before is not None and not chosen.again:
            continue

        def tell(text: str, number: int = number) -> None:
            print(f"\r  system {number + 1} of {chosen.systems}: {text:40}", end="", file=sys.stderr, flush=True)

        rows[number] = {"seed": chosen.seed, **decide(number, chosen.seed, tell, before)}
        with chosen.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(rows[number]) + "\n")
        own = rows[number]["novamodel"]
        text = f"{rows[number]['kind']}: {'good' if own['good'] else 'NOT GOOD'}, dearer {own['dearer']}, {own['over']}"
        print(f"\r  system {number + 1} of {chosen.systems}: {text:60}", file=sys.stderr, flush=True)
    for line in summary([rows[number] for number in sorted(rows) if number < chosen.systems]):
        print(line)
    return 0


def _read(out: Path, seed: int) -> dict[int, dict[str, Any]]:
    """The rows of an earlier run with the same seed; a line that was cut off is made again."""
    found: dict[int, dict[str, Any]] = {}
    for line in out.read_text(encoding="utf-8").splitlines() if out.exists() else ():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        if row.get("seed") == seed:
            found[row["system"]] = row
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
