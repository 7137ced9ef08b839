"""The fast counterpart: closed forms of queues and caches, and the whole deployment in steady state.

Each formula says where it holds and refuses outside with a ``ValueError``. `cases.answer` replays recorded
questions. `tier_demands`, `steady_replicas` and `day` read a scenario; `system_load` and `latency` work on many
candidates at once and screen for sizing.
"""

from novamodel.analytic.autoscale import (
    HOURS,
    day,
    days,
    hour_rate,
    most_replicas_from,
    pod_memory,
    settle,
    steady_replicas,
)
from novamodel.analytic.cache import every_hit_ratio, hit_ratio, hit_ratios, key_rates, lives, peak_rate
from novamodel.analytic.closed import closed_bounds, closed_mva, closed_mva_multiserver, fanout_tail, littles_law
from novamodel.analytic.closed_network import ClosedNetwork, closed_network
from novamodel.analytic.cold_cache import warming
from novamodel.analytic.covers import uncovered, unordered
from novamodel.analytic.demand import interwoven, route_demands
from novamodel.analytic.downstream import reaching
from novamodel.analytic.flow import mean_rates
from novamodel.analytic.latency import (
    error_share,
    latency_quantile,
    mean_latency,
    objective,
    route_means,
    slow_by_means,
    slow_by_route,
    slow_shares,
)
from novamodel.analytic.leaky import Bucket, leaky_bucket
from novamodel.analytic.limited import erlang_a, finite_population, mmc_patience, mmck
from novamodel.analytic.lru import che, ttl_hit_ratio
from novamodel.analytic.queues import (
    erlang_b,
    erlang_b_inverse,
    ggc_allen_cunneen,
    md1_wait_cdf,
    mg1,
    mgc,
    mm1,
    mmc,
    mmc_wait_quantile,
)
from novamodel.analytic.replica import NO_LIMIT, gate_wall_s
from novamodel.analytic.retries import amplification, attempts, metastable_region, retry_load
from novamodel.analytic.scalers import MILLI, hpa_spec, metric_names, tracking_spec
from novamodel.analytic.side_by_side import BOUNDS, beside
from novamodel.analytic.system import SystemLoad, system_load
from novamodel.analytic.tiers import tier_demands
from novamodel.analytic.visits import external_rates, queue_rates, route_rates

__all__ = [
    "BOUNDS",
    "HOURS",
    "MILLI",
    "NO_LIMIT",
    "Bucket",
    "ClosedNetwork",
    "SystemLoad",
    "amplification",
    "attempts",
    "beside",
    "che",
    "closed_bounds",
    "closed_mva",
    "closed_mva_multiserver",
    "closed_network",
    "day",
    "days",
    "erlang_a",
    "erlang_b",
    "erlang_b_inverse",
    "error_share",
    "every_hit_ratio",
    "external_rates",
    "fanout_tail",
    "finite_population",
    "gate_wall_s",
    "ggc_allen_cunneen",
    "hit_ratio",
    "hit_ratios",
    "hour_rate",
    "hpa_spec",
    "interwoven",
    "key_rates",
    "latency_quantile",
    "leaky_bucket",
    "littles_law",
    "lives",
    "md1_wait_cdf",
    "mean_latency",
    "mean_rates",
    "metastable_region",
    "metric_names",
    "mg1",
    "mgc",
    "mm1",
    "mmc",
    "mmc_patience",
    "mmc_wait_quantile",
    "mmck",
    "most_replicas_from",
    "objective",
    "peak_rate",
    "pod_memory",
    "queue_rates",
    "reaching",
    "retry_load",
    "route_demands",
    "route_means",
    "route_rates",
    "settle",
    "slow_by_means",
    "slow_by_route",
    "slow_shares",
    "steady_replicas",
    "system_load",
    "tier_demands",
    "tracking_spec",
    "ttl_hit_ratio",
    "uncovered",
    "unordered",
    "warming",
]
