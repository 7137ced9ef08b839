"""Which of the 16,384 slots of a Redis cluster a key belongs to (Redis Cluster specification; src/crc16.c)."""

from __future__ import annotations

SLOTS = 16384
POLYNOMIAL = 0x1021


def crc16(data: bytes) -> int:
    """CRC16 as XMODEM has it: 0x31C3 of "123456789"."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ POLYNOMIAL if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def hashed_part(key: bytes) -> bytes:
    """What stands between the first { and the next }, if anything does; else the whole key."""
    begin = key.find(b"{")
    end = key.find(b"}", begin + 1) if begin >= 0 else -1
    return key[begin + 1 : end] if end > begin + 1 else key


def hash_slot(key: bytes) -> int:
    """Slot of a key."""
    return crc16(hashed_part(key)) % SLOTS
