"""Stabilisation: earlier proposals hold a new one back.

Source: kubernetes/kubernetes pkg/controller/podautoscaler/horizontal.go (stabilizeRecommendation and
stabilizeRecommendationWithBehaviors). The raw proposal is logged, before any limit. The log reuses the
last entry, in list order, that has fallen out of the longest window, so it does not grow for ever.
"""

from novamodel.components.hpa.types import Recommendation, elapsed_s

Log = tuple[Recommendation, ...]


def stabilise_without_behavior(log: Log, proposed: int, window_s: float, now: float) -> tuple[int, Log]:
    """(largest of `proposed` and the proposals of the last `window_s` seconds, new log).

    Upward nothing is held back. An entry exactly as old as the window still counts.
    """
    ages = [elapsed_s(entry.time_s, now) for entry in log]
    recent = [entry.replicas for entry, age in zip(log, ages, strict=True) if age <= window_s]
    expired = [index for index, age in enumerate(ages) if age > window_s]
    return max([proposed, *recent]), _recorded(log, expired, Recommendation(proposed, now))


def stabilise_with_behavior(
    log: Log, current: int, proposed: int, up_window_s: float, down_window_s: float, now: float
) -> tuple[int, Log]:
    """(`current` held between the up window's lowest and the down window's highest proposal, new log).

    The new proposal belongs to both windows. An entry exactly as old as a window is out of it.
    """
    ages = [elapsed_s(entry.time_s, now) for entry in log]
    lowest = min([proposed, *(e.replicas for e, age in zip(log, ages, strict=True) if age < up_window_s)])
    highest = max([proposed, *(e.replicas for e, age in zip(log, ages, strict=True) if age < down_window_s)])
    expired = [index for index, age in enumerate(ages) if age >= max(up_window_s, down_window_s)]
    stabilised = min(max(current, lowest), highest)
    return stabilised, _recorded(log, expired, Recommendation(proposed, now))


def _recorded(log: Log, expired: list[int], entry: Recommendation) -> Log:
    if not expired:
        return (*log, entry)
    return (*log[: expired[-1]], entry, *log[expired[-1] + 1 :])
