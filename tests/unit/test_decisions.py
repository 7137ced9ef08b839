"""The benchmark of decisions: what it counts as good, and that it goes on where it was stopped."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.decisions import OTHER_CUSTOMERS, Truth, _read, summary


def row(number: int, *, good: bool, dearer: float | None, over: float | None, **more: dict) -> dict:
    mine = {"good": good, "dearer": dearer, "over": over, "slower": 1.0, "effort": 0.04, "changes": {}}
    return {"seed": 1, "system": number, "combinations": 100, "novamodel": mine} | more


def test_the_summary_counts_good_choices_misses_and_dear_ones():
    rows = [
        row(0, good=True, dearer=0.0, over=0.9),
        row(1, good=False, dearer=0.05, over=0.8),
        row(2, good=False, dearer=-0.1, over=1.1),
    ]
    first, _, mine, chance, other = summary(rows)
    assert first.startswith("3 systems, 300 combinations")
    assert mine.split() == ["novamodel", "1", "of", "3", "4.0%", "1", "1", "5%", "0"]
    assert chance.split()[0] == "random"
    assert "is not installed" in other


def test_a_line_that_was_cut_off_and_other_seeds_are_made_again(tmp_path: Path):
    out = tmp_path / "decisions.jsonl"
    kept = row(3, good=True, dearer=0.0, over=0.9)
    out.write_text(json.dumps(kept) + "\n" + json.dumps(kept | {"seed": 2, "system": 4}) + '\n{"seed": 1, "sys')
    assert _read(out, 1) == {3: kept}
    assert _read(tmp_path / "none.jsonl", 1) == {}


class Known:
    """A space of four combinations whose every value over limit is known; it counts what is simulated."""

    def __init__(self) -> None:
        self.costs, self.seed = [30.0, 10.0, 20.0, 20.0], 1
        self.true, self.runs = [0.5, 3.0, 0.9, 0.3], []

    def run(self, place: int, seed: int, replications: int) -> SimpleNamespace:
        self.runs.append((place, seed, replications))
        objective = SimpleNamespace(value=self.true[place], limit=1.0, text="goal", metric="p99")
        return SimpleNamespace(slo=lambda: [objective])


def test_the_optimum_is_the_cheapest_that_holds_and_nothing_dearer_is_simulated():
    space = Known()
    truth = Truth(space, {}, set())
    assert truth.optimum(lambda text: None) == 20.0
    assert {place for place, _, _ in space.runs} == {1, 2}
    assert [run for run in space.runs if run[0] == 1] == [(1, 1 + OTHER_CUSTOMERS, 1)]  # far above: seen once
    assert truth.sure == {2}  # what holds is made sure


def test_a_choice_is_set_beside_the_fastest_of_its_price():
    truth = Truth(Known(), {}, set())
    assert truth.slower(2) == pytest.approx(3.0)
    assert truth.slower(3) == 1.0
    assert truth.slower(0) == 1.0
