"""What a run keeps of its requests: counts, a latency histogram, where time went, and one row for the digest.

Memory does not grow with the number of requests. A histogram bucket is 1/128 of a power of two wide, so a
percentile read from it is off by less than 0.8 %.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from novamodel.components.bits import split_float
from novamodel.components.columns import Column, add_span, copy_span
from novamodel.components.rule import rule
from novamodel.simulation import codes

PARTS = 128  # buckets in a power of two
LOWEST = -19  # exponent of the first bucket: 2 ** -20 s, about 1 us
POWERS = 34  # up to 2 ** 14 s
BUCKETS = PARTS * POWERS
PLACES = len(codes.PLACES)
OUTCOMES = len(codes.OUTCOMES)
ROWS = 4096  # finished requests between two updates of the digest
WORDS = 4  # integers of a digest row, in front of its floats
BESIDE = 4  # integers kept of a finished request beside the digest: client, hit, attempts, database server
ROW_WIDTH = WORDS + 2 + PLACES + PLACES % 2  # even: the digest takes two at a time


class Recorder(NamedTuple):
    """Columns; `spent` by bucket * places + place."""

    histogram: Column  # by route * buckets + bucket: served requests by latency
    window: Column  # by bucket: the same for all routes since the last interval row
    spent: Column  # seconds of the requests in a bucket, by place
    latency: Column  # by route: sum of latencies of served requests
    outcome: Column  # by route * outcomes + outcome
    population: Column  # by population * outcomes + outcome
    arrived: Column  # by route
    entered: Column  # by program
    ended: Column  # by program * outcomes + outcome
    words: Column  # digest rows, row * ROW_WIDTH + (number, route, outcome, replica)
    times: Column  # the same rows behind their words: arrival, end, seconds at each place
    rows: Column  # one entry: rows filled
    keeps: Column  # one entry: 1 = what is beside the digest is kept, too
    beside: Column  # row * BESIDE + (client, hit, attempts, server)


def recorder_state(routes: int, populations: int, programs: int) -> Recorder:
    """Empty, in lists."""
    return Recorder(
        histogram=[0] * (routes * BUCKETS),
        window=[0] * BUCKETS,
        spent=[0.0] * (BUCKETS * PLACES),
        latency=[0.0] * routes,
        outcome=[0] * (routes * OUTCOMES),
        population=[0] * (populations * OUTCOMES),
        arrived=[0] * routes,
        entered=[0] * programs,
        ended=[0] * (programs * OUTCOMES),
        words=[0] * (ROWS * ROW_WIDTH),
        times=[0.0] * (ROWS * ROW_WIDTH),
        rows=[0],
        keeps=[0],
        beside=[0] * (ROWS * BESIDE),
    )


def with_shared_rows(record: Recorder) -> Recorder:
    """In arrays: words and times are the same memory, so that a row lies there as the digest wants it."""
    return record._replace(words=record.times.view(np.int64))


@rule
def bucket_of(seconds: float) -> int:
    """Histogram bucket of a latency."""
    mantissa, exponent = split_float(seconds)
    power = exponent - LOWEST
    if power < 0 or seconds <= 0.0:
        return 0
    if power >= POWERS:
        return BUCKETS - 1
    return power * PARTS + int((mantissa - 0.5) * (2 * PARTS))


def upper_edges() -> list[float]:
    """Upper edge of every bucket, in seconds."""
    return [
        math.ldexp(0.5 + (part + 1) / (2 * PARTS), power + LOWEST) for power in range(POWERS) for part in range(PARTS)
    ]


@rule
def record_finish(
    s: Recorder,
    number: int,
    route: int,
    population: int,
    outcome: int,
    replica: int,
    arrived: float,
    ended: float,
    spent: Column,
    at: int,
) -> None:
    """Count a finished request; its seconds at each place are spent[at], spent[at + 1], ..."""
    s.outcome[route * OUTCOMES + outcome] += 1
    s.population[population * OUTCOMES + outcome] += 1
    row = s.rows[0]
    s.rows[0] = row + 1
    word = row * ROW_WIDTH
    s.words[word] = number
    s.words[word + 1] = route
    s.words[word + 2] = outcome
    s.words[word + 3] = replica
    s.times[word + 4] = arrived
    s.times[word + 5] = ended
    copy_span(s.times, word + 6, spent, at, PLACES)
    if outcome == codes.SERVED:
        latency = ended - arrived
        bucket = bucket_of(latency)
        s.histogram[route * BUCKETS + bucket] += 1
        s.window[bucket] += 1
        s.latency[route] += latency
        add_span(s.spent, bucket * PLACES, spent, at, PLACES)
