"""What files do not say enough about is no finding: it is listed as not checked."""

# ruff: noqa: E501

from pathlib import Path

import pytest

from novamodel.audit import audit
from tests.audit.audit_folders import AWS, COMPOSE, KUBERNETES, MONITORING
from tests.audit.test_rules import written

SHOP = KUBERNETES["k8s/shop.yaml"]
DOCUMENTS = [*SHOP.split("---\n"), *(KUBERNETES[f"k8s/{name}.yaml"] for name in ("hpa", "ingress"))]
TASK = AWS["task-definition.json"]

OPEN = [
    ("an autoscaler alone", "hpa-target-missing", {"hpa.yaml": KUBERNETES["k8s/hpa.yaml"]}),
    ("an ingress alone", "ingress-backend-missing", {"ingress.yaml": KUBERNETES["k8s/ingress.yaml"]}),
    (
        "a Service alone",
        "service-selects-nothing",
        {"s.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: api}\nspec: {selector: {app: api}, ports: [{port: 80}]}\n"},
    ),
    (
        "an autoscaler beside templates",
        "hpa-target-missing",
        {
            "k8s/shop.yaml": SHOP,
            "hpa.yaml": KUBERNETES["k8s/hpa.yaml"].replace("name: api}", "name: web}"),
            "t/deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\n",
        },
    ),
    (
        "an autoscaler of a kind of its own",
        "hpa-target-missing",
        {"k8s/shop.yaml": SHOP, "hpa.yaml": KUBERNETES["k8s/hpa.yaml"].replace("kind: Deployment, name: api", "kind: Tower, name: web")},
    ),
    (
        "an autoscaler in a folder of its own",
        "hpa-target-missing",
        {"base/shop.yaml": SHOP, "extras/hpa.yaml": KUBERNETES["k8s/hpa.yaml"].replace("name: api}", "name: ledger-db}")},
    ),
    (
        "a route in a folder of its own",
        "ingress-backend-missing",
        {"base/shop.yaml": SHOP, "extras/in.yaml": KUBERNETES["k8s/ingress.yaml"].replace("name: api", "name: ledger")},
    ),
    (
        "a base that comes from elsewhere",
        "ingress-backend-missing",
        {
            "kustomization.yaml": "resources: [github.com/example/base?ref=v1, shop.yaml, ingress.yaml]\n",
            "shop.yaml": SHOP,
            "ingress.yaml": KUBERNETES["k8s/ingress.yaml"].replace("name: api", "name: web"),
        },
    ),
    (
        "an operator that makes pods",
        "service-selects-nothing",
        {
            "shop.yaml": SHOP.replace("selector: {app: api}", "selector: {app: web}"),
            "web.yaml": "apiVersion: example.org/v1\nkind: WebApp\nmetadata: {name: web, namespace: shop}\nspec: {}\n",
        },
    ),
    (
        "a network that others are on",
        "upstream-host-unknown",
        {
            **COMPOSE,
            "compose.yaml": COMPOSE["compose.yaml"] + "networks: {shared: {external: true}}\n",
            "edge/nginx.conf": COMPOSE["edge/nginx.conf"].replace("server api:8081", "server legacy:8081"),
        },
    ),
    (
        "a file of variables",
        "variable-never-set",
        {
            **COMPOSE,
            "compose.yaml": COMPOSE["compose.yaml"].replace(
                "      DB_PASSWORD: ${DB_PASSWORD:?}\n", ""
            ).replace("    build: api\n", "    build: api\n    env_file: [secret.env]\n"
            ),
        },
    ),
    (
        "a program that reads a .env file",
        "variable-never-set",
        {
            **COMPOSE,
            "api/package.json": '{"dependencies": {"dotenv": "^16", "pg": "^8"}}',
            "compose.yaml": COMPOSE["compose.yaml"].replace("      DB_PASSWORD: ${DB_PASSWORD:?}\n", ""),
        },
    ),
    (
        "a project that is started from above",
        "mounted-file-missing",
        {"deploy/compose.yaml": COMPOSE["compose.yaml"].replace("build: api", "image: shop/api:1.4.2")},
    ),
    (
        "a task without infrastructure",
        "ecs-without-service",
        {"task-definition.json": TASK},
    ),
    (
        "a build from above",
        "dockerfile-missing",
        {**COMPOSE, "compose.yaml": COMPOSE["compose.yaml"].replace("build: api", "build: {context: .., dockerfile: api/Dockerfile}")},
    ),
    (
        "a variable in a template",
        "terraform-variable-undeclared",
        {**AWS, "main.tf": AWS["main.tf"].replace('variable "password" {}\n', ""), "v.tf.j2": "{{ variables }}"},
    ),
]  # fmt: skip

