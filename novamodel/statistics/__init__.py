"""How sure a simulated figure is: warm-up, intervals over replications or batches, quantiles, differences."""

from novamodel.statistics.batches import batch_quantile, batch_ratio, look_alike
from novamodel.statistics.intervals import (
    Estimate,
    batch_means,
    clustered_share,
    mean_interval,
    paired_difference,
    ratio_interval,
    unpaired_difference,
    unseen_share,
)
from novamodel.statistics.quantiles import (
    quantile_of_histogram,
    quantiles_of_filled,
    quantiles_of_histogram,
    too_few_for_quantile,
)
from novamodel.statistics.replications import around, pseudo_values, skewed_error, skewed_interval
from novamodel.statistics.warmup import beginning_differs, mser5

__all__ = [
    "Estimate",
    "around",
    "batch_means",
    "batch_quantile",
    "batch_ratio",
    "beginning_differs",
    "clustered_share",
    "look_alike",
    "mean_interval",
    "mser5",
    "paired_difference",
    "pseudo_values",
    "quantile_of_histogram",
    "quantiles_of_filled",
    "quantiles_of_histogram",
    "ratio_interval",
    "skewed_error",
    "skewed_interval",
    "too_few_for_quantile",
    "unpaired_difference",
    "unseen_share",
]
