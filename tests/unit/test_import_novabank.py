"""NovaBank's configuration files: every value with its file and line, every fault of the guide found."""

from pathlib import Path

import pytest

from novamodel.importers import ImportReport
from novamodel.loading import import_folder, importer
from novamodel.resources import data_dir, params_dir
from novamodel.scenario import load_scenario
from novamodel.yamlfile import read_text

FOLDER = data_dir() / "novabank"
LEVELS = ("error", "warning", "note")


@pytest.fixture(scope="module", params=["eks", "ecs", "compose"])
def report(request: pytest.FixtureRequest) -> ImportReport:
    return import_folder(FOLDER, request.param)


@pytest.fixture(scope="module")
def eks() -> ImportReport:
    return import_folder(FOLDER)


def at(report: ImportReport, path: str) -> object:
    node = report.tree.values
    for word in path.split("."):
        node = node[word]
    return node


def test_kubernetes_is_chosen_where_manifests_are(eks: ImportReport) -> None:
    assert eks.platform == "eks"
    assert at(eks, "platform.kind") == "eks"


@pytest.mark.parametrize(
    ("path", "value", "file", "written"),
    [
        ("services.core-api.replicas", 3, "k8s/core-api-deployment.yaml", "replicas: 3"),
        ("services.core-api.resources.cpu_request", "250m", "k8s/core-api-deployment.yaml", 'cpu: "250m"'),
        ("services.core-api.resources.memory_limit", "512Mi", "k8s/core-api-deployment.yaml", 'memory: "512Mi"'),
        ("services.core-api.liveness.initial_delay", "30 s", "k8s/core-api-deployment.yaml", "initialDelaySeconds: 30"),
        ("services.core-api.autoscaler.max_replicas", 10, "k8s/hpa.yaml", "maxReplicas: 10"),
        ("services.core-api.autoscaler.cpu_target", "70 %", "k8s/hpa.yaml", "averageUtilization: 70"),
        ("services.core-api.autoscaler.memory_target", "80 %", "k8s/hpa.yaml", "averageUtilization: 80"),
        ("services.core-api.pool.max", 20, "app/pool.js", "max: 20"),
        ("services.admin-interface.pool.connection_timeout", "2 s", "app/pool.js", "connectionTimeoutMillis: 2000"),
        ("edge.worker_connections", 1024, "nginx/nginx.conf", "worker_connections 1024"),
        ("edge.limits.core-api.rate", "10r/s", "nginx/nginx.conf", "zone=api:10m rate=10r/s"),
        ("edge.limits.core-api.zone", "api", "nginx/nginx.conf", "limit_req zone=api burst=20"),
        ("edge.limits.admin-interface.zone", "admin", "nginx/nginx.conf", "limit_req zone=admin burst=10"),
        ("edge.limits.core-api.burst", 20, "nginx/nginx.conf", "limit_req zone=api burst=20"),
        ("edge.limits.admin-interface.rate", "5r/s", "nginx/nginx.conf", "zone=admin:10m rate=5r/s"),
        ("edge.limits.admin-interface.burst", 10, "nginx/nginx.conf", "limit_req zone=admin burst=10"),
        ("database.instance_class", "db.r6g.large", "terraform/rds.tf", "db.r6g.large"),
        ("database.storage", "100 GiB", "terraform/rds.tf", "allocated_storage     = 100"),
        ("database.backup_retention_days", 30, "terraform/rds.tf", "backup_retention_period = 30"),
        ("monitoring.scrape_interval", "15 s", "prometheus/prometheus.yml", "scrape_interval: 15s"),
        ("monitoring.job_intervals.core-api", "5 s", "prometheus/prometheus.yml", "scrape_interval: 5s"),
    ],
)
def test_value_with_its_place(eks: ImportReport, path: str, value: object, file: str, written: str) -> None:
    assert at(eks, path) == value
    origin = eks.tree.origins[path]
    assert (origin.kind, origin.file) == ("file", file)
    assert origin.line is not None
    assert written in read_text(FOLDER / file).splitlines()[origin.line - 1]
    assert {"path": path, "value": value, "file": file, "line": origin.line} in eks.fields


def test_instance_class_is_said_and_the_rest_follows_from_it(eks: ImportReport) -> None:
    assert not {"cores", "memory", "iops", "max_connections"} & eks.tree.values["database"].keys()
    scenario = load_scenario(params_dir() / "novabank.yaml", importer)
    database = scenario.database
    assert (database.cores, database.memory, database.iops) == (2, 16 * 2**30, 3000)
    assert database.max_connections == 16 * 2**30 // 9531392
    origin = scenario.origin("database.max_connections")
    assert (origin.kind, origin.file) == ("derived", "terraform/rds.tf")


def test_admin_is_meant_though_nothing_deploys_it(eks: ImportReport) -> None:
    assert at(eks, "services.admin-interface.replicas") == 1
    assert eks.tree.origins["services.admin-interface.replicas"].kind == "assumed"
    assert any(f["code"] == "service-not-deployed" and "admin-interface" in f["message"] for f in eks.findings)


def test_task_size_is_request_and_limit() -> None:
    report = import_folder(FOLDER, "ecs")
    size = {"cpu_request": 0.5, "cpu_limit": 0.5, "memory_request": "1024 MiB", "memory_limit": "1024 MiB"}
    assert at(report, "services.core-api.resources") == size
    assert "autoscaler" not in at(report, "services.core-api")


def test_compose_runs_its_own_database() -> None:
    report = import_folder(FOLDER, "compose")
    assert at(report, "services.core-api.replicas") == 3
    assert at(report, "services.core-api.resources.memory_limit") == "512 MiB"
    assert "instance_class" not in at(report, "database")
    assert at(report, "cache.nodes") == 2


def test_findings_name_a_place_and_a_fix(report: ImportReport) -> None:
    assert report.findings
    for finding in report.findings:
        assert set(finding) == {"level", "code", "file", "line", "message", "fix"}
        assert 1 <= finding["line"] <= len(read_text(FOLDER / finding["file"]).splitlines())
        assert finding["message"]
        assert finding["fix"]
    levels = [LEVELS.index(finding["level"]) for finding in report.findings]
    assert levels == sorted(levels)


def test_every_file_is_accounted_for(report: ImportReport) -> None:
    here = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert set(report.files) == here


def test_import_is_the_same_every_time() -> None:
    first, second = import_folder(FOLDER), import_folder(FOLDER)
    assert first.tree.values == second.tree.values
    assert first.findings == second.findings
    assert first.not_modelled == second.not_modelled


@pytest.mark.parametrize("name", ["novabank", "novabank-ecs", "novabank-compose"])
def test_scenarios_validate_with_the_import(name: str) -> None:
    scenario = load_scenario(params_dir() / f"{name}.yaml", importer)
    assert set(scenario.services) == {"core-api", "admin-interface"}
    assert scenario.edge.limits["core-api"].burst == 20
    assert scenario.services["core-api"].pool is not None
    assert scenario.findings
    assert Path(scenario.origin("edge.limits.core-api.rate").file or "").name == "nginx.conf"
