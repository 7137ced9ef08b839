"""Which parameter moves an estimate most: Morris screening or Sobol indices over a sweep's table (SALib)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from novamodel.batch.design import MORRIS_LEVELS, unit_problem
from novamodel.batch.model import SENSITIVITY
from novamodel.batch.plan import Plan
from novamodel.batch.store import Store
from novamodel.batch.table import read
from novamodel.errors import UserError

RESAMPLES = 200
LEAST_BLOCKS = 4
CONFIDENCE = 0.95


def indices(folder: str | Path, metric: str) -> pd.DataFrame:
    """One row a parameter, most influential first, each index with its 95 % interval (bootstrap).

    ``metric`` is a column of the table, such as ``p99`` or ``cost_month``. Of a sobol-indices sweep: ``first`` (share
    of the variance from the parameter alone) and ``total`` (with its interactions). Of a morris sweep: ``mu_star``
    (mean change of the metric over the parameter's whole range, in the metric's unit) and ``sigma``. With several
    seeds their mean is analysed. A block of the design with a failed case is left out; ``attrs["left_out"]`` counts
    them, ``attrs["blocks"]`` those used.
    """
    plan = Store(folder).plan()
    if plan.sweep.design not in SENSITIVITY:
        valid = f"a sweep with design {' or '.join(SENSITIVITY)}"
        raise UserError(f"a {plan.sweep.design} sweep has no sensitivity indices", valid=valid)
    table = read(folder)
    numbers = [name for name in table.columns if pd.api.types.is_float_dtype(table[name])]
    if metric not in numbers:
        raise UserError(f"{metric!r} is no estimate of this sweep", valid=numbers, given=metric)
    values = _by_variant(plan, table, metric)
    size = len(plan.axes) + (1 if plan.sweep.design == "morris" else 2)
    blocks = values.reshape(-1, size)
    whole = np.isfinite(blocks).all(axis=1)
    if whole.sum() < LEAST_BLOCKS:
        why = f"only {int(whole.sum())} of {len(blocks)} blocks of the design are finished and without a failed case"
        raise UserError(f"too little for indices: {why}", valid=f"at least {LEAST_BLOCKS}; more samples")
    points = plan.points.reshape(len(blocks), size, -1)[whole].reshape(-1, len(plan.axes))
    found = _analysed(plan, points, blocks[whole].ravel())
    found.attrs = {"metric": metric, "unit": table.attrs["units"].get(metric, ""), "design": plan.sweep.design}
    found.attrs |= {"blocks": int(whole.sum()), "left_out": int((~whole).sum())}
    return found


def _by_variant(plan: Plan, table: pd.DataFrame, metric: str) -> np.ndarray:
    """The metric of each variant, mean over the seeds; nan where a case is missing."""
    values = np.full(len(plan), np.nan)
    values[table["case"].to_numpy()] = table[metric].to_numpy(dtype=float)
    return values.reshape(plan.variants, len(plan.basis.seeds)).mean(axis=1)


def _analysed(plan: Plan, points: np.ndarray, values: np.ndarray) -> pd.DataFrame:
    problem = unit_problem(len(plan.axes))
    names = [each.path for each in plan.axes]
    seed = plan.sweep.sample_seed % 2**32
    more: dict[str, Any] = {"num_resamples": RESAMPLES, "conf_level": CONFIDENCE, "seed": seed}
    if values.std() == 0:  # nothing moves it: SALib would divide by zero
        zeros = dict.fromkeys(_columns(plan.sweep.design), 0.0)
        return pd.DataFrame([{"parameter": name, **zeros} for name in names])
    if plan.sweep.design == "morris":
        from SALib.analyze import morris

        found = morris.analyze(problem, points, values, num_levels=MORRIS_LEVELS, **more)
        frame = _with_ends(names, "mu_star", found["mu_star"], found["mu_star_conf"]).assign(sigma=found["sigma"])
        return frame.sort_values("mu_star", ascending=False, ignore_index=True)
    from SALib.analyze import sobol

    found = sobol.analyze(problem, values, calc_second_order=False, **more)
    first = _with_ends(names, "first", found["S1"], found["S1_conf"])
    total = _with_ends(names, "total", found["ST"], found["ST_conf"])
    return first.merge(total, on="parameter").sort_values("total", ascending=False, ignore_index=True)


def _columns(design: str) -> list[str]:
    kinds = ["mu_star"] if design == "morris" else ["first", "total"]
    return [f"{kind}{end}" for kind in kinds for end in ("", "_low", "_high")] + ["sigma"] * (design == "morris")


def _with_ends(names: list[str], kind: str, values: Any, half: Any) -> pd.DataFrame:
    values, half = np.asarray(values, dtype=float), np.asarray(half, dtype=float)
    return pd.DataFrame({"parameter": names, kind: values, f"{kind}_low": values - half, f"{kind}_high": values + half})
