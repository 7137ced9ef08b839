"""Single formats: what each writes and what the scenario's written form makes of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from novamodel.importers import ImportReport
from novamodel.importers.jsonfile import read_json
from novamodel.importers.names import is_infrastructure, short_name
from novamodel.importers.nodejs.javascript import number, tokens
from novamodel.importers.pools.said import row_of_variable
from novamodel.importers.quantity import compose_memory, duration, ecs_cpu, ecs_memory, kubernetes_memory
from novamodel.loading import import_folder, scenario_from_folder
from novamodel.units import parse_rate


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def codes(report: ImportReport) -> set[str]:
    return {finding["code"] for finding in report.findings}


DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-orders}
spec:
  strategy: {rollingUpdate: {maxSurge: 2, maxUnavailable: 10%}}
  minReadySeconds: 15
  template:
    metadata: {labels: {app: orders}}
    spec:
      terminationGracePeriodSeconds: 45
      containers:
        - name: orders
          image: shop/orders:1.2
          lifecycle: {preStop: {exec: {command: [sh, -c, sleep 12 && nginx -s quit]}}}
          resources:
            limits: {cpu: 1, memory: 1Gi}
        - name: proxy
          image: envoyproxy/envoy:v1.30
"""


def test_deployment_without_requests_takes_the_limits(tmp_path: Path) -> None:
    report = import_folder(write(tmp_path, a__yaml=DEPLOYMENT))
    orders = report.tree.values["services"]["orders"]
    assert orders["resources"] == {
        "cpu_request": 1,
        "cpu_limit": 1,
        "memory_request": "1Gi",
        "memory_limit": "1Gi",
    }
    assert report.tree.origins["services.orders.resources.cpu_request"].kind == "documented"
    assert orders["readiness"] is None
    assert orders["termination_grace"] == "45 s"
    assert orders["pre_stop"] == "12 s"
    assert orders["rollout"] == {"max_surge": 2, "max_unavailable": "10%", "min_ready": "15 s"}
    assert "no-readiness-probe" not in codes(report)  # no Service sends it requests
    assert any(row["what"] == "container proxy" for row in report.not_modelled)


HPA = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: orders}
spec:
  scaleTargetRef: {kind: Deployment, name: shop-orders}
  maxReplicas: 6
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}
    - type: Pods
      pods: {metric: {name: queue}, target: {type: AverageValue, averageValue: 3}}
  behavior:
    scaleDown:
      stabilizationWindowSeconds: 120
      policies: [{type: Pods, value: 1, periodSeconds: 60}]
"""


def test_behavior_fills_in_what_the_api_server_would(tmp_path: Path) -> None:
    report = import_folder(write(tmp_path, a__yaml=DEPLOYMENT + "---" + HPA))
    scaler = report.tree.values["services"]["orders"]["autoscaler"]
    assert scaler == {
        "max_replicas": 6,
        "cpu_target": "60 %",
        "scale_up": {
            "stabilization_window": "0 s",
            "policies": [["Pods", 4, "15 s"], ["Percent", 100, "15 s"]],
        },
        "scale_down": {"stabilization_window": "120 s", "policies": [["Pods", 1, "60 s"]]},
    }
    assert any("Pods" in row["what"] for row in report.not_modelled)


def test_hpa_faults(tmp_path: Path) -> None:
    gone = HPA.replace("shop-orders", "nobody")
    assert "hpa-target-missing" in codes(import_folder(write(tmp_path, a__yaml=DEPLOYMENT + "---" + gone)))
    assert "hpa-target-missing" not in codes(import_folder(write(tmp_path, a__yaml=gone)))
    bare = DEPLOYMENT.replace("limits: {cpu: 1, memory: 1Gi}", "{}")
    assert "hpa-without-request" in codes(import_folder(write(tmp_path, a__yaml=bare + "---" + HPA)))
    custom = HPA.replace("name: cpu", "name: disk")
    report = import_folder(write(tmp_path, a__yaml=DEPLOYMENT + "---" + custom))
    assert "autoscaler" not in report.tree.values["services"]["orders"]
    assert "hpa-metric-not-modelled" in codes(report)


INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    nginx.ingress.kubernetes.io/limit-rpm: "120"
    nginx.ingress.kubernetes.io/limit-rsp: "3"
spec:
  ingressClassName: nginx
  rules:
    - http: {paths: [{path: /, backend: {service: {name: shop-orders, port: {number: 80}}}}]}
---
apiVersion: v1
kind: Service
metadata: {name: shop-orders}
spec: {selector: {app: orders}}
"""


