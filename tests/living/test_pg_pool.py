"""node-postgres and the model hand out the same connections: who gets which, when, and with which words none.

`pg` comes from npm into `.living/` (see `.ci/run`); times may differ by what a connection and a busy machine take.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from novamodel.verify import pg_pool

MODULES = Path(__file__).parents[2] / ".living" / "node_modules"
LATE_MS = 120.0
CONNECT_MS = 10.0
Op = dict[str, Any]


def acquire(name: str, t: float, hold_ms: float | None = None, **more: Any) -> Op:
    return {"op": "acquire", "id": name, "t": t} | ({} if hold_ms is None else {"hold_ms": hold_ms}) | more


def snap(t: float) -> Op:
    return {"op": "snap", "t": t}


CASES: dict[str, dict[str, Any]] = {
    "opened one by one, the last waits": {
        "options": {"max": 2}, "until": 900,
        "ops": [snap(0), acquire("a", 50, 500), acquire("b", 200, 500), acquire("c", 350, 100), snap(450), snap(850)],
    },
    "first come, first served": {
        "options": {"max": 1}, "until": 1600,
        "ops": [acquire("a", 0, 400), *(acquire(f"w{n}", 100 + 20 * n, 250) for n in range(4)), snap(300)],
    },
    "last released, first used": {
        "options": {"max": 3, "idleTimeoutMillis": 0}, "until": 1600,
        "ops": [acquire("a", 0, 500), acquire("b", 1, 200), acquire("c", 2, 800), acquire("x", 1100, 10),
                acquire("y", 1101, 200), acquire("z", 1300, 10)],
    },
    "time-out of who waits": {
        "options": {"max": 1, "connectionTimeoutMillis": 400}, "until": 1500,
        "ops": [acquire("a", 0, 1000), acquire("b", 100, 10), acquire("c", 800, 10), snap(300), snap(700)],
    },
    "idle time-out": {
        "options": {"max": 2, "idleTimeoutMillis": 400}, "until": 1300,
        "ops": [acquire("a", 0, 100), acquire("b", 1, 100), snap(300), snap(900)],
    },
    "min keeps some": {
        "options": {"max": 3, "min": 1, "idleTimeoutMillis": 300}, "until": 1200,
        "ops": [acquire("a", 0, 100), acquire("b", 1, 150), acquire("c", 2, 200), snap(400), snap(1000)],
    },
    "closed after so many uses": {
        "options": {"max": 1, "maxUses": 2, "idleTimeoutMillis": 0}, "until": 1300,
        "ops": [acquire(f"u{n}", 300 * n, 50) for n in range(4)] + [snap(150), snap(500), snap(1250)],
    },
    "closed when old": {
        "options": {"max": 1, "maxLifetimeSeconds": 1, "idleTimeoutMillis": 0}, "until": 1900,
        "ops": [acquire("a", 0, 100), acquire("b", 500, 100), snap(700), snap(1400), acquire("c", 1600, 50)],
    },
    "an error at release destroys": {
        "options": {"max": 1, "idleTimeoutMillis": 0}, "until": 900,
        "ops": [acquire("a", 0, 200, release_error=True), snap(400), acquire("b", 600, 50)],
    },
    "a query holds for the query only": {
        "options": {"max": 1, "idleTimeoutMillis": 0}, "until": 1300,
        "ops": [{"op": "query", "id": f"q{n}", "t": 10 * n, "ms": 300} for n in range(3)] + [snap(150)],
    },
    "a query's error destroys nothing but its connection": {
        "options": {"max": 1, "idleTimeoutMillis": 0}, "until": 900,
        "ops": [{"op": "query", "id": "q1", "t": 0, "ms": 0, "error": "told"}, snap(250),
                {"op": "query", "id": "q2", "t": 400, "ms": 100}, snap(800)],
    },
    "nothing after the end": {
        "options": {"max": 2}, "until": 1000,
        "ops": [acquire("a", 0, 300), {"op": "end", "id": "e", "t": 100}, acquire("late", 200, 10),
                {"op": "end", "id": "again", "t": 500}],
    },
}  # fmt: skip


def play(port: int, case: dict[str, Any]) -> dict[str, Any]:
    """What node-postgres does."""
    node = shutil.which("node")
    if node is None or not (MODULES / "pg").is_dir():
        pytest.skip("Node.js or npm's pg is not here: npm install --prefix .living pg")
    script = Path(__file__).parent / "pool.js"
    done = subprocess.run(
        [node, script], input=json.dumps({"port": port, **case}), capture_output=True, text=True, timeout=60,
        env=os.environ | {"NODE_PATH": str(MODULES)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", CASES)
def test_a_pool(name: str, postgres: int) -> None:
    case = CASES[name]
    living = play(postgres, case)
    model = pg_pool.answer(case | {"connect_ms": CONNECT_MS})
    assert set(living["results"]) == set(model["results"])
    for caller, said in model["results"].items():
        found = living["results"][caller]
        assert {word: found.get(word) for word in ("outcome", "client", "error")} == {
            word: said.get(word) for word in ("outcome", "client", "error")
        }, caller
        assert abs(found["t"] - said["t"]) <= LATE_MS, (caller, found["t"], said["t"])
    for found, said in zip(living["snapshots"], model["snapshots"], strict=True):
        assert found == {word: said[word] for word in ("t", "total", "idle", "waiting")}
    assert living["made"] == model["summary"]["clients_created"]
