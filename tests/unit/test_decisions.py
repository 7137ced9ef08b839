"""The benchmark of decisions: what it counts as good, and that it goes on where it was stopped."""

import json
from pathlib import Path

from benchmarks.decisions import _read, summary


def row(number: int, *, good: bool, dearer: float | None, over: float | None, **more: dict) -> dict:
    mine = {"good": good, "dearer": dearer, "over": over, "effort": 0.04, "changes": {}}
    return {"seed": 1, "system": number, "combinations": 100, "novamodel": mine} | more


def test_the_summary_counts_good_choices_misses_and_dear_ones():
    rows = [
        row(0, good=True, dearer=0.0, over=0.9),
        row(1, good=False, dearer=0.05, over=0.8),
        row(2, good=False, dearer=-0.1, over=1.1),
    ]
    first, _, mine, chance, other = summary(rows)
    assert first == "3 systems, 300 combinations enumerated"
    assert mine.split() == ["novamodel", "1", "of", "3", "4.0%", "1", "1", "5%"]
    assert chance.split()[0] == "random"
    assert "is not installed" in other


def test_a_line_that_was_cut_off_and_other_seeds_are_made_again(tmp_path: Path):
    out = tmp_path / "decisions.jsonl"
    kept = row(3, good=True, dearer=0.0, over=0.9)
    out.write_text(json.dumps(kept) + "\n" + json.dumps(kept | {"seed": 2, "system": 4}) + '\n{"seed": 1, "sys')
    assert _read(out, 1) == {3: kept}
    assert _read(tmp_path / "none.jsonl", 1) == {}
