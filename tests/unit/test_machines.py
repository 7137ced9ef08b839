"""Machine types act: what follows from them, what stays as said, what contradicts, what is not known."""

import json
from pathlib import Path

import pytest

import novamodel as nm
from novamodel.errors import UserError
from novamodel.resources import data_dir
from novamodel.scenario import Tree, build, cache_nodes, database_classes, node_types

GIB = 1024**3
SCENARIO = """
name: tiny
traffic: {peak: 20 requests/s, night: 5 requests/s, mix: {look: 100 %}}
services: {web: {pool: {max: 4}, routes: {look: [{sql: [read]}]}}}
database:
  instance_class: db.r6g.large
  statements: {read: {cpu: 1 ms}}
cache: {node_type: cache.r6g.large}
"""


def load(folder: Path, text: str = SCENARIO) -> nm.Scenario:
    file = folder / "tiny.yaml"
    file.write_text(text)
    return nm.load(file)


def database(scenario: nm.Scenario) -> tuple[float, float, int, int]:
    found = scenario.database
    return found.cores, found.memory, found.max_connections, found.iops


def test_a_class_determines_what_nobody_said(tmp_path):
    scenario = load(tmp_path)
    assert database(scenario) == (2, 16 * GIB, 1802, 3000)
    assert scenario.cache.memory == int(0.75 * 14037181030)
    origin = scenario.origin("database.cores")
    assert (origin.kind, origin.file, origin.line) == ("derived", "tiny.yaml", 6)
    assert origin.source.startswith("derived from database.instance_class (db.r6g.large): AWS, Amazon RDS User Guide")
    assert scenario.findings == ()


def test_an_override_of_the_class_derives_anew_and_in_any_order(tmp_path):
    scenario = load(tmp_path)
    larger = scenario.override({"database.instance_class": "db.r6g.2xlarge", "database.storage": "500 GiB"})
    assert database(larger) == (8, 64 * GIB, 5000, 12000)
    small = scenario.override({"cache.node_type": "cache.t4g.small"})
    assert small.cache.memory == int(0.75 * 1471026299)
    none = scenario.override({"database.instance_class": None})
    assert database(none) == (2, 16 * GIB, 100, 3000)
    assert none.origin("database.cores").kind == "assumed"


def test_what_is_said_stays_and_its_contradiction_is_shown(tmp_path):
    said = SCENARIO.replace("database:\n", "database:\n  cores: 4\n  max_connections: 300\n  memory: 16 GiB\n")
    scenario = load(tmp_path, said)
    assert database(scenario) == (4, 16 * GIB, 300, 3000)
    (finding,) = scenario.findings
    assert (finding["code"], finding["file"], finding["line"]) == ("machine-contradicted", "tiny.yaml", 6)
    assert "db.r6g.large has 2 cores, not 4 cores" in finding["message"]
    rows = {row["path"]: row for row in scenario.resolved()}
    assert "contradicted: db.r6g.large has 2 cores" in rows["database.cores"]["source"]
    assert "contradicted" not in rows["database.max_connections"]["source"]
    assert scenario.override({"database.instance_class": "db.r6g.xlarge"}).database.cores == 4


@pytest.mark.parametrize(
    ("path", "value", "near"),
    [
        ("database.instance_class", "db.r6g.lage", "db.r6g.large"),
        ("cache.node_type", "cache.r6g.lage", "cache.r6g.large"),
        ("platform.node_type", "m6i.lage", "m6i.large"),
    ],
)
def test_an_unknown_type_is_refused_with_the_nearest(tmp_path, path, value, near):
    with pytest.raises(UserError) as caught:
        load(tmp_path).override({path: value})
    assert path in str(caught.value)
    assert near in str(caught.value)


def test_an_unknown_class_is_accepted_with_its_size(tmp_path):
    said = SCENARIO.replace("db.r6g.large", "db.z9.huge\n  cores: 4\n  memory: 8 GiB")
    assert database(load(tmp_path, said)) == (4, 8 * GIB, 901, 3000)