def test_ingress_limits_that_exist_are_read(tmp_path: Path) -> None:
    report = import_folder(write(tmp_path, a__yaml=DEPLOYMENT + "---" + INGRESS))
    edge = report.tree.values["edge"]
    assert edge["kind"] == "ingress-nginx"
    assert edge["limits"]["orders"] == {
        "rate": "120r/m",
        "zone": "shop limit-rpm",
        "burst": 600,
        "delay": "nodelay",
        "zone_size": "5 MiB",
    }
    unknown = [f for f in report.findings if f["code"] == "ingress-annotation-unknown"]
    assert [f["line"] for f in unknown] == [report_line(tmp_path, "limit-rsp")]


def test_an_ingress_has_one_zone_for_all_its_services(tmp_path: Path) -> None:
    other = DEPLOYMENT.replace("shop-orders", "shop-mails").replace("orders", "mails")
    seven = '  annotations:\n    nginx.ingress.kubernetes.io/limit-connections: "7"\n'
    text = INGRESS.replace("limit-rsp", "limit-rps").replace("  annotations:\n", seven)
    text = text.replace("{number: 80}}}}]}", "{number: 80}}}}, {path: /m, backend: {service: {name: mails}}}]}")
    report = import_folder(write(tmp_path, a__yaml=DEPLOYMENT + "---" + other + "---" + text))
    edge = report.tree.values["edge"]
    zones = {name: (limit["zone"], limit["also"][0]["zone"]) for name, limit in edge["limits"].items()}
    assert zones == dict.fromkeys(["orders", "mails"], ("shop limit-rps", "shop limit-rpm"))
    assert edge["limits"]["orders"]["also"][0]["rate"] == "120r/m"
    assert edge["connection_limits"]["mails"] == {"limit": 7, "zone": "shop limit-connections"}
    assert report.tree.origin("edge.limits.orders.also.0.rate").line == report_line(tmp_path, "limit-rpm")


def report_line(folder: Path, word: str) -> int:
    lines = (folder / "a.yaml").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if word in line)


def test_two_services_with_the_same_container_name_stay_two(tmp_path: Path) -> None:
    both = DEPLOYMENT + "---" + DEPLOYMENT.replace("shop-orders", "old-orders")
    assert set(import_folder(write(tmp_path, a__yaml=both)).tree.values["services"]) == {"shop-orders", "old-orders"}


NGINX = """
limit_req_zone $binary_remote_addr zone=one:1m rate=30r/m;
limit_req_zone $server_name zone=all:1m rate=90r/s;
upstream api { server api-1:80 max_fails=3 fail_timeout=1m; server api-2:80; keepalive 8; }
server {
  limit_req zone=one burst=5 delay=2;
  limit_req_status 429;
  location / { proxy_pass http://api; }
  location /report { limit_req zone=all; proxy_pass http://reports:80/x; }
  location /raw { proxy_pass http://127.0.0.1:9000; }
  location /any { proxy_pass http://$host; }
}
"""


def test_nginx_fragment_with_inherited_limit(tmp_path: Path) -> None:
    report = import_folder(write(tmp_path, site__conf=NGINX))
    values = report.tree.values
    assert values["services"]["api"] == {"replicas": 2}
    assert set(values["services"]) == {"api", "reports"}
    assert values["edge"]["limits"] == {
        "api": {"rate": "30r/m", "zone": "one", "burst": 5, "delay": 2, "zone_size": "1 MiB", "status": 429},
        "reports": {"rate": "90r/s", "zone": "all", "key": "server", "zone_size": "1 MiB", "status": 429},
    }
    assert (values["edge"]["max_fails"], values["edge"]["fail_timeout"]) == (3, "1 min")
    assert "upstream-without-keepalive" not in codes(report)
    assert "upstream-keepalive-unused" in codes(report)  # it speaks HTTP/1.0 to the upstream


