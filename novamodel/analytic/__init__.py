"""The fast twin: closed forms of queues and caches."""

from novamodel.analytic.cache import hit_ratio, hit_ratios, peak_rate
from novamodel.analytic.lru import che, ttl_hit_ratio

__all__ = ["che", "hit_ratio", "hit_ratios", "peak_rate", "ttl_hit_ratio"]