def test_rds_has_no_local_storage(tmp_path):
    with pytest.raises(UserError, match="no local storage"):
        load(tmp_path).override({"database.storage_type": "local"})


def test_the_price_book_sells_what_the_catalogue_describes():
    prices = json.loads((data_dir() / "prices" / "us-east-1.json").read_text())["prices"]

    def sold(prefix: str, suffix: str = "") -> dict[str, dict]:
        chosen = {key: facts for key, facts in prices.items() if key.startswith(prefix) and key.endswith(suffix)}
        return {key[len(prefix) : len(key) - len(suffix)]: facts.get("attributes", {}) for key, facts in chosen.items()}

    nodes = {node.name: (node.cores, node.memory / GIB, node.max_pods) for node in node_types()}
    keys = ("vcpu", "memory_gib", "max_pods")
    described = {name: facts for name, facts in sold("ec2.linux.").items() if set(keys) <= facts.keys()}
    assert nodes == {name: tuple(facts[key] for key in keys) for name, facts in described.items()}
    classes = {each.name: (each.cores, each.memory / GIB) for each in database_classes()}
    for name, facts in sold("rds.postgres.", ".single_az").items():
        if name in classes:
            assert classes[name] == (facts["vcpu"], facts.get("memory_gib", classes[name][1]))
    assert len(sold("elasticache.redis.").keys() & {node.name for node in cache_nodes()}) > 30


@pytest.mark.parametrize(
    ("platform", "seconds", "kind"),
    [
        ({"kind": "ecs", "compute": "fargate"}, 40.0, "derived"),
        ({"kind": "eks", "compute": "fargate"}, 60.0, "derived"),
        ({}, 60.0, "derived"),  # EKS on Fargate is the default
        ({"kind": "eks", "compute": "ec2"}, 8.0, "assumed"),
        ({"kind": "compose"}, 8.0, "assumed"),
    ],
)
def test_a_replica_on_fargate_takes_longer_to_start(platform, seconds, kind):
    size = {"cpu_request": "250m", "cpu_limit": "250m", "memory_request": "512 MiB", "memory_limit": "512 MiB"}
    services = {
        "api": {"resources": size, "routes": {"read": [{"cpu": "1 ms"}]}},
        "said": {"resources": size, "routes": {}, "runtime": {"start_delay": "3 s"}},
    }
    tree = Tree({"name": "s", "traffic": {"mix": {"read": "100 %"}}, "services": services, "platform": platform})
    scenario = build(tree)
    path = "services.api.runtime.start_delay"
    assert scenario.services["api"].runtime.start_delay == seconds
    assert scenario.origin(path).kind == kind
    assert ("on Fargate" in scenario.origin(path).source) == (kind == "derived")
    assert scenario.services["said"].runtime.start_delay == 3.0
    moved = scenario.override({"platform.kind": "eks", "platform.compute": "ec2"})
    assert moved.services["api"].runtime.start_delay == 8.0


@pytest.mark.parametrize(
    ("name", "sustained", "burst"),
    [("db.r6g.large", 3600, 12_000), ("db.t4g.micro", 500, 11_800), ("db.m5.4xlarge", 12_000, 12_000)],
)
def test_an_instance_class_limits_its_volume_where_that_is_asked_for(name, sustained, burst):
    """Amazon EC2's DescribeInstanceTypes, and gp3 of 500 GiB: 12,000 operations a second of 8 KiB."""
    base = nm.load("novabank").override({"database.instance_class": name, "database.storage": "500 GiB"})
    assert base.override({"database.instance_storage": None}).database.operations_per_s == 12_000
    assert base.database.operations_per_s == pytest.approx(sustained, rel=0.005)
    assert base.origin("database.instance_storage.baseline_iops").kind == "derived"
    assert nm.load("novabank-compose").database.instance_storage is None
    bursting = base.override({"database.instance_storage": {"bursts": True}})
    assert bursting.database.operations_per_s == pytest.approx(burst, rel=0.005)