def test_nginx_meets_the_cluster_by_its_own_names(tmp_path: Path) -> None:
    text = "upstream o { server shop-orders:80; server old-orders:80; }\nserver { location / { proxy_pass http://o; }\n"
    text += "location /a { proxy_pass http://shop-orders; } location /b { proxy_pass http://back-orders; } }\n"
    report = import_folder(write(tmp_path, a__yaml=DEPLOYMENT, site__conf=text))
    assert set(report.tree.values["services"]) == {"orders", "back-orders"}
    missing = [f["message"] for f in report.findings if f["code"] == "service-not-deployed"]
    assert len(missing) == 1


COMPOSE = """
services:
  api-1: {image: "shop/api:1", deploy: {resources: {limits: {cpus: "0.1"}}}}
  api-2: {image: "shop/api:1"}
  jobs: {image: "shop/jobs:1", mem_limit: 256m, scale: "${JOBS:-4}", healthcheck: {test: x}}
  open: {image: "shop/open:1", deploy: {replicas: "${OPEN}"}}
  db: {image: "postgres:16", command: [postgres, -c, max_connections=200]}
  redis: {image: "redis:7.2", command: redis-server --maxmemory 64mb}
"""


def test_compose_groups_numbered_services_and_resolves_defaults(tmp_path: Path) -> None:
    report = import_folder(write(tmp_path, compose__yaml=COMPOSE))
    services = report.tree.values["services"]
    assert services["api"]["replicas"] == 2
    assert services["api"]["resources"] == {"cpu_request": "0.1", "cpu_limit": "0.1"}
    assert services["jobs"]["replicas"] == 4
    assert services["jobs"]["resources"]["memory_limit"] == "256 MiB"
    assert services["jobs"]["readiness"] == {"period": "30 s", "timeout": "30 s", "initial_delay": "0 s"}
    assert "replicas" not in services["open"]
    assert any("${OPEN}" in row["what"] for row in report.not_modelled)
    assert report.tree.values["database"] == {"version": "16", "max_connections": 200}
    assert report.tree.values["cache"] == {"engine": "redis", "memory": "64 MiB", "nodes": 1}


TERRAFORM = """
variable "class" { default = "db.m6g.xlarge" }
variable "open" {}
locals { size = 500 }
resource "aws_db_instance" "main" {
  instance_class    = var.class
  allocated_storage = local.size
  engine_version    = "16.2"
  multi_az          = true
  backup_retention_period = var.open
}
resource "aws_db_parameter_group" "main" {
  parameter {
    name  = "max_connections"
    value = "300"
  }
}
resource "aws_elasticache_replication_group" "main" {
  node_type          = "cache.t4g.small"
  num_cache_clusters = 3
}
resource "aws_ecs_service" "api" {
  name          = "shop-api"
  desired_count = 5
  deployment_minimum_healthy_percent = 50
  deployment_maximum_percent = 150
}
resource "aws_appautoscaling_target" "api" {
  resource_id        = "service/${aws_ecs_cluster.main.name}/${aws_ecs_service.api.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = 2
  max_capacity       = 8
}
resource "aws_appautoscaling_policy" "cpu" {
  policy_type = "TargetTrackingScaling"
  resource_id = aws_appautoscaling_target.api.resource_id
  target_tracking_scaling_policy_configuration {
    target_value       = 60
    scale_out_cooldown = 60
    disable_scale_in   = true
    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
resource "aws_appautoscaling_policy" "requests" {
  resource_id = "service/main/shop-api"
  target_tracking_scaling_policy_configuration {
    target_value = 900.0
    predefined_metric_specification {
      predefined_metric_type = "ALBRequestCountPerTarget"
    }
  }
}
"""


