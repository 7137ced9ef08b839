"""GET, SET and DEL of one key, with what a server does besides: expiry of either kind, eviction.

src/db.c and src/expire.c of Redis 7: an expired key is removed when it is asked for, and by an active cycle ten times
a second, which looks at 20 keys with a lifetime and goes on while more than a tenth of them had ended. Lifetimes count
from the set; reads do not renew them.
"""

from __future__ import annotations

from novamodel.components.redis.entries import insert, keyspace_of, remove, touch
from novamodel.components.redis.eviction import make_room
from novamodel.components.redis.state import ABSENT, CYCLE_S, NEVER, Keys
from novamodel.components.rule import handler

KEYS_A_LOOP = 20
MOST_LOOPS = 400
"""Loops of one cycle: what the 25 ms that it may take are enough for."""
MOST_CYCLES = 10
"""Cycles that are made up for after a pause."""


@handler
def expire_some(s: Keys, c: int, now: float) -> None:
    """The active expire cycles that are due by now; their cursor goes round the keys with a lifetime."""
    cycles = int((now - s.next_cycle[c]) / CYCLE_S) + 1
    s.next_cycle[c] += cycles * CYCLE_S
    for _ in range(cycles if cycles < MOST_CYCLES else MOST_CYCLES):
        for _ in range(MOST_LOOPS):
            looked, ended = 0, 0
            while looked < KEYS_A_LOOP and looked < s.mortal[c] + ended:
                if s.cursor[c] >= s.mortal[c]:
                    s.cursor[c] = 0
                if s.mortal[c] == 0:
                    break
                key = s.key[s.first_place[c] + s.cursor[c]]
                looked += 1
                if s.expires[key] <= now:
                    space = keyspace_of(s, key)
                    s.expired[space] += 1
                    remove(s, space, key)
                    ended += 1
                else:
                    s.cursor[c] += 1
            if ended * 10 <= looked:
                break


@handler
def ready_for(s: Keys, c: int, now: float) -> bool:
    """What comes before any command; false if memory is full and nothing can be evicted."""
    if now >= s.next_cycle[c]:
        expire_some(s, c, now)
    return s.used[c] <= s.memory[c] or make_room(s, c, now)


@handler
def key_get(s: Keys, space: int, key: int, now: float) -> bool:
    """GET: whether the key is there."""
    c = s.server[space] + s.shard[key]
    ready_for(s, c, now)
    s.gets[space] += 1
    if s.place[key] == ABSENT:
        return False
    if s.expires[key] <= now:
        s.expired[space] += 1
        remove(s, space, key)
        return False
    s.hits[space] += 1
    touch(s, c, key, now)
    return True


@handler
def key_set(s: Keys, space: int, key: int, now: float) -> bool:
    """SET, with the keyspace's lifetime: false if memory is full and nothing can be evicted."""
    c = s.server[space] + s.shard[key]
    room = ready_for(s, c, now)
    s.sets[space] += 1
    if not room:
        s.refused[space] += 1
        return False
    if s.place[key] == ABSENT:
        insert(s, space, key, now)
        return True
    if s.ttl[space] < NEVER:
        s.expires[key] = now + s.ttl[space]
    touch(s, c, key, now)
    return True


@handler
def key_delete(s: Keys, space: int, key: int, now: float) -> None:
    """DEL, which memory that is full does not stop."""
    ready_for(s, s.server[space] + s.shard[key], now)
    s.deletes[space] += 1
    if s.place[key] != ABSENT:
        remove(s, space, key)


def flush(s: Keys, c: int) -> None:
    """FLUSHALL: every key of a server is gone."""
    for n in range(int(s.mortal[c] + s.lasting[c])):
        place = s.first_place[c] + n if n < s.mortal[c] else s.end_place[c] - 1 - (n - s.mortal[c])
        s.place[s.key[place]] = ABSENT
    for space in range(int(s.spaces[0])):
        if s.server[space] == c:
            s.entries[space] = 0
    s.mortal[c] = s.lasting[c] = s.used[c] = s.buckets[c] = s.mortal_buckets[c] = s.candidates[c] = 0
