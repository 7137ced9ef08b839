"""A key comes into a server's tables, is used, and goes: its place, its clock, and what it takes."""

from __future__ import annotations

from novamodel.components.philox import philox4x32
from novamodel.components.redis.lfu import FRESH, lfu_chance, lfu_decayed
from novamodel.components.redis.memory import buckets_after_insert, buckets_after_remove
from novamodel.components.redis.state import ABSENT, EPOCH_S, FREQUENCY, IDLE_TIME, NEVER, Keys
from novamodel.components.rule import handler, rule

_MASK = 0xFFFFFFFF
FIRST_WORD = 16
"""Last word of the counters of server 0's decisions; those below are for who fills a server (`simulation`)."""
_UNIT = 2.3283064365386963e-10  # 2 ** -32


@handler
def decision(s: Keys, c: int) -> tuple[int, int, int, int]:
    """Four 32-bit random words for the server's next decision."""
    s.decided[c] += 1
    number, seed = s.decided[c], s.seed[0]
    return philox4x32(
        number & _MASK, (number >> 32) & _MASK, s.stream[0], FIRST_WORD + c, seed & _MASK, (seed >> 32) & _MASK
    )


@rule
def frequency(s: Keys, c: int, key: int, now: float) -> int:
    """A key's frequency counter as it stands now."""
    minutes = int((now + EPOCH_S) / 60.0) - (s.clock[key] >> 8)
    return lfu_decayed(s.clock[key] & 255, minutes, s.decay[c])


@rule
def touch(s: Keys, c: int, key: int, now: float) -> None:
    """A present key is used: its clock shows the second, or its counter may rise."""
    if s.decides[c] == IDLE_TIME:
        s.clock[key] = int(now + EPOCH_S)
    elif s.decides[c] == FREQUENCY:
        counter = frequency(s, c, key, now)
        chance = lfu_chance(counter, s.log_factor[c])
        if chance >= 1.0:
            counter += 1
        elif chance > 0.0:
            word, _, _, _ = decision(s, c)
            if word * _UNIT < chance:
                counter += 1
        s.clock[key] = int((now + EPOCH_S) / 60.0) << 8 | counter


@handler
def insert(s: Keys, space: int, key: int, now: float) -> None:
    """An absent key comes in, with a whole lifetime."""
    c = s.server[space] + s.shard[key]
    s.used[c] += s.bytes[space]
    s.entries[space] += 1
    if s.ttl[space] < NEVER:
        s.expires[key] = now + s.ttl[space]
        to = s.first_place[c] + s.mortal[c]
        s.mortal[c] += 1
        larger = buckets_after_insert(s.mortal_buckets[c], s.mortal[c], s.used[c], s.memory[c])
        s.used[c] += 8 * (larger - s.mortal_buckets[c])
        s.mortal_buckets[c] = larger
    else:
        s.expires[key] = NEVER
        s.lasting[c] += 1
        to = s.end_place[c] - s.lasting[c]
    s.place[key] = to
    s.key[to] = key
    larger = buckets_after_insert(s.buckets[c], s.mortal[c] + s.lasting[c], s.used[c], s.memory[c])
    s.used[c] += 8 * (larger - s.buckets[c])
    s.buckets[c] = larger
    if s.decides[c] == FREQUENCY:
        s.clock[key] = int((now + EPOCH_S) / 60.0) << 8 | FRESH
    elif s.decides[c] == IDLE_TIME:
        s.clock[key] = int(now + EPOCH_S)


@handler
def remove(s: Keys, space: int, key: int) -> None:
    """A present key goes; the last of its kind takes its place."""
    c = s.server[space] + s.shard[key]
    place = s.place[key]
    s.place[key] = ABSENT
    s.used[c] -= s.bytes[space]
    s.entries[space] -= 1
    if s.ttl[space] < NEVER:
        s.mortal[c] -= 1
        last = s.first_place[c] + s.mortal[c]
        smaller = buckets_after_remove(s.mortal_buckets[c], s.mortal[c], s.valkey[c])
        s.used[c] += 8 * (smaller - s.mortal_buckets[c])
        s.mortal_buckets[c] = smaller
    else:
        last = s.end_place[c] - s.lasting[c]
        s.lasting[c] -= 1
    if place != last:
        moved = s.key[last]
        s.key[place] = moved
        s.place[moved] = place
    smaller = buckets_after_remove(s.buckets[c], s.mortal[c] + s.lasting[c], s.valkey[c])
    s.used[c] += 8 * (smaller - s.buckets[c])
    s.buckets[c] = smaller


@rule
def keyspace_of(s: Keys, key: int) -> int:
    """Keyspace of a key."""
    space = s.spaces[0] - 1
    while s.first[space] > key:
        space -= 1
    return space