def test_terraform_resolves_literals_variables_and_locals(tmp_path: Path) -> None:
    box = {"name": "api", "image": "a/api:1", "cpu": 256, "memory": 512}
    task = {"family": "shop-api", "containerDefinitions": [box]}
    report = import_folder(write(tmp_path, main__tf=TERRAFORM, task__json=json.dumps(task)))
    database = report.tree.values["database"]
    assert (database["instance_class"], database["storage"]) == ("db.m6g.xlarge", "500 GiB")
    assert not {"cores", "memory", "iops"} & database.keys()
    assert (database["version"], database["max_connections"]) == ("16", 300)
    assert "backup_retention_days" not in database
    assert any(row["what"] == "backup_retention_period = var.open" for row in report.not_modelled)
    assert report.tree.values["cache"] == {"node_type": "cache.t4g.small", "nodes": 3}
    assert report.tree.values["services"]["api"]["replicas"] == 5
    assert report.tree.values["services"]["api"]["rollout"] == {"minimum_healthy": "50 %", "maximum": "150 %"}
    scaler = report.tree.values["services"]["api"]["autoscaler"]
    assert scaler | {"requests_target": None} == {
        "kind": "ecs target tracking",
        "min_replicas": 2,
        "max_replicas": 8,
        "cpu_target": "60 %",
        "scale_out_cooldown": "60 s",
        "scale_in": False,
        "requests_target": None,
    }
    assert parse_rate(scaler["requests_target"]) == 15.0
    assert "ecs-without-scaling" not in codes(report)
    assert report.tree.values["platform"] == {"kind": "ecs", "compute": "ec2"}
    assert report.tree.values["services"]["api"]["resources"]["cpu_request"] == 0.25
    assert report.tree.origins["database.instance_class"].line == 6
    assert report.tree.origins["database.max_connections"].line == 15
    assert "database-single-az" not in codes(report)
    assert "ecs-without-service" not in codes(report)


def test_unknown_instance_class_is_said(tmp_path: Path) -> None:
    text = 'resource "aws_db_instance" "main" {\n  instance_class = "db.z9.huge"\n}\n'
    report = import_folder(write(tmp_path, main__tf=text))
    assert "instance-class-unknown" in codes(report)
    assert "instance_class" not in report.tree.values["database"]


POOL = """
// const old = new Pool({ max: 99 });
const pattern = /['"{]/;
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL, /* new Pool({ max: 1 }) */
  max: parseInt(process.env.POOL_MAX || '15', 10),
  idleTimeoutMillis: 30 * 1000,
  connectionTimeoutMillis: wait(),
});
"""


def test_pool_literals_products_and_fallbacks(tmp_path: Path) -> None:
    report = import_folder(write(tmp_path, a__yaml=DEPLOYMENT, db__js=POOL))
    pool = report.tree.values["services"]["orders"]["pool"]
    assert pool["max"] == 15
    assert "fallback" in report.tree.origins["services.orders.pool.max"].source
    assert pool["idle_timeout"] == "30 s"
    assert "connection_timeout" not in pool
    assert any("wait()" in row["what"] for row in report.not_modelled)


@pytest.mark.parametrize(
    ("text", "value"),
    [("20", 20), ("1_000", 1000), ("30 * 1000", 30000), ("0x10", 16), ("-5", -5), ("a", None), ("2 + 2", None)],
)
def test_numbers_of_javascript(text: str, value: object) -> None:
    assert number(list(tokens(text))) == value


@pytest.mark.parametrize(
    ("read", "written", "meant"),
    [
        (duration, "1m30s", "90 s"),
        (duration, "250ms", "250 ms"),
        (duration, "soon", "soon"),
        (compose_memory, "512M", "512 MiB"),
        (compose_memory, "1gb", "1 GiB"),
        (compose_memory, 1048576, "1048576 B"),
        (ecs_cpu, "0.25 vCPU", 0.25),
        (ecs_cpu, 1024, 1.0),
        (ecs_memory, "2 GB", "2 GiB"),
        (kubernetes_memory, "512Mi", "512Mi"),
        (kubernetes_memory, "1000", "1000 B"),
    ],
)
def test_quantities(read: Any, written: object, meant: object) -> None:
    assert read(written) == meant


