"""How sure a simulated figure is: warm-up, intervals over replications, quantiles, paired comparison."""

from novamodel.statistics.intervals import Estimate, batch_means, mean_interval, paired_difference
from novamodel.statistics.quantiles import quantile_of_histogram, too_few_for_quantile
from novamodel.statistics.warmup import mser5

__all__ = [
    "Estimate",
    "batch_means",
    "mean_interval",
    "mser5",
    "paired_difference",
    "quantile_of_histogram",
    "too_few_for_quantile",
]
