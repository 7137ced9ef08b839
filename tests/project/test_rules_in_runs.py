"""A rule that only tests and `verify` call proves nothing about runs: each is reached from what runs are made of."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "novamodel"
RULES = PACKAGE / "components"
OUTSIDE = ("verify", "components")
"""Rooms that make no run."""

WORDS = "a run counts refusals: slot_free decides, and this says it in PostgreSQL's words"
HASHES = "no upstream method of a scenario hashes a key; ip_hash and random are in upstream.numbers"
TAGS = "names of keys in a run are KEYSPACE:NUMBER, whose slot number_shards works out; none has a {tag}"
NOT_IN_RUNS: dict[str, str] = {
    "callers.throttle.reject_probability": "adaptive throttling is no policy that a scenario can name",
    "hpa.pods.pod_request": "a pod of a run has one container, whose request the scenario says",
    "nginx.connections.connected_at_once": "the kernel's backlog matters while a worker stands still, which none does",
    "nginx.connections.drained": "idle clients of a run hold no connection: nginx closes them when it needs room",
    "nginx.upstream.hashes.fall_back": HASHES,
    "nginx.upstream.hashes.hash_step": HASHES,
    "nginx.upstream.hashes.move_to": HASHES,
    "nginx.upstream.hashes.pick_by_walk": HASHES,
    "nginx.upstream.hashes.pick_on_ring": HASHES,
    "nginx.upstream.hashes.ring_points": HASHES,
    "nginx.upstream.hashes.ring_walk": HASHES,
    "pg_pool.rules.pool_end": "a process of a run ends by being killed, and drops its pools",
    "postgres.admission.admit_connection": WORDS,
    "postgres.admission.admit_session": WORDS,
    "postgres.admission.admit_walsender": WORDS,
    "postgres.storage.storage_filling": "looks ahead from one step; a run takes the steps themselves",
    "redis.memory.used_per_key": "measured growth of a real server; a run counts what its entries take",
    "redis.replication.rdb_pull": "a backup by hand is no part of a run",
    "redis.replication.replica_link": "a replica without its password serves nobody in a run",
    "redis.slots.hash_slot": TAGS,
    "redis.slots.hashed_part": TAGS,
}
"""Rules (module.function) that nothing in a run reaches, each with the reason."""


def module_name(file: Path) -> str:
    return ".".join(("novamodel", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def names_in(node: ast.AST) -> set[str]:
    """Every name and attribute that a piece of code mentions."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | {
        n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)
    }


def imported(tree: ast.Module) -> dict[str, str]:
    """Local name -> module.function, for what comes from components."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("novamodel.components")
        for alias in node.names
    }


def mentioned(tree: ast.AST, known: dict[str, str]) -> set[str]:
    """The functions of components behind the names in a piece of code; a module stands for what is taken of it."""
    found = set()
    for name in names_in(tree):
        if name in known:
            found.add(known[name])
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
            found.add(f"{known[node.value.id]}.{node.attr}")
    return found


def unreached() -> set[str]:
    """Functions of components that no room which makes runs reaches, directly or through other rules."""
    uses: dict[str, set[str]] = {}
    defined: set[str] = set()
    aliases: dict[str, str] = {}
    for file in RULES.rglob("*.py"):
        tree, module = ast.parse(file.read_text(encoding="utf-8")), module_name(file)
        known = imported(tree)
        if file.name == "__init__.py":
            aliases |= {f"{module}.{local}": full for local, full in known.items()}
        own = {
            node.name: f"{module}.{node.name}" for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                uses[own[node.name]] = mentioned(node, known | own)
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    defined.add(own[node.name])
    wanted: list[str] = []
    for file in PACKAGE.rglob("*.py"):
        if file.relative_to(PACKAGE).parts[0] not in OUTSIDE:
            tree = ast.parse(file.read_text(encoding="utf-8"))
            wanted += mentioned(tree, imported(tree))
    reached: set[str] = set()
    while wanted:
        name = wanted.pop()
        name = aliases.get(name, name)
        if name not in reached:
            reached.add(name)
            wanted += uses.get(name, set())
    folders = {name for name in defined if name.count(".") > 3}  # files beside the folders are tools, no rules
    return {name.removeprefix("novamodel.components.") for name in folders - reached}


def test_every_rule_is_reached_from_a_run() -> None:
    assert unreached() == set(NOT_IN_RUNS), "a run calls each rule, or the reason stands in NOT_IN_RUNS"


def test_exceptions_give_a_reason() -> None:
    assert all(len(reason) > 15 for reason in NOT_IN_RUNS.values())