@pytest.mark.parametrize(
    ("raw", "prefixes", "container", "name"),
    [
        ("novabank-core-api", ["novabank"], "", "core-api"),
        ("novabank-core-api", [], "core-api", "core-api"),
        ("novabank-admin-interface-service", ["novabank"], "", "admin-interface"),
        ("core-api-12", [], "", "core-api"),
        ("core_api", [], "", "core-api"),
        ("shop", [], "app", "shop"),
        ("web", [], "checkout", "checkout"),
    ],
)
def test_short_names(raw: str, prefixes: list[str], container: str, name: str) -> None:
    assert short_name(raw, prefixes, container) == name


def test_infrastructure_images() -> None:
    assert all(is_infrastructure(image) for image in ("postgres:15", "bitnami/redis:7", "oliver006/redis-exporter"))
    assert not any(is_infrastructure(image) for image in ("shop/api:1", "shop/redis-client-api:2", ""))


def test_json_lines(tmp_path: Path) -> None:
    path = write(tmp_path, a__json='{"a": [1,\n {"b\\n": null}],\n"c": -1.5e3, "d": {}}') / "a.json"
    value, lines = read_json(path)
    assert value == json.loads(path.read_text())
    assert (lines[("a", 0)], lines[("a", 1)], lines[("a", 1, "b\n")], lines[("c",)]) == (1, 2, 2, 3)


def test_read_replicas_are_counted_and_nothing_is_made_up_about_who_reads_there(tmp_path: Path) -> None:
    text = 'resource "aws_db_instance" "main" {\n  instance_class = "db.r6g.large"\n}\n'
    for name, size in (("a", "large"), ("b", "large"), ("c", "xlarge")):
        text += f'resource "aws_db_instance" "{name}" {{\n  replicate_source_db = aws_db_instance.main.identifier\n'
        text += f'  instance_class = "db.r6g.{size}"\n}}\n'
    report = import_folder(write(tmp_path, a__yaml=DEPLOYMENT, main__tf=text))
    replicas = report.tree.values["database"]["read_replicas"]
    assert replicas == {"count": 2, "instance_class": "db.r6g.large", "share": "0 %"}
    assert report.tree.origins["database.read_replicas.share"].kind == "assumed"
    assert report.tree.origins["database.read_replicas.instance_class"].line == 6
    assert "read-replica-unread" in codes(report)
    assert any("read replicas of one class" in row["why"] for row in report.not_modelled)


PGBOUNCER = """
[databases]
shop = host=db port=5432 pool_size=12

[pgbouncer]
; a comment
listen_port = 6432
pool_mode = transaction
max_client_conn = 500
default_pool_size = 40
query_wait_timeout = 15
reserve_pool_size = 5
"""


def test_pgbouncer_ini_is_read_and_counts_as_deployed(tmp_path: Path) -> None:
    pool = 'const p = new Pool({ host: "pgbouncer", port: 6432 });'
    report = import_folder(write(tmp_path, a__yaml=DEPLOYMENT, p__ini=PGBOUNCER, p__js=pool))
    bouncer = report.tree.values["database"]["pgbouncer"]
    assert bouncer == {
        "pool_mode": "transaction",
        "max_client_conn": 500,
        "default_pool_size": 12,
        "query_wait_timeout": "15 s",
        "reserve_pool_size": 5,
    }
    assert (
        report.tree.origins["database.pgbouncer.default_pool_size"].line == 3
    )  # of the database, not [pgbouncer]'s 40
    assert "pgbouncer-not-deployed" not in codes(report)


