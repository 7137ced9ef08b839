"""Which of the 16,384 slots of a Redis cluster a key belongs to, and which shard has it.

Redis Cluster specification and src/crc16.c; slots are dealt out as ``redis-cli --cluster create`` does it
(clusterManagerCommandCreate of src/redis-cli.c): in equal stretches, one a master.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from novamodel.components.rule import entry, rule

SLOTS = 16384
POLYNOMIAL = 0x1021


@rule
def crc16_step(crc: int, byte: int) -> int:
    """CRC16 as XMODEM has it, one byte further."""
    crc ^= byte << 8
    for _ in range(8):
        crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def crc16(data: bytes) -> int:
    """CRC16 as XMODEM has it: 0x31C3 of "123456789"."""
    crc = 0
    for byte in data:
        crc = crc16_step(crc, byte)
    return crc


def hashed_part(key: bytes) -> bytes:
    """What stands between the first { and the next }, if anything does; else the whole key."""
    begin = key.find(b"{")
    end = key.find(b"}", begin + 1) if begin >= 0 else -1
    return key[begin + 1 : end] if end > begin + 1 else key


def hash_slot(key: bytes) -> int:
    """Slot of a key."""
    return crc16(hashed_part(key)) % SLOTS


@rule
def shard_of(slot: int, shards: int) -> int:
    """The master that has a slot, of so many that were dealt all slots at the cluster's creation."""
    each = 16384.0 / shards
    shard = int(slot / each)
    while shard > 0 and slot < int(shard * each + 0.5):  # a stretch begins at the nearest slot
        shard -= 1
    while shard < shards - 1 and slot >= int((shard + 1) * each + 0.5):
        shard += 1
    return shard


def key_shards(keyspace: str, keys: int, shards: int) -> np.ndarray:
    """The master of each key of a keyspace, named KEYSPACE:1, KEYSPACE:2, ... from the most popular one on."""
    found = np.zeros(keys, dtype=np.int64)
    if shards > 1:
        number_shards(crc16(f"{keyspace}:".encode()), shards, found)
    return found


@entry
def number_shards(prefix: int, shards: int, found: Any) -> None:
    """Fill in the shard of each key NAME:1, NAME:2, ...; ``prefix`` is the CRC of "NAME:"."""
    for n in range(len(found)):
        number, power = n + 1, 1
        while power * 10 <= number:
            power *= 10
        crc = prefix
        while power > 0:
            crc = crc16_step(crc, 48 + number // power % 10)
            power //= 10
        found[n] = shard_of(crc % SLOTS, shards)
