"""What is not modelled, once: the README, the report and the importers say it in these words.

Whoever builds one of these takes its entry away, and with it what they all say (`tests/project/test_not_modelled.py`).
"""

from __future__ import annotations

NOT_MODELLED: dict[str, str] = {
    "node contention": "pods of a node share no CPU: each has what its limit says (a finding says when limits "
    "overcommit a node)",
    "statement mode": "PgBouncer's statement mode, its login queue, `reserve_pool_size` and pool sizes of "
    "single databases",
    "demand curves": "demands that follow the utilisation of their core (idle and busy figure only)",
    "storage growth": "storage that grows by itself",
    "commitments": "commitments and savings plans",
}
"""Sentences by key."""
