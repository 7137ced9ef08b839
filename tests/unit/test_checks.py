"""Findings over a whole scenario, and over nginx and Kubernetes files that would not start as they are."""

from pathlib import Path

import pytest

import novamodel as nm
from novamodel.loading import import_folder
from novamodel.scenario import Scenario

NGINX = """
events {}
http {
  limit_req_zone $binary_remote_addr zone=slow:10m rate=10r/h;
  limit_req zone=nowhere;
  upstream empty { }
  upstream api {
    server api-1:3000 weight=5;
    server api-2:3000;
    server api-3:3000 down;
    server api-4:3000 backup;
  }
  server { location / { proxy_pass http://api; } }
}
"""


def found(scenario: Scenario, **changes: object) -> dict[str, str]:
    changes = {path.replace("__", "."): value for path, value in changes.items()}
    return {one["code"]: one["message"] for one in scenario.override(changes).findings}


@pytest.fixture(scope="module")
def novabank() -> Scenario:
    return nm.load("novabank")


def test_connections_follow_what_the_scenario_says(novabank):
    now = found(novabank)
    assert (
        "220 connections (core-api 10 x 20, admin-interface 1 x 20), max_client_conn of PgBouncer is 100"
        in (now["connections-exceed-limit"])
    )
    assert "connections-exceed-postgres" not in now
    assert "connections-exceed-limit" not in found(novabank, database__pgbouncer__max_client_conn=1000)
    assert "connections-exceed-limit" not in found(novabank, database__pgbouncer=None)
    direct = found(novabank, database__pgbouncer=None, database__instance_class="db.t4g.micro")
    assert "is 109" in direct["connections-exceed-limit"]
    many = found(novabank, database__pgbouncer__default_pool_size=200, database__instance_class="db.t4g.micro")
    assert "200 connections, PostgreSQL takes 109" in many["pgbouncer-exceeds-postgres"]


def test_pods_against_their_nodes(novabank):
    assert "may use 7 cores" in found(novabank)["node-cpu-overcommitted"]
    assert "node-cpu-overcommitted" not in found(novabank, platform__node_type="m6i.2xlarge")
    big = {"services__core-api__resources__cpu_request": "3", "services__core-api__resources__cpu_limit": "4"}
    assert "never placed" in found(novabank, platform__node_type="m6i.large", **big)["pod-fits-no-node"]
    assert "pod-fits-no-node" not in found(novabank, **big)  # its type is an assumption: a larger one is taken
    assert "node-cpu-overcommitted" not in found(nm.load("novabank-ecs"))


def test_containers_against_their_host():
    compose = nm.load("novabank-compose")
    assert "5.5 cores" in found(compose)["host-cpu-overcommitted"]
    limit = {"services__admin-interface__resources__cpu_limit": "1"}
    assert not {"host-cpu-overcommitted", "host-memory-overcommitted"} & found(compose, **limit).keys()
    small = found(compose, platform__node_type="t3.micro")
    assert "1.5 GiB, the t3.micro has 1 GiB" in small["host-memory-overcommitted"]


def test_what_nginx_would_refuse_or_leave_out_has_file_and_line(tmp_path: Path):
    (tmp_path / "nginx.conf").write_text(NGINX)
    report = import_folder(tmp_path)
    lines = {one["code"]: one["line"] for one in report.findings}
    assert {code: lines[code] for code in ("limit-rate-invalid", "limit-zone-unknown", "upstream-empty")} == {
        "limit-rate-invalid": 4,
        "limit-zone-unknown": 5,
        "upstream-empty": 6,
    }
    assert lines["upstream-server-down"] == 10
    assert report.tree.values["services"]["api"]["replicas"] == 3  # the backup server is the last of them
    assert report.tree.values["edge"]["upstreams"] == {"api": {"backup": 1}}
    assert report.tree.values["edge"]["weights"] == {"api": [5, 1, 1]}
    assert report.tree.origins["edge.weights.api"].line == 8


def test_a_workload_without_containers_is_found_and_left_out(tmp_path: Path):
    head = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {}\nspec:\n  template:\n    spec:\n"
    (tmp_path / "a.yaml").write_text(head.format("api") + "      containers: [{name: api, image: api}]\n")
    (tmp_path / "b.yaml").write_text(head.format("bare") + "      containers: []\n")
    report = import_folder(tmp_path)
    assert [(one["file"], one["line"]) for one in report.findings if one["code"] == "workload-without-containers"] == [
        ("b.yaml", 4)
    ]
    assert list(report.tree.values["services"]) == ["api"]


WEIGHTED = """
name: weighted
traffic: {shape: constant, peak: 70 requests/s, night: 5 requests/s, mix: {look: 100 %}}
edge: {weights: {web: [5, 1, 1]}}
services: {web: {replicas: 3, routes: {look: [{cpu: 4 ms}]}}}
slo: [errors < 1 %]
run: {start: "18:00", duration: 10 s, warm_up: 0 s, replications: 1, seed: 5}
"""


def test_weights_share_the_requests_in_both_engines(tmp_path: Path):
    file = tmp_path / "weighted.yaml"
    file.write_text(WEIGHTED)
    scenario = nm.load(file)
    both = [nm.simulate(scenario, engine=engine, keep_requests=True) for engine in ("simpy", "compiled")]
    assert both[0].digest == both[1].digest
    shares = both[0].requests["replica"].value_counts(normalize=True).sort_index()
    assert shares.to_list() == pytest.approx([5 / 7, 1 / 7, 1 / 7], abs=0.01)
    assert nm.simulate(scenario.override({"edge.weights": {}}), engine="simpy").digest != both[0].digest


def test_a_full_edge_refuses_what_it_has_no_connection_for(tmp_path: Path):
    file = tmp_path / "weighted.yaml"
    file.write_text(WEIGHTED.replace("cpu: 4 ms", "cpu: 60 ms").replace("edge: {", "edge: {worker_connections: 10, "))
    assert nm.simulate(nm.load(file), engine="simpy").intervals["failed"].sum() > 0
    enough = nm.simulate(nm.load(file).override({"edge.worker_connections": 100_000}), engine="simpy")
    assert enough.intervals["failed"].sum() == 0


def test_read_replicas_double_the_pools_and_have_limits_of_their_own(novabank):
    two = {"database__read_replicas": {"count": 2}}
    assert "as many to the read replicas" in found(novabank, **two)["connections-exceed-limit"]
    assert "connections-exceed-replicas" not in found(novabank, **two)
    small = {"database__read_replicas": {"count": 1, "max_connections": 50}, "database__pgbouncer": None}
    assert "read replicas that take 47" in found(novabank, **small)["connections-exceed-replicas"]
    assert "read-replicas-idle" not in found(novabank, **two)


def test_read_replicas_without_reads_are_idle(novabank):
    written = {name: {"cpu": "1 ms", "writes": 1} for name in novabank.database.statements}
    idle = found(novabank, database__read_replicas={"count": 1}, database__statements=written)
    assert "answer nothing" in idle["read-replicas-idle"]
