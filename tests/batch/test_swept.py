"""Reading a sweep: tables whose figures are known, and figures that say them."""

from pathlib import Path

import pandas as pd
import pytest
from fake_sweep import plan as fake_plan
from fake_sweep import run

import novamodel as nm
from novamodel.questions.sweep import tables


def priced(number: int, overrides: dict[str, float], seed: int) -> dict[str, object]:
    """p99 = 10 b - a; a costs 100 each; met up to 40. Case 11 fails."""
    if number == 11:
        return {"status": "failed", "error": "no such size", "parameters": overrides}
    a, b = overrides["a"], overrides["b"]
    p99 = 10 * b - a
    found = {"parameters": overrides, "estimates": {"p99": [p99, p99 - 1, p99 + 1]}, "took_s": 0.0}
    cost = 100.0 + 100 * a
    return {"status": "done", **found, "cost": [cost, cost, cost], "met": p99 < 40, "missed": []}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    run(fake_plan(40, record={"metrics": ["p99"]}), tmp_path, priced)
    return tmp_path


def test_tables_of_a_known_response(store: Path):
    answer = nm.questions.swept(store=store)
    effects = answer.effects.set_index("parameter")
    assert effects.loc["b", ["value", "low", "high"]].tolist() == pytest.approx([45, 45, 45])
    assert effects.loc["a", "value"] == pytest.approx(-3)
    assert answer.effects["parameter"].tolist() == ["b", "a"]
    lines = answer.lines[answer.lines["line"] == 2]
    assert lines["value"].tolist() == pytest.approx([10 * b - 2 for b in lines["x"]])
    cell = answer.grid.query("x == 1.0 and y == 1").iloc[0]  # the failed case
    assert (cell["failed"], pd.isna(cell["value"])) == (1, True)
    assert answer.front.query("front")["p99"].tolist() == pytest.approx([5, 4, 3, 2])
    assert answer.chosen["cost_month"] == 100
    assert answer.headline()["failed"] == 1
    assert "1 cases failed, the first with: no such size" in answer.conclusion()
    assert answer.sensitivity is None


def test_the_line_of_the_front_is_spoken_of_where_it_is_drawn(store: Path):
    answer = nm.questions.swept(store=store)
    drawn = nm.figures.sweep_front(answer.front, answer.metric, answer.unit, 0.04)
    assert [trace.mode for trace in drawn.data] == ["lines", "markers"]
    assert "On a line" in drawn.layout.title.text
    assert len(drawn.layout.shapes) == 1  # the objective
    assert max(drawn.data[1].error_y.array) > 0
    alone = answer.front.assign(front=answer.front.index == 0)
    bare = nm.figures.sweep_front(alone, answer.metric, answer.unit)
    assert [trace.mode for trace in bare.data] == ["markers"]
    assert "On a line" not in bare.layout.title.text


def test_the_front_chooses_at_the_highest_load_that_is_held():
    cases = {"cost_month": [10.0, 20.0, 15.0, 30.0, 40.0], "p99": [0.1, 0.2, 0.3, 0.2, 0.9]}
    table = pd.DataFrame(cases).assign(status="done", met=[True, True, True, True, False])
    table["traffic.peak"] = [100.0, 200.0, 200.0, 200.0, 300.0]
    found = tables.front(table, "p99")
    assert found[found["chosen"]]["cost_month"].tolist() == [15]
    assert not tables.front(table.assign(met=False), "p99")["chosen"].any()
    found = found.assign(**{"p99 low": found["p99"], "p99 high": found["p99"], "case": range(5)})
    assert "15 USD a month" in nm.figures.sweep_front(found, "p99", "s").layout.title.text


def test_bins_of_a_sampled_parameter_hold_equally_many():
    table = tables.binned(pd.DataFrame({"a": [number / 10 for number in range(80)], "b": ["x", "y"] * 40}), ["a", "b"])
    assert table["a"].value_counts().tolist() == [10] * 8
    assert table["b"].nunique() == 2


def test_figures_say_what_the_tables_hold(store: Path):
    answer = nm.questions.swept(store=store)
    facts = (answer.metric, answer.unit)
    figures = nm.figures
    titles = [
        figures.sweep_map(answer.grid, *facts),
        figures.sweep_curves(answer.lines, *facts, limit=0.04),
        figures.sweep_effects(answer.effects, *facts),
        figures.sweep_front(answer.front, *facts),
        figures.sweep_sensitivity(answer.sensitivity, *facts),
        figures.sweep_map(None, *facts),
        figures.sweep_front(None, *facts),
    ]
    words = ["The SLO is missed in", "p99 is from", "b moves p99 most: 45 s more", "100 USD a month is the least",
             "No sensitivity design", "One parameter makes no map", "No cost was recorded"]  # fmt: skip
    for figure, word in zip(titles, words, strict=True):
        assert word in figure.layout.title.text
    assert "1 failed" in str(titles[0].data[0].text)


def test_what_cannot_be_read_is_said(store: Path, tmp_path: Path):
    with pytest.raises(nm.UserError, match="recorded no 'p98'"):
        nm.questions.swept(store=store, metric="p98")
    with pytest.raises(nm.UserError, match="holds no sweep"):
        nm.questions.swept(store=tmp_path / "nothing")


@pytest.mark.parametrize("target", ["novabank-ecs", "novabank-compose"])
def test_its_own_small_sweeps_suit_other_platforms(target: str):
    answer = nm.questions.swept(target, quick=True)
    assert len(answer.failures) == 0
    assert len(answer.sensitivity) >= 2
