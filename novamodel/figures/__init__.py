"""One function a figure: a result or its frames in, a plotly figure out, in one house style.

The figures compute nothing but the shape of what they draw. Each says its finding in the title and how to read it
in one sentence below.
"""

from novamodel.figures.autoscaler import autoscaler
from novamodel.figures.bill import bill
from novamodel.figures.breakdown import breakdown
from novamodel.figures.cache_size import cache_cold, cache_curve
from novamodel.figures.cost_variants import cost_headroom, cost_traffic, cost_variants, cost_waterfall
from novamodel.figures.dashboard import dashboard
from novamodel.figures.edge import edge_flood, edge_limits
from novamodel.figures.explored import explored
from novamodel.figures.first_break import fixes, retry_storm
from novamodel.figures.house import COLOURS, TEMPLATE
from novamodel.figures.hpa_bounds import hpa_bounds
from novamodel.figures.hpa_target import hpa_target
from novamodel.figures.knee import knee
from novamodel.figures.model_errors import model_errors
from novamodel.figures.operations import operations
from novamodel.figures.overview import overview
from novamodel.figures.pareto import pareto
from novamodel.figures.pool_chain import pool_chain
from novamodel.figures.pool_sizes import pool_growth, pool_map, pool_slow, pool_waits
from novamodel.figures.rejections import rejections
from novamodel.figures.replica_count import replica_count
from novamodel.figures.replica_day import replica_day
from novamodel.figures.requests_limits import cpu_limit, memory_limit, request_effect, right_sizing
from novamodel.figures.saturation import saturation
from novamodel.figures.sizing import sizing
from novamodel.figures.swept import sweep_curves, sweep_effects, sweep_front, sweep_map, sweep_sensitivity
from novamodel.figures.topology import topology
from novamodel.figures.tornado import tornado

__all__ = [
    "COLOURS",
    "TEMPLATE",
    "autoscaler",
    "bill",
    "breakdown",
    "cache_cold",
    "cache_curve",
    "cost_headroom",
    "cost_traffic",
    "cost_variants",
    "cost_waterfall",
    "cpu_limit",
    "dashboard",
    "edge_flood",
    "edge_limits",
    "explored",
    "fixes",
    "hpa_bounds",
    "hpa_target",
    "knee",
    "memory_limit",
    "model_errors",
    "operations",
    "overview",
    "pareto",
    "pool_chain",
    "pool_growth",
    "pool_map",
    "pool_slow",
    "pool_waits",
    "rejections",
    "replica_count",
    "replica_day",
    "request_effect",
    "retry_storm",
    "right_sizing",
    "saturation",
    "sizing",
    "sweep_curves",
    "sweep_effects",
    "sweep_front",
    "sweep_map",
    "sweep_sensitivity",
    "topology",
    "tornado",
]
