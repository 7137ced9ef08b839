"""Redis's frequency counter: eight bits that rise more and more seldom, and fall by one a minute without use.

src/evict.c of Redis 7 (LFULogIncr, LFUDecrAndReturn); redis.conf: lfu-log-factor 10, lfu-decay-time 1.
"""

from __future__ import annotations

from novamodel.components.rule import rule

FRESH = 5
"""Counter of a new key (LFU_INIT_VAL)."""
MOST = 255
LOG_FACTOR, DECAY_MINUTES = 10, 1


@rule
def lfu_chance(counter: int, log_factor: int) -> float:
    """Probability that a use raises the counter by one."""
    if counter >= 255:
        return 0.0
    above = counter - 5
    return 1.0 / (above * log_factor + 1) if above > 0 else 1.0


@rule
def lfu_decayed(counter: int, minutes: int, decay_minutes: int) -> int:
    """The counter after so many minutes without a use; 0 ``decay_minutes``: it never falls."""
    periods = minutes // decay_minutes if decay_minutes > 0 else 0
    return counter - periods if counter > periods else 0
