"""What happens to the keys of a keyspace in steady state: which are there, for how long, and who goes for want of room.

Eviction is entered as a rate at which a present key goes; for LRU with a characteristic time T common to all keys
(Che, Tung, Wang 2002) it is a / (exp(a T) - 1) for a key that is asked a times a second: without a lifetime this is
Che's hit ratio exactly, without eviction the lifetime formula exactly. Random eviction is a rate common to all, which
is the known form exactly. LFU is in between LRU and the best fixed set: (a T) to the power of 1.5, fitted to Redis 7
(hit ratios within 0.005 without deletes). volatile-ttl takes away the same time of all lifetimes. Where nothing may be
evicted, a share of what would fill finds no room; where nothing ever goes either, those are there that came first.
References are a Poisson process.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from novamodel.analytic.popularity import zipf
from novamodel.components.redis.memory import entry_bytes
from novamodel.scenario.demand import Keyspace
from novamodel.scenario.popularity import zipf_exponent

EXACT_KEYS = 20_000
LFU_POWER = 1.5


class KeyRates(NamedTuple):
    """Commands a second on a keyspace: reads, reads that fill on a miss, sets elsewhere, deletes."""

    reads: float
    fills: float
    sets: float
    deletes: float


class KeyspaceLife(NamedTuple):
    """``share`` of references of one key, ``many`` keys have it; what comes to them, and what takes them away.

    ``idle_s`` says how long memory lets entries live: Che's characteristic time for LRU, the mean time to eviction for
    random policies, a scale for the others (infinite: memory is no limit).
    """

    share: np.ndarray
    many: np.ndarray
    entry_bytes: float
    ttl_s: float
    rates: KeyRates
    policy: str
    idle_s: float = math.inf

    @classmethod
    def of(
        cls, space: Keyspace, rates: KeyRates, policy: str, valkey: bool = False, exact_keys: int = EXACT_KEYS
    ) -> KeyspaceLife:
        """A keyspace at these rates, without a limit of memory."""
        share, many = zipf(space.keys, zipf_exponent(space.popularity), exact_keys)
        size = entry_bytes(space.key_size, round(space.value_bytes), space.ttl > 0, valkey)
        return cls(share, many, size, space.ttl or math.inf, rates, policy)

    @property
    def may_be_evicted(self) -> bool:
        """Whether the policy looks at these keys at all."""
        return self.policy.startswith("allkeys") or (self.policy.startswith("volatile") and math.isfinite(self.ttl_s))

    def filled(self, idle_s: float = math.inf) -> np.ndarray:
        """Rate at which one key is filled while it is absent."""
        room = 1.0 if self.may_be_evicted or math.isinf(idle_s) else idle_s / (1.0 + idle_s)
        return self.share * (self.rates.fills + self.rates.sets) * room

    def renewed(self) -> np.ndarray:
        """Rate at which a set gives one key a new lifetime."""
        return self.share * self.rates.sets

    def deleted(self) -> np.ndarray:
        """Rate at which one key is deleted."""
        return self.share * self.rates.deletes

    def asked(self) -> np.ndarray:
        """Rate at which one key is used."""
        return self.share * (self.rates.reads + self.rates.sets)

    def evicted(self, idle_s: float) -> np.ndarray:
        """Rate at which one present key is evicted."""
        asked = self.asked()
        if math.isinf(idle_s) or not self.may_be_evicted or self.policy == "volatile-ttl":
            return np.zeros_like(asked)
        if self.policy.endswith("random"):
            return np.full_like(asked, 1.0 / idle_s)
        power = LFU_POWER if self.policy.endswith("lfu") else 1.0
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            return np.where(asked > 0, asked / np.expm1((asked * idle_s) ** power), 0.0)

    def lifetime(self, idle_s: float) -> float:
        """Seconds from insertion to the end of life; volatile-ttl ends it earlier where memory binds."""
        if self.policy != "volatile-ttl" or math.isinf(self.ttl_s):
            return self.ttl_s
        return max(self.ttl_s - 1.0 / idle_s, 1e-9)

    def held(self, idle_s: float) -> np.ndarray:
        """Probability that each key is present."""
        renewed, filled, ttl_s = self.renewed(), self.filled(idle_s), self.lifetime(idle_s)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            change = self.deleted() + self.evicted(idle_s) + renewed
            decided = -np.expm1(-change * ttl_s) if math.isfinite(ttl_s) else np.ones_like(change)
            stay = np.where(change > 0, decided / change, ttl_s)
            again = np.where(change > 0, renewed / change * decided, 0.0)
            life = stay / (1 - again)
            whole = 1.0 if math.isinf(idle_s) or self.may_be_evicted else -np.expm1(-self.asked() * idle_s)
            present = np.where(np.isinf(life), whole, life * filled / (1 + life * filled))
        return np.where(filled > 0, present, 0.0)

    def hits(self, idle_s: float) -> float:
        """Hit ratio."""
        return float(((self.many * self.share) * self.held(idle_s)).sum())

    def entries(self, idle_s: float) -> float:
        """Entries held."""
        return float((self.many * self.held(idle_s)).sum())

    def bytes_held(self, idle_s: float) -> float:
        """Memory of the entries, tables not counted."""
        return self.entries(idle_s) * self.entry_bytes