def test_every_time_of_pgbouncer_ini_and_what_it_does_not_know(tmp_path: Path) -> None:
    text = (
        "[databases]\na = host=db min_pool_size=3 pool_mode=session\nb = host=db pool_size=4\n[pgbouncer]\n"
        "server_lifetime = 1200\nreserve_pool_timeout = 2.5\nquery_wait_timeout = 0\nserver_round_robin = 1\n"
        "max_db_connections = 50\npool_mode = statement\nso_reuseport = 1\n"
    )
    report = import_folder(write(tmp_path, a__yaml=DEPLOYMENT, p__ini=text))
    assert report.tree.values["database"]["pgbouncer"] == {
        "min_pool_size": 3,
        "pool_mode": "session",
        "server_lifetime": "1200 s",
        "reserve_pool_timeout": "2.5 s",
        "query_wait_timeout": "0 s",
        "server_round_robin": True,
        "max_db_connections": 50,
    }
    assert {row["what"] for row in report.not_modelled} >= {"so_reuseport = 1", "pool of b"}


def test_pgbouncer_ini_faults(tmp_path: Path) -> None:
    report = import_folder(write(tmp_path, p__ini="[pgbouncer]\npool_mode = session\n"))
    assert "pgbouncer-pool-mode" not in codes(report)
    assert report.tree.values["database"]["pgbouncer"]["pool_mode"] == "session"
    write(tmp_path, p__ini="[pgbouncer]\npool_mode\n")
    (broken,) = [row for row in import_folder(tmp_path).findings if row["code"] == "file-not-read"]
    assert (broken["file"], broken["line"]) == ("p.ini", 2)
    write(tmp_path, p__ini="[pgbouncer]\ndefault_pool_size = many\n")
    (left,) = [row for row in scenario_from_folder(tmp_path).findings if row["code"] == "value-left-out"]
    assert (left["file"], left["line"]) == ("p.ini", 2)


@pytest.mark.parametrize(
    ("name", "value", "most"),
    [
        ("DB_POOL_SIZE", "15", 15),
        ("PG_POOL_MAX", "12", 12),
        ("DATABASE_MAX_POOL_SIZE", "9", 9),
        ("DB_POOL_MIN", "2", None),
        ("REDIS_POOL_SIZE", "5", None),
        ("SPRING_DATASOURCE_HIKARI_MAXIMUM_POOL_SIZE", "30", 30),
        ("SPRING_DATASOURCE_HIKARI_MAXIMUMPOOLSIZE", "30", 30),
        ("UV_THREADPOOL_SIZE", "8", None),
        ("NODE_OPTIONS", "--max-old-space-size=400", None),
        ("DB_POOL_SIZE", "${POOL}", None),
        ("DB_POOL_SIZE", None, None),
    ],
)
def test_variables_that_size_a_pool(name: str, value: Any, most: int | None) -> None:
    said = {each.path: each.value for each in row_of_variable(name, value, "a.yaml", 3)}
    assert said.get("pool.max") == most


def test_pool_sizes_of_the_environment_on_each_platform(tmp_path: Path) -> None:
    entry = '{"name": "DB_POOL_SIZE", "value": "15"}'
    task = (
        '{"family": "orders", "cpu": "256", "memory": "512", "containerDefinitions": '
        f'[{{"name": "orders", "image": "o", "environment": [{entry}]}}]}}'
    )
    kubernetes = DEPLOYMENT.replace("image: shop/orders:1.2", f"image: shop/orders:1.2\n          env: [{entry}]")
    as_list = "services:\n  orders:\n    image: o\n    environment: [DB_POOL_SIZE=15]\n"
    as_mapping = "services:\n  orders:\n    image: o\n    environment: {DB_POOL_SIZE: 15}\n"
    for turn, (file, text) in enumerate(
        [("a__yaml", kubernetes), ("a__json", task), ("a__yaml", as_list), ("a__yaml", as_mapping)]
    ):
        folder = tmp_path / str(turn)
        folder.mkdir()
        report = import_folder(write(folder, **{file: text}))
        assert report.tree.values["services"]["orders"]["pool"] == {"max": 15}, file