SILENT = [
    ("an image by digest", "image-floating", {**COMPOSE, "compose.yaml": COMPOSE["compose.yaml"].replace("nginx:1.27", "nginx@sha256:0123456789abcdef")}),
    ("a target on the internet", "scrape-target-unknown", {**MONITORING, "prometheus/prometheus.yml": MONITORING["prometheus/prometheus.yml"].replace("api:8080", "metrics.example.org:443")}),
    ("an upstream on the internet", "upstream-host-unknown", {**COMPOSE, "edge/nginx.conf": COMPOSE["edge/nginx.conf"].replace("server api:8081", "server backup.example.org:8081")}),
    ("an alias on a network", "upstream-host-unknown", {**COMPOSE, "compose.yaml": COMPOSE["compose.yaml"].replace("    build: api\n", "    build: api\n    networks: {default: {aliases: [orders]}}\n"), "edge/nginx.conf": COMPOSE["edge/nginx.conf"].replace("server api:8081", "server orders:8081")}),
    ("a site file without workers", "worker-processes-unset", {"compose.yaml": COMPOSE["compose.yaml"], "edge/nginx.conf": "upstream api { server api:8080; }\nserver {\n  listen 80;\n  location / { proxy_pass http://api; }\n}\n"}),
    ("a limit by another key", "real-ip-unset", {**KUBERNETES, "nginx.conf": COMPOSE["edge/nginx.conf"].replace("$binary_remote_addr", "$http_x_api_key")}),
    ("local replication in the default file", "replica-not-deployed", {"pg_hba.conf": "local all all peer\nhost all all 10.0.0.0/8 scram-sha-256\nhost replication all 127.0.0.1/32 scram-sha-256\n", "postgresql.conf": "max_connections = 100\nwal_level = replica\n"}),
    ("a job, which gets no requests", "no-readiness-probe", {"job.yaml": "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate}\nspec: {template: {spec: {containers: [{name: m, image: 'shop/m:1'}]}}}\n", "k8s/shop.yaml": SHOP}),
    ("a worker that no Service selects", "no-readiness-probe", {"k8s/shop.yaml": SHOP, "w.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: worker, namespace: shop}\nspec: {template: {metadata: {labels: {app: w}}, spec: {containers: [{name: w, image: 'shop/w:1'}]}}}\n"}),
    ("a quantile of one pod, asked for", "quantile-without-sum", {**MONITORING, "grafana/shop.json": MONITORING["grafana/shop.json"].replace("sum by (le) (rate(http_seconds_bucket[5m]))", "rate(http_seconds_bucket{pod=~\\\"$pod\\\"}[5m])")}),
    ("moved resources", "terraform-resource-undeclared", {**AWS, "moved.tf": "moved {\n  from = aws_db_instance.old\n  to   = aws_db_instance.shop\n}\n"}),
    ("a dynamic block's own name", "terraform-resource-undeclared", {**AWS, "d.tf": 'resource "aws_x" "y" {\n  dynamic "aws_logs" {\n    for_each = [1]\n    content {\n      group = aws_logs.value\n    }\n  }\n}\n'}),
    ("a project of another folder", "made-elsewhere", {"compose.yaml": COMPOSE["compose.yaml"].replace("./edge/nginx.conf", "/srv/nginx.conf"), "api/Dockerfile": "FROM node:22.9\n", "watch/compose.yaml": "services: {prometheus: {image: 'prom/prometheus:v3.1.0'}, exporter: {image: 'shop/exporter:1'}}\n", "watch/prometheus.yml": "rule_files: [a.yml]\nalerting: {}\nscrape_configs: [{job_name: e, static_configs: [{targets: ['exporter:9100']}]}]\n"}),
    ("a target of another project", "scrape-target-unknown", {"compose.yaml": COMPOSE["compose.yaml"].replace("./edge/nginx.conf", "/srv/nginx.conf"), "api/Dockerfile": "FROM node:22.9\n", "watch/compose.yaml": "services: {prometheus: {image: 'prom/prometheus:v3.1.0'}, exporter: {image: 'shop/exporter:1'}}\n", "watch/prometheus.yml": "rule_files: [a.yml]\nalerting: {}\nscrape_configs: [{job_name: e, static_configs: [{targets: ['exporter:9100']}]}]\n"}),
    ("a job that signs in by itself", "job-without-credentials", {**AWS, ".github/workflows/deploy.yml": AWS[".github/workflows/deploy.yml"].replace("aws-actions/configure-aws-credentials@v4", "example/sign-in@v1")}),
    ("a memory that no file limits", "cache-not-provisioned", {**AWS, "k8s.yaml": SHOP.replace("DATABASE_URL", "REDIS_URL"), "redis.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: redis}\nspec: {template: {spec: {containers: [{name: redis, image: 'redis:7.4'}]}}}\n"}),
    ("a service whose replicas others follow", "redis-replica-without-masterauth", {"compose.yaml": "services:\n  a: {image: 'redis:7.4', command: redis-server}\n  b: {image: 'redis:7.4', command: redis-server --replicaof a 6379}\n  web: {build: web}\n"}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "files"), [row[1:] for row in OPEN], ids=[row[0] for row in OPEN])
def test_what_cannot_be_known_is_not_checked(code: str, files: dict[str, str], tmp_path: Path) -> None:
    found = audit(written(tmp_path, files))
    assert code not in {one["code"] for one in found.findings}
    assert code in {one.code for one in found.not_checked}
    assert not [one for one in found.findings if one["level"] == "error"]


@pytest.mark.parametrize(("code", "files"), [row[1:] for row in SILENT], ids=[row[0] for row in SILENT])
def test_what_is_right_in_another_way_is_no_finding(code: str, files: dict[str, str], tmp_path: Path) -> None:
    assert code not in {one["code"] for one in audit(written(tmp_path, files)).findings}


@pytest.mark.parametrize("kept", range(1, 2 ** len(DOCUMENTS)))
def test_a_part_of_what_is_right_has_no_errors(kept: int, tmp_path: Path) -> None:
    """Whatever is left out of the manifests may stand in another repository."""
    parts = [text for number, text in enumerate(DOCUMENTS) if kept >> number & 1]
    found = audit(written(tmp_path, {"a.yaml": "---\n".join(parts)}))
    assert [one for one in found.findings if one["level"] == "error"] == []
