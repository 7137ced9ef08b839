"""Indices of a function whose indices are known."""

from pathlib import Path

import fake_cases as fakes
import pytest
from fake_sweep import plan as fake_plan
from fake_sweep import run

from novamodel.batch import indices
from novamodel.errors import UserError

SPANS = {"a": {"from": 0.0, "to": 1.0}, "b": {"from": 0.0, "to": 1.0}}


def weighted(number: int, overrides: fakes.Overrides, seed: int) -> dict[str, object]:
    """4 a + 2 b: of the variance a gives 16 / 20."""
    value = 4 * overrides["a"] + 2 * overrides["b"]
    return {"status": "done", "parameters": overrides, "estimates": {"p99": [value, None, None]}, "took_s": 0.0}


def weighted_with_holes(number: int, overrides: fakes.Overrides, seed: int) -> dict[str, object]:
    """Fails in a corner, which some of the trajectories pass."""
    corner = overrides == {"a": 0.0, "b": 0.0}
    return {"status": "failed", "error": "x"} if corner else weighted(number, overrides, seed)


def test_sobol_indices_of_a_sum(tmp_path: Path):
    run(fake_plan(10, design="sobol-indices", samples=64, vary=SPANS), tmp_path, weighted)
    found = indices(tmp_path, "p99")
    assert list(found["parameter"]) == ["a", "b"]
    assert list(found["total"]) == pytest.approx([0.8, 0.2], abs=0.1)
    assert (found["first_low"] <= [0.8, 0.2]).all()
    assert (found["first_high"] >= [0.8, 0.2]).all()
    assert (found.attrs["blocks"], found.attrs["left_out"]) == (64, 0)


def test_morris_of_a_sum_leaves_out_a_block_with_a_failed_case(tmp_path: Path):
    run(fake_plan(10, design="morris", samples=10, vary=SPANS), tmp_path, weighted_with_holes)
    found = indices(tmp_path, "p99")
    assert list(found["mu_star"]) == pytest.approx([4, 2])
    assert list(found["sigma"]) == pytest.approx([0, 0], abs=1e-12)
    assert found.attrs["blocks"] + found.attrs["left_out"] == 10
    assert 0 < found.attrs["left_out"] < 6


def test_what_has_no_indices_is_said(tmp_path: Path):
    run(fake_plan(10), tmp_path / "grid", fakes.quick)
    with pytest.raises(UserError, match="a grid sweep has no sensitivity indices"):
        indices(tmp_path / "grid", "p99")
    run(fake_plan(10, design="morris", samples=2, vary=SPANS), tmp_path / "few", weighted)
    with pytest.raises(UserError, match="too little for indices"):
        indices(tmp_path / "few", "p99")
    with pytest.raises(UserError, match="no estimate"):
        indices(tmp_path / "few", "p98")
