"""What Redis does when its memory is full: which key goes, or that a write is refused (maxmemory-policy).

src/evict.c of Redis 7, the same in Valkey 8: before every command keys are evicted until memory is below maxmemory.
A few keys are sampled (maxmemory-samples) into a pool of 16 candidates, kept from one eviction to the next in order
of their score (seconds idle, inverted frequency, or nearness of the end of life) at the time they were sampled; the
best that still exists goes. The random policies take any key. volatile-* looks at keys with a lifetime only.
"""

from __future__ import annotations

from novamodel.components.redis.entries import decision, frequency, keyspace_of, remove
from novamodel.components.redis.state import ABSENT, CHANCE, EPOCH_S, FREQUENCY, IDLE_TIME, NEVER, NOTHING, POOL, Keys
from novamodel.components.rule import handler, rule


@rule
def sampled_from(s: Keys, c: int) -> int:
    """How many keys the policy may evict now."""
    if s.decides[c] == NOTHING:
        return 0
    return int(s.mortal[c] if s.volatile[c] else s.mortal[c] + s.lasting[c])


@rule
def key_at(s: Keys, c: int, n: int) -> int:
    """Key number ``n`` of those present, the ones with a lifetime first."""
    mortal = s.mortal[c]
    place = s.first_place[c] + n if n < mortal else s.end_place[c] - 1 - (n - mortal)
    return int(s.key[place])


@rule
def score_of(s: Keys, c: int, key: int, now: float) -> float:
    """How good a candidate a key is: the higher, the sooner it goes."""
    if s.decides[c] == IDLE_TIME:
        return float(int(now + EPOCH_S) - s.clock[key])
    if s.decides[c] == FREQUENCY:
        return float(255 - frequency(s, c, key, now))
    return float(-s.expires[key])


@rule
def pool_insert(s: Keys, c: int, key: int, score: float) -> None:
    """Put a candidate into the pool, which is in the order of scores; the worst makes room, if that is not this one."""
    first, count = c * POOL, s.candidates[c]
    rank = 0
    while rank < count and s.score[first + rank] < score:
        rank += 1
    if count == POOL:
        if rank == 0:
            return
        rank -= 1
        for n in range(rank):
            s.score[first + n] = s.score[first + n + 1]
            s.candidate[first + n] = s.candidate[first + n + 1]
    else:
        for n in range(count, rank, -1):
            s.score[first + n] = s.score[first + n - 1]
            s.candidate[first + n] = s.candidate[first + n - 1]
        s.candidates[c] = count + 1
    s.score[first + rank] = score
    s.candidate[first + rank] = key


@handler
def sample(s: Keys, c: int, now: float) -> None:
    """Look at a few keys, any of them several times if chance has it; at all of them where they are no more."""
    many = sampled_from(s, c)
    if many <= s.samples[c]:
        for n in range(many):
            key = key_at(s, c, n)
            pool_insert(s, c, key, score_of(s, c, key, now))
        return
    w0, w1, w2, w3 = decision(s, c)
    for n in range(s.samples[c]):
        if n & 3 == 0 and n > 0:
            w0, w1, w2, w3 = decision(s, c)
        key = key_at(s, c, (w0 * many) >> 32)
        pool_insert(s, c, key, score_of(s, c, key, now))
        w0, w1, w2 = w1, w2, w3


@handler
def victim(s: Keys, c: int, now: float) -> int:
    """The key that goes next, ABSENT if there is none."""
    many = sampled_from(s, c)
    if many == 0:
        return ABSENT
    if s.decides[c] == CHANCE:
        w0, _, _, _ = decision(s, c)
        return key_at(s, c, (w0 * many) >> 32)
    while True:
        sample(s, c, now)
        while s.candidates[c] > 0:
            s.candidates[c] -= 1
            key = s.candidate[c * POOL + s.candidates[c]]
            if s.place[key] != ABSENT and (s.volatile[c] == 0 or s.expires[key] < NEVER):
                return int(key)


@handler
def make_room(s: Keys, c: int, now: float) -> bool:
    """Evict until memory is below maxmemory; false if nothing is left to evict: a write gets the OOM error."""
    while s.used[c] > s.memory[c]:
        key = victim(s, c, now)
        if key == ABSENT:
            return False
        space = keyspace_of(s, key)
        s.evicted[space] += 1
        remove(s, space, key)
    return True
