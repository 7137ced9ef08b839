"""Traffic burstier than Poisson: the rate is multiplied by a factor that two states share and chance redraws.

A two-state Markov-modulated Poisson process. The state is drawn anew, by one uniform number, after exponential times
of mean ``hold_s``; it is high with a chance p. The factor has mean 1 at every moment (it is stationary from the
start), so the mean rate is the shape's. Its autocovariance is V exp(-t / hold_s), V = p (1 - p) (high - low)**2; at a
constant rate r the index of dispersion of counts over t is 1 + 2 r V hold_s (1 - (1 - exp(-s)) / s), s = t / hold_s
(Cox and Lewis, The Statistical Analysis of Series of Events, 1966, 7.2 for doubly stochastic processes).

Number n of the states is a function of (seed, stream, n) alone.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from novamodel.components.maths import log
from novamodel.components.philox import uniform_pair
from novamodel.components.rule import rule
from novamodel.errors import UserError

TIME, HOLD_END, HOLDS, STATE = 2, 3, 4, 5  # places in a block's state, behind those of plain arrivals
STATE_SIZE = 6


class Burst(NamedTuple):
    """How the rate is modulated; `hold_s` 0: not at all. `dispersion` above 1 decides, else `share` and `high`."""

    hold_s: float  # mean time to the next drawing of the state
    dispersion: float  # index of dispersion of counts over times long against hold_s
    share: float  # of the time in the high state
    high: float  # factor in the high state; in the low one such that the mean is 1


STEADY = Burst(0.0, 1.0, 1.0, 1.0)


def dispersed(dispersion: float, scale_s: float) -> Burst:
    """Counts over times long against ``scale_s`` have this index of dispersion (variance over mean), at any rate.

    The state is high with chance 1/2 and the factors are 1 +- sqrt(V) while V <= 1; above, the low factor is 0 and
    the high one 1 + V; V = (dispersion - 1) / (2 rate scale_s) by the rate of the moment.
    """
    if not 1.0 <= dispersion <= 1e6:
        raise UserError(f"an index of dispersion of {dispersion:g}", valid="1 (Poisson) to 1,000,000")
    if not 1e-3 <= scale_s <= 1e6:
        raise UserError(f"a time scale of {scale_s:g} s", valid="1 ms to 1,000,000 s")
    return STEADY if dispersion == 1.0 else Burst(float(scale_s), float(dispersion), 0.5, 1.0)


def on_off(on_s: float, off_s: float, factor: float) -> Burst:
    """Exponential on and off times of these means; the rate is ``factor`` times the mean one when on.

    Drawing the state anew with chance p for on, after exponential times of mean h, stays on for h / (1 - p) and off
    for h / p on average: h = on off / (on + off), p = on / (on + off).
    """
    if not (0.0 < on_s <= 1e6 and 0.0 < off_s <= 1e6):
        raise UserError(f"on {on_s:g} s and off {off_s:g} s", valid="above 0 to 1,000,000 s")
    share = on_s / (on_s + off_s)
    if not 1.0 <= factor <= (1.0 + 1e-9) / share:
        most = f"1 to {1.0 / share:g}: on for {share * 100:.4g} % of the time at that, all requests come then"
        raise UserError(f"a rate factor of {factor:g} when on", valid=most)
    return Burst(on_s * off_s / (on_s + off_s), 1.0, share, min(float(factor), 1.0 / share))


def dispersion_over(burst: Burst, rate: float, window_s: float) -> float:
    """Index of dispersion of counts over windows of ``window_s`` at a constant rate."""
    if burst.hold_s == 0.0:
        return 1.0
    low = (1.0 - burst.share * burst.high) / (1.0 - burst.share)
    variance = burst.share * (1.0 - burst.share) * (burst.high - low) * (burst.high - low)
    if burst.dispersion > 1.0:
        variance = (burst.dispersion - 1.0) / (2.0 * rate * burst.hold_s)
    s = window_s / burst.hold_s
    return 1.0 + 2.0 * rate * variance * burst.hold_s * (1.0 - (1.0 - math.exp(-s)) / s)


@rule
def factor_of(burst: Burst, rate: float, u: float) -> float:
    """Factor of the rate for the state that u means."""
    share = burst.share
    high = burst.high
    if burst.dispersion > 1.0:
        if rate <= 0.0:
            return 1.0
        variance = (burst.dispersion - 1.0) / (2.0 * rate * burst.hold_s)
        if variance <= 1.0:
            high = 1.0 + math.sqrt(variance)
        else:
            share = 1.0 / (1.0 + variance)
            high = 1.0 + variance
    if u < share:
        return high
    low = (1.0 - share * high) / (1.0 - share)
    return low if low > 0.0 else 0.0


@rule
def fill_bursts(source: Any, block: Any, size: int, seed: int, stream: int) -> int:
    """Turn the uniforms of the gaps into times of the modulated process; how many come before the rate steps end."""
    burst, edges, cumulative, state = source.burst, source.edges, source.cumulative, block.state
    step = int(state[1])
    time = state[TIME]
    hold_end = state[HOLD_END]
    holds = int(state[HOLDS])
    u = state[STATE]
    steps = len(edges) - 1
    made = 0
    for i in range(size):
        left = -log(block.uniform[i])
        while step < steps:
            if hold_end <= time:
                length, u = uniform_pair(seed, stream, holds, 0)
                holds += 1
                hold_end = time - burst.hold_s * log(length)
            rate = (cumulative[step + 1] - cumulative[step]) / (edges[step + 1] - edges[step])
            rate = rate * factor_of(burst, rate, u)
            end = edges[step + 1] if edges[step + 1] < hold_end else hold_end
            if left <= rate * (end - time):
                time = time + left / rate
                break
            left = left - rate * (end - time)
            time = end
            if end == edges[step + 1]:
                step += 1
        if step >= steps:
            break
        block.time[i] = time
        made += 1
    state[1] = step
    state[TIME] = time
    state[HOLD_END] = hold_end
    state[HOLDS] = holds
    state[STATE] = u
    return made
