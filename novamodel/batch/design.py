"""Points of sampled designs in the unit cube: space filling (scipy) and for sensitivity (SALib)."""

from __future__ import annotations

from typing import Any

import numpy as np

MORRIS_LEVELS = 4


def points(design: str, samples: int, dimensions: int, seed: int) -> np.ndarray:
    """Points x dimensions, each from 0 to 1; the same for the same arguments."""
    if design == "latin-hypercube":
        from scipy.stats import qmc

        return np.asarray(qmc.LatinHypercube(dimensions, seed=seed).random(samples))
    if design == "sobol":
        from scipy.stats import qmc

        return np.asarray(qmc.Sobol(dimensions, seed=seed).random(samples))
    if design == "morris":
        from SALib.sample import morris

        return np.asarray(morris.sample(unit_problem(dimensions), samples, num_levels=MORRIS_LEVELS, seed=_small(seed)))
    from SALib.sample import sobol

    return np.asarray(sobol.sample(unit_problem(dimensions), samples, calc_second_order=False, seed=_small(seed)))


def point_count(design: str, samples: int, dimensions: int) -> int:
    """How many points `points` gives, without making them."""
    per = {"morris": dimensions + 1, "sobol-indices": dimensions + 2}
    return samples * per.get(design, 1)


def unit_problem(dimensions: int) -> dict[str, Any]:
    """SALib's description of the unit cube."""
    names = [f"x{number}" for number in range(dimensions)]
    return {"num_vars": dimensions, "names": names, "bounds": [[0.0, 1.0]] * dimensions}


def power_of_two(number: int) -> bool:
    """Whether a Sobol sequence of that length is balanced."""
    return number & (number - 1) == 0


def _small(seed: int) -> int:
    return seed % 2**32