def test_region_is_the_declared_one_whether_or_not_it_has_prices(tmp_path: Path) -> None:
    text = 'provider "aws" {\n  region = "REGION"\n}\nprovider "aws" {\n  alias = "x"\n  region = "sa-east-1"\n}\n'
    for region in ("us-east-1", "eu-central-1"):
        report = import_folder(write(tmp_path, a__yaml=DEPLOYMENT, main__tf=text.replace("REGION", region)))
        assert report.tree.values["pricing"] == {"region": region}
        origin = report.tree.origins["pricing.region"]
        assert (origin.kind, origin.file, origin.line) == ("file", "main.tf", 2)


def test_a_cache_is_missed_only_where_a_service_is_given_one(tmp_path: Path) -> None:
    database = 'resource "aws_db_instance" "main" {\n  instance_class = "db.r6g.large"\n  multi_az = true\n}\n'
    write(tmp_path, a__yaml=DEPLOYMENT, main__tf=database)
    assert "cache-not-provisioned" not in codes(import_folder(tmp_path))
    env = 'image: shop/orders:1.2\n          env: [{name: REDIS_URL, value: "redis://c"}]'
    write(tmp_path, a__yaml=DEPLOYMENT.replace("image: shop/orders:1.2", env))
    assert "cache-not-provisioned" in codes(import_folder(tmp_path))


def test_what_a_file_writes_wrongly_is_never_dropped_in_silence(tmp_path: Path) -> None:
    database = 'resource "aws_db_instance" "main" {\n  engine = "mysql"\n  allocated_storage = 100\n}\n'
    write(tmp_path, a__yaml=DEPLOYMENT, main__tf=database)
    assert "database-engine" in codes(import_folder(tmp_path))
    report = import_folder(write(tmp_path, main__tf=database.replace("100", '"big"')))
    assert "storage" not in report.tree.values["database"]
    (finding,) = [row for row in report.findings if row["code"] == "value-unreadable"]
    assert ("big" in finding["message"], finding["file"], finding["line"]) == (True, "main.tf", 3)
    write(tmp_path, main__tf=database, p__ini="[pgbouncer]\npool_mode = sesion\n")
    (left,) = [row for row in scenario_from_folder(tmp_path).findings if row["code"] == "value-left-out"]
    assert (left["file"], left["line"]) == ("p.ini", 2)


def test_an_ingress_limit_that_is_no_number_limits_nothing(tmp_path: Path) -> None:
    ingress = (
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: i\n  annotations:\n"
        '    nginx.ingress.kubernetes.io/limit-rps: "fifty"\nspec:\n  ingressClassName: nginx\n  rules:\n'
        "    - http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: orders, port: {number: 80}}}}]}\n"
    )
    report = import_folder(write(tmp_path, a__yaml=DEPLOYMENT + ingress))
    found = next(row for row in report.findings if row["code"] == "ingress-limit-unreadable")
    assert "'fifty'" in found["message"]


def test_a_pgbouncer_container_is_read_with_its_variables(tmp_path: Path) -> None:
    deployment = (
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: pgbouncer}\nspec:\n  replicas: 2\n  template:\n"
        "    spec:\n      containers:\n        - name: pgbouncer\n          image: edoburu/pgbouncer:1.22\n"
        '          env: [{name: DEFAULT_POOL_SIZE, value: "30"}, {name: DB_HOST, value: db}]\n'
    )
    report = import_folder(write(tmp_path, a__yaml=DEPLOYMENT + deployment))
    expected = {"pool_mode": "session", "default_pool_size": 30, "version": "1.22"}
    assert report.tree.values["database"]["pgbouncer"] == expected
    assert "2 replicas of PgBouncer" in {row["what"] for row in report.not_modelled}
    for form in ("{PGBOUNCER_DEFAULT_POOL_SIZE: 25}", "[PGBOUNCER_DEFAULT_POOL_SIZE=25]"):
        compose = "services:\n  orders: {image: o}\n  pool:\n    image: bitnami/pgbouncer\n    environment: "
        report = import_folder(write(tmp_path, a__yaml=compose + form + "\n"))
        assert report.tree.values["database"]["pgbouncer"] == {"pool_mode": "session", "default_pool_size": 25}
        assert list(report.tree.values["services"]) == ["orders"]
