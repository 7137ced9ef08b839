"""What the tests of the simulation share: small scenarios, and the comparison of the two engines."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from novamodel.loading import importer
from novamodel.scenario import Scenario, Tree, build
from novamodel.scenario.load import load_scenario
from novamodel.scenario.recordings import Recordings
from novamodel.simulation.recorded import inspect
from novamodel.simulation.replication import Replication, replicate

sys.path.insert(0, str(Path(__file__).parent))  # for the helpers beside the tests
made_up = import_module("made_up")

PARAMS = Path(__file__).parents[2] / "params"
settings.register_profile("engines", parent=settings.get_profile("novamodel"), max_examples=made_up.EXAMPLES)

TABLES = ("intervals", "tiers", "replicas", "events")
COLUMNS = ("histogram", "spent", "latency", "outcome", "population", "arrived", "requests")

PLAIN: dict[str, Any] = {
    "name": "plain",
    "traffic": {
        "shape": "constant",
        "peak": "100 requests/s",
        "mix": {"read": "100 %"},
        "populations": {"all": {"share": "100 %", "clients": 50}},
        "caller": {"timeout": "1000 s"},
    },
    "edge": {"request_cpu": "0 s", "network": "0 s", "reject_cpu": "0 s", "worker_connections": 1_000_000},
    "services": {
        "api": {
            "replicas": 1,
            "runtime": {"scrape": "0 s"},
            "readiness": None,
            "health": "0 s",
            "pool": {"max": 10, "connection_timeout": "0 s", "idle_timeout": "0 s"},
            "routes": {"read": [{"cpu": "5 ms"}]},
        }
    },
    "database": {"connect": "0 s", "network": "0 s", "statements": {"select": {"cpu": "5 ms"}}},
    "cache": {"network": "0 s"},
    "platform": {"compute": "ec2", "cpu": {"kind": "none"}},
    "monitoring": {"scrape_interval": "86400 s"},
    "run": {
        "seed": 1,
        "start": "12:00",
        "duration": "20 s",
        "warm_up": "0 s",
        "replications": 1,
        "start_state": "cold",
    },
}
"""One service behind an edge that takes no time; nothing but what a test adds costs anything."""


REPLACED = ("mix", "populations", "routes", "statements")
"""Mappings that a change replaces whole; services too, unless it changes the service "api"."""


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        inner = below.get(key)
        whole = key in REPLACED or (key == "services" and "api" not in value)
        merged[key] = (
            value if whole or not isinstance(inner, dict) or not isinstance(value, dict) else _merge(inner, value)
        )
    return merged


def plain_scenario(changes: dict[str, Any] | None = None) -> Scenario:
    """The plain scenario with nested changes. A source that is not open has no rate, a recorded one no mix."""
    below, changes = copy.deepcopy(PLAIN), changes or {}
    traffic = changes.get("traffic", {})
    for field in {"open": (), "replay": ("shape", "peak", "mix")}.get(traffic.get("loop", "open"), ("shape", "peak")):
        del below["traffic"][field]
    if "sessions" in traffic:
        del below["traffic"]["mix"]
    return build(Tree(_merge(below, changes)), Recordings(inspect))


def differences(one: Replication, other: Replication) -> list[str]:
    """In what two replications differ, to the last bit."""
    found = [] if one.digest == other.digest else ["digest"]
    for name in COLUMNS:
        a, b = getattr(one, name), getattr(other, name)
        if a.shape != b.shape or a.tobytes() != b.tobytes():
            found.append(name)
    found += [name for name in TABLES if not _same_rows(getattr(one, name), getattr(other, name))]
    if (one.carried_in, one.in_flight) != (other.carried_in, other.in_flight):
        found.append("in flight")
    return found


def _same_rows(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    if len(one) != len(other):
        return False
    return all(a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a) for a, b in zip(one, other, strict=True))


def _same(a: Any, b: Any) -> bool:
    return bool(a == b or (a != a and b != b))


def on_both_engines(scenario: Scenario, number: int = 0) -> Replication:
    """Run a replication on both engines, see that all is equal, return it."""
    fast = replicate(scenario, number, "compiled", keep_requests=True)
    reference = replicate(scenario, number, "simpy", keep_requests=True)
    assert differences(fast, reference) == []
    assert fast.conserved
    return fast


@pytest.fixture(scope="session", autouse=True)
def kernel() -> None:
    """Compile the engine (or read it from disk) before the first test: no mutation gets compiled into it."""
    replicate(plain_scenario({"run": {"duration": "1 s"}}), 0, "compiled")


@pytest.fixture(scope="session")
def plain() -> Callable[..., Scenario]:
    """Makes variants of the plain scenario."""
    return plain_scenario


@pytest.fixture(scope="session")
def both() -> Callable[..., Replication]:
    """Runs a scenario on both engines and compares them."""
    return on_both_engines


@pytest.fixture(scope="session")
def differ() -> Callable[[Replication, Replication], list[str]]:
    """Names what differs between two replications."""
    return differences


@pytest.fixture(scope="session")
def params() -> dict[str, Scenario]:
    """Every scenario in params/ that is one (sweeps are not), by file name."""
    return {path.stem: load_scenario(path, importer, inspect) for path in sorted(PARAMS.glob("*.yaml"))}


@pytest.fixture
def coarse_arrivals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests come on a grid of 10 ms on both engines, so that many things happen at the same instant."""
    make_arrivals_coarse(monkeypatch)


def make_arrivals_coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, for tests that decide it themselves."""
    from novamodel.simulation import build_source
    from novamodel.workload.arrivals import fill

    def fill_coarsely(source: Any, block: Any, seed: int, replication: int, first: int) -> int:
        made = fill(source, block, seed, replication, first)
        block.time[:made] = np.floor(block.time[:made] * 100.0) / 100.0
        return made

    monkeypatch.setattr(build_source, "fill", fill_coarsely)


@pytest.fixture(scope="session")
def coarsen() -> Callable[[pytest.MonkeyPatch], None]:
    """Puts arrivals on a grid, for tests that decide example by example."""
    return make_arrivals_coarse
