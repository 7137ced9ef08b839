"""Whether sizing decides well: made-up systems of which the cheapest size is known, and what each method chose.

`make decisions SYSTEMS=N`, or `python -m benchmarks.decisions [--systems N] [--seed S] [--out FILE] [--again]`. A line
of FILE a system; those that are there already are not made again, with ``--again`` what was simulated of them is kept
and the methods choose anew. Beside `novamodel.sizing.size` stand random search and Optuna's TPE (where it is installed:
`pip install '.[bench]'`) with as many replications. The truth is an enumeration with other customers: from the
cheapest combination upwards every one is simulated until one is sure to hold, for a dearer one cannot be the optimum.
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
"""Of a first look, and of each combination of the enumeration that is not clear after one."""
FAR = 2.5
"""Worst value over limit of one replication above which the enumeration takes no more."""
SURE_REPLICATIONS, MISSES = 12, 1.25
"""Of every combination that `REPLICATIONS` do not leave so far above a limit."""
FASTEST = 3
"""Combinations of one price that are made sure to find the fastest."""
SAME_PRICE = 1e-4
"""Bills that differ by a smaller share are equal."""
UNBILLED = (".pool.max", ".default_pool_size")
"""Ends of paths that no bill depends on."""
CLEARLY_SLOWER = 1.25
"""A choice so many times nearer to its limit than another of the same price is counted."""
EFFORT = 20
"""Each method may simulate one of so many requests of an enumeration with `REPLICATIONS` of every combination."""
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
        bills: dict[str, float] = {}
        for places in itertools.product(*(range(len(v.values)) for v in system.variables)):
            overrides: dict[str, Any] = {}
            for variable, place in zip(system.variables, places, strict=True):
                overrides |= variable.at(place) if place != variable.now else {}
            try:
                variant = system.scenario.override(overrides) if overrides else system.scenario
                billed = str({path: value for path, value in overrides.items() if not path.endswith(UNBILLED)})
                if billed not in bills:
                    bills[billed] = costs[len(self.costs)] if costs else round(float(compute_cost(variant)), 2)
                cost = bills[billed]
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


class Truth:
    """Worst value over limit of combinations, each simulated once it is asked for, with other customers.

    ``seen``: by place; ``sure``: those that were simulated `SURE_REPLICATIONS` times.
    """

    def __init__(self, space: Space, seen: dict[int, float], sure: set[int]) -> None:
        self.space, self.seen, self.sure = space, seen, sure

    def over(self, place: int) -> float:
        """By more replications the nearer it is to a limit; what holds is always made sure."""
        if place not in self.seen:
            over = self._run(place, 1)
            self.seen[place] = over if over > FAR else self._run(place, REPLICATIONS)
        if place not in self.sure and self.seen[place] < MISSES:
            self.seen[place] = self._run(place, SURE_REPLICATIONS)
            self.sure.add(place)
        return self.seen[place]

    def _run(self, place: int, replications: int) -> float:
        return round(min(worst(self.space.run(place, self.space.seed + OTHER_CUSTOMERS, replications)), 1e6), 4)

    def optimum(self, tell: Callable[[str], None]) -> float:
        """USD a month of the cheapest that holds: all that are cheaper are simulated; infinite where none holds."""
        costs = self.space.costs
        for number, place in enumerate(sorted(range(len(costs)), key=costs.__getitem__)):
            if number % 20 == 0:
                tell(f"{number} of {len(costs)} combinations")
            if self.over(place) < 1:
                return costs[place]
        return math.inf

    def slower(self, place: int) -> float:
        """How many times nearer to its limit a combination is than the best of the same price that holds.

        All of that price are simulated once, the fastest of them until they are sure.
        """
        same = [p for p in range(len(self.space.costs)) if self._same_price(p, place)]
        for one in same:
            if one not in self.seen:
                self.seen[one] = self._run(one, 1)
        held = [self.over(p) for p in sorted(same, key=self.seen.__getitem__)[:FASTEST]]
        return self.over(place) / min((over for over in held if over < 1), default=self.over(place))

    def _same_price(self, one: int, other: int) -> bool:
        return abs(self.space.costs[one] - self.space.costs[other]) <= SAME_PRICE * self.space.costs[other]


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
    seen = {int(place): over for place, over in before["seen"].items()} if before else {}
    truth = Truth(space, seen, set(before["sure"]) if before else set())
    best = truth.optimum(tell)
    row: dict[str, Any] = {
        "system": number,
        "kind": system.kind,
        "services": len(system.scenario.services),
        "combinations": len(space.costs),
        "optimum": best if math.isfinite(best) else None,
    }
    for name, method in METHODS.items():
        tell(name)
        choice = method(space)
        if choice is None:
            continue
        place = choice.place
        over = None if place is None else truth.over(place)
        dearer = None if place is None else space.costs[place] / best - 1
        good = math.isinf(best) if over is None or dearer is None else over < 1 and dearer <= CLOSE
        row[name] = {
            "good": bool(good),
            "dearer": dearer,
            "over": over,
            "slower": None if place is None else truth.slower(place),
            "effort": choice.spent / (len(space.costs) * REPLICATIONS),
            "changes": None if place is None else {k: str(v) for k, v in space.overrides[place].items()},
        }
    return row | {
        "cpu_s": round(time.process_time() - begun, 1),
        "seen": truth.seen,
        "sure": sorted(truth.sure),
        "costs": space.costs,
    }


def summary(rows: list[dict[str, Any]]) -> Iterator[str]:
    """A line a method."""
    yield (
        f"{len(rows)} systems, {sum(row['combinations'] for row in rows):,} combinations, "
        "those of each up to its optimum simulated"
    )
    heads = ("within 2 %", "mean effort", "miss the SLO", "dearer by over 2 %", "worst", "slower at that price")
    yield f"  {'':10}" + "".join(f"{head:>{len(head) + 2}}" for head in heads)
    for name in METHODS:
        own = [row[name] for row in rows if name in row]
        if not own:
            yield f"  {name:10} is not installed (pip install '.[bench]')"
            continue
        good = sum(one["good"] for one in own)
        misses = sum(one["over"] is not None and one["over"] >= 1 for one in own)
        dear = [one["dearer"] for one in own if one["dearer"] is not None and one["dearer"] > CLOSE]
        slow = sum(one["slower"] is not None and one["slower"] > CLEARLY_SLOWER for one in own if one["good"])
        effort = sum(one["effort"] for one in own) / len(own)
        figures = (f"{good} of {len(own)}", f"{effort:.1%}", misses, len(dear), f"{max(dear, default=0.0):.0%}", slow)
        yield f"  {name:10}" + "".join(f"{v:>{len(head) + 2}}" for v, head in zip(figures, heads, strict=True))


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
