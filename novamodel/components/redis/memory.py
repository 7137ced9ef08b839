"""What keys take in Redis's memory: size classes of the allocator, and hash tables whose size is a power of two.

Redis 7.0 with jemalloc 5 (src/sds.h, src/object.c, src/dict.c; MEMORY USAGE and the growth of used_memory of a
server). A key is a table entry (24 bytes by its own count, 32 by the allocator's), its name and its value; a lifetime
adds an entry to a second table. Valkey 8.0 (dictEntryEmbedded of its src/dict.c) keeps the name inside the entry,
behind 17 bytes; a lifetime's entry points to it there. Its tables shrink from an eighth on, Redis's below a tenth.
"""

from __future__ import annotations

from novamodel.components.rule import rule

ENTRY, ENTRY_CLASS = 24, 32
OBJECT = 16
MOST_EMBEDDED = 44
"""Longest value that is stored beside its object header."""
POINTER = 8
FEWEST_BUCKETS = 4
FULLEST = 1.618
"""Entries a bucket up to which a table is not enlarged when that would exceed maxmemory (HASHTABLE_MAX_LOAD_FACTOR)."""
EMBEDDING = 17
"""Bytes of Valkey's table entry before the name that it holds: value, next entry, size of the name's header."""


@rule
def size_class(size: int) -> int:
    """Bytes that jemalloc hands out: 8, then steps of 16 up to 128, then four classes a doubling."""
    if size <= 8:
        return 8
    step = 16
    while size > 8 * step:
        step += step
    return (size + step - 1) // step * step


def string_size(length: int) -> int:
    """A string of that length with its header and final zero."""
    header = 1 if length < 32 else 3 if length < 256 else 5 if length < 65536 else 9
    return header + length + 1


def string_bytes(length: int) -> int:
    """The same as allocated."""
    return size_class(string_size(length))


def memory_usage(key_bytes: int, value_bytes: int | None, valkey: bool = False) -> int:
    """What MEMORY USAGE says of a string key; ``value_bytes`` None for an integer."""
    if value_bytes is None:
        value = OBJECT
    elif value_bytes <= MOST_EMBEDDED:
        value = size_class(OBJECT + 3 + value_bytes + 1)
    else:
        value = OBJECT + string_bytes(value_bytes)
    if valkey:
        return size_class(EMBEDDING + string_size(key_bytes)) + value
    return ENTRY + string_bytes(key_bytes) + value


def entry_bytes(key_bytes: int, value_bytes: int | None, has_ttl: bool, valkey: bool = False) -> int:
    """Growth of used_memory by one key, without the tables' buckets."""
    uncounted = 0 if valkey else ENTRY_CLASS - ENTRY
    return memory_usage(key_bytes, value_bytes, valkey) + uncounted + (ENTRY_CLASS if has_ttl else 0)


@rule
def buckets_of(entries: int) -> int:
    """Buckets of a table that grew to so many entries: the next power of two, 4 at least, none for none."""
    if entries <= 0:
        return 0
    buckets = 4
    while buckets < entries:
        buckets += buckets
    return buckets


@rule
def buckets_after_insert(buckets: int, entries: int, used: int, memory: int) -> int:
    """Buckets once a table holds one entry more; it grows when full, if ``memory`` has room for a larger table.

    ``used``: bytes used now. The larger table is allocated beside the old one, which goes when all entries have moved.
    """
    if entries <= buckets:
        return buckets
    larger = buckets_of(entries)
    if buckets > 0 and entries <= 1.618 * buckets and used + 8 * larger > memory:
        return buckets
    return larger


@rule
def buckets_after_remove(buckets: int, entries: int, valkey: int) -> int:
    """Buckets once a table holds one entry less: HASHTABLE_MIN_FILL is 10 % in Redis 7.0, an eighth in Valkey 8.0."""
    empty = entries * 8 <= buckets if valkey != 0 else entries * 10 < buckets
    if buckets > 4 and empty:
        return max(4, buckets_of(entries))
    return buckets


def used_per_key(key_bytes: int, value_bytes: int | None, has_ttl: bool, keys: int) -> float:
    """Growth of used_memory over an empty server by ``keys`` such keys, per key."""
    tables = (2 if has_ttl else 1) * POINTER * buckets_of(keys)
    return entry_bytes(key_bytes, value_bytes, has_ttl) + tables / keys


def table_bytes(entries: float, entry_bytes: float, memory: float) -> int:
    """Buckets of a table of so many entries beside ``entry_bytes`` of them all: half of them where memory binds."""
    buckets = buckets_of(-int(-entries // 1))
    half = buckets // 2
    tight = half >= FEWEST_BUCKETS and entries <= FULLEST * half
    return POINTER * (half if tight and entry_bytes + POINTER * (half + buckets) > memory else buckets)
