"""What is not modelled, once: the README, the report and the importers say it in these words.

Whoever builds one of these takes its entry away, and with it what they all say (`tests/project/test_not_modelled.py`).
"""

from __future__ import annotations

NOT_MODELLED: dict[str, str] = {
    "batch pods": "pods without requests of customers (jobs, agents, monitoring) use no CPU of the nodes they stand on",
}
"""Sentences by key."""
