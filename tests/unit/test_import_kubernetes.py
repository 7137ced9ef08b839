"""Kubernetes: every kind of workload and autoscaler, routes, operators, Kustomize, charts, ConfigMaps."""

import sys
from pathlib import Path

import pytest

from novamodel.errors import UserError
from novamodel.importers import folder_of
from novamodel.loading import import_folder

sys.path.insert(0, str(Path(__file__).parents[1]))
from manifests_fixture import POD, read, workload


@pytest.mark.parametrize(
    ("kind", "version"),
    [
        ("Deployment", "apps/v1"),
        ("StatefulSet", "apps/v1"),
        ("ReplicaSet", "apps/v1"),
        ("Rollout", "argoproj.io/v1alpha1"),
        ("DeploymentConfig", "apps.openshift.io/v1"),
    ],
)
def test_every_kind_of_workload_is_a_service(tmp_path: Path, kind: str, version: str):
    report = read(tmp_path, {"a.yaml": workload(kind, version)})
    shop = report.tree.values["services"]["shop"]
    assert (shop["replicas"], shop["resources"]["cpu_limit"]) == (3, "1")


def test_jobs_take_no_customers_and_are_listed_with_their_size(tmp_path: Path):
    job = workload("CronJob", "batch/v1").replace(
        "  replicas: 3\n", "  schedule: '0 3 * * *'\n  jobTemplate:\n    spec:\n"
    )
    job = job.replace(POD, "".join(f"    {line}\n" for line in POD.splitlines())).replace("name: shop}", "name: night}")
    report = read(tmp_path, {"a.yaml": workload(), "job.yaml": job})
    assert list(report.tree.values["services"]) == ["shop"]
    (row,) = [row for row in report.not_modelled if row["what"].startswith("CronJob night")]
    assert "schedule 0 3 * * *" in row["what"]
    assert "cpu 200m" in row["what"]


def hpa(version: str, metric: str) -> str:
    return (
        f"---\napiVersion: {version}\nkind: HorizontalPodAutoscaler\nmetadata: {{name: shop}}\nspec:\n"
        "  scaleTargetRef: {kind: Deployment, name: shop}\n  minReplicas: 2\n  maxReplicas: 9\n" + metric
    )


@pytest.mark.parametrize(
    ("version", "metric", "path", "target"),
    [
        ("autoscaling/v1", "  targetCPUUtilizationPercentage: 55\n", "cpu_target", "55 %"),
        (
            "autoscaling/v2beta1",
            "  metrics: [{type: Resource, resource: {name: cpu, targetAverageUtilization: 65}}]\n",
            "cpu_target",
            "65 %",
        ),
        (
            "autoscaling/v2beta2",
            "  metrics:\n    - type: Resource\n"
            "      resource: {name: memory, target: {type: Utilization, averageUtilization: 75}}\n",
            "memory_target",
            "75 %",
        ),
        (
            "autoscaling/v2",
            "  metrics:\n    - type: ContainerResource\n      containerResource:\n"
            "        {name: cpu, container: shop, target: {type: Utilization, averageUtilization: 45}}\n",
            "cpu_target",
            "45 %",
        ),
    ],
)
def test_every_version_of_an_autoscaler(tmp_path: Path, version: str, metric: str, path: str, target: str):
    report = read(tmp_path, {"a.yaml": workload() + hpa(version, metric)})
    scaler = report.tree.values["services"]["shop"]["autoscaler"]
    assert (scaler["min_replicas"], scaler["max_replicas"], scaler[path]) == (2, 9, target)
    removed = [row["line"] for row in report.findings if row["code"] == "hpa-api-removed"]
    assert bool(removed) == ("beta" in version)


@pytest.mark.parametrize(
    "route",
    [
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\n"
        "spec: {rules: [{backendRefs: [{name: shop-svc, port: 80}]}]}\n",
        "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: r}\n"
        "spec: {rules: [{http: {paths: [{path: /, backend: {serviceName: shop-svc, servicePort: 80}}]}}]}\n",
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: r}\n"
        "spec: {hosts: [x], http: [{route: [{destination: {host: shop-svc}}]}]}\n",
        "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: r}\n"
        "spec: {routes: [{match: PathPrefix(`/`), services: [{name: shop-svc, port: 80}]}]}\n",
    ],
)
def test_routes_lead_to_the_services_behind(tmp_path: Path, route: str):
    service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: shop-svc}\nspec: {selector: {app: shop}}\n---\n"
    report = read(tmp_path, {"a.yaml": workload() + service + route})
    assert list(report.tree.values["services"]) == ["shop"]
    assert not [row for row in report.findings if row["code"] in ("ingress-backend-missing", "service-not-deployed")]


OPERATORS = {
    "cnpg": """apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: store}
spec:
  instances: 3
  imageName: ghcr.io/cloudnative-pg/postgresql:16.2
  postgresql: {parameters: {max_connections: "300"}}
  resources: {requests: {cpu: "2", memory: 4Gi}, limits: {cpu: "2", memory: 4Gi}}
  storage: {size: 80Gi}
""",
    "zalando": """apiVersion: acid.zalan.do/v1
kind: postgresql
metadata: {name: store}
spec:
  numberOfInstances: 2
  postgresql: {version: "16", parameters: {max_connections: "300"}}
  resources: {requests: {cpu: "2", memory: 4Gi}, limits: {cpu: "2", memory: 4Gi}}
  volume: {size: 80Gi}
""",
    "crunchy": """apiVersion: postgres-operator.crunchydata.com/v1beta1
kind: PostgresCluster
metadata: {name: store}
spec:
  postgresVersion: 16
  patroni: {dynamicConfiguration: {postgresql: {parameters: {max_connections: 300}}}}
  instances:
    - replicas: 2
      resources: {limits: {cpu: "2", memory: 4Gi}}
      dataVolumeClaimSpec: {resources: {requests: {storage: 80Gi}}}
""",
}


@pytest.mark.parametrize("operator", list(OPERATORS))
def test_postgresql_of_an_operator_is_the_database(tmp_path: Path, operator: str):
    env = "          env: [{name: DATABASE_URL, value: 'postgres://u@store-rw:5432/shop'}]\n"
    text = OPERATORS[operator]
    report = read(tmp_path, {"a.yaml": workload() + env, "db.yaml": text})
    database = report.tree.values["database"]
    assert (database["version"], database["cores"], database["storage"]) == ("16", 2, "80Gi")
    assert database["max_connections"] == 300
    for path, written in (("cores", "cpu"), ("storage", "80Gi"), ("max_connections", "300")):
        origin = report.tree.origins[f"database.{path}"]
        assert origin.file == "db.yaml"
        assert written in text.splitlines()[(origin.line or 1) - 1]


def test_an_overlay_is_applied_and_its_values_name_its_files(tmp_path: Path):
    patch = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:\n  template:\n"
        "    spec:\n      containers:\n        - name: shop\n          resources: {limits: {memory: 2Gi}}\n"
    )
    prod = (
        "resources: [../../base]\nreplicas:\n  - {name: shop, count: 8}\nimages:\n  - {name: shop, newTag: '7'}\n"
        "patches:\n  - path: more.yaml\n  - target: {kind: Deployment}\n    patch: |-\n"
        "      - op: replace\n        path: /spec/template/spec/containers/0/resources/requests/cpu\n"
        "        value: 400m\n"
    )
    report = read(
        tmp_path,
        {
            "base/kustomization.yaml": "resources: [shop.yaml]\n",
            "base/shop.yaml": workload(),
            "overlays/prod/kustomization.yaml": prod,
            "overlays/prod/more.yaml": patch,
            "overlays/dev/kustomization.yaml": "resources: [../../base]\nreplicas:\n  - {name: shop, count: 1}\n",
        },
    )
    shop = report.tree.values["services"]["shop"]
    assert (shop["replicas"], shop["resources"]["memory_limit"], shop["resources"]["cpu_request"]) == (8, "2Gi", "400m")
    origins = report.tree.origins
    places = {
        "services.shop.replicas": ("overlays/prod/kustomization.yaml", 3),
        "services.shop.resources.memory_limit": ("overlays/prod/more.yaml", 9),
        "services.shop.resources.cpu_request": ("overlays/prod/kustomization.yaml", 12),
        "services.shop.resources.cpu_limit": ("base/shop.yaml", 12),
    }
    for path, place in places.items():
        assert (origins[path].file, origins[path].line) == place, path
    assert "deployment-twice" not in {row["code"] for row in report.findings}
    assert any(row["what"] == "overlay overlays/dev" for row in report.not_modelled)


def test_a_chart_is_named_with_the_command_to_type(tmp_path: Path):
    report = read(
        tmp_path,
        {
            "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
            "chart/values.yaml": "replicaCount: 4\nresources:\n  limits: {cpu: 500m}\nname: x\n",
            "chart/templates/deployment.yaml": "{{- if .Values.x }}\nkind: Deployment\n{{- end }}\n",
        },
    )
    (found,) = [row for row in report.findings if row["code"] == "chart-not-rendered"]
    assert found["fix"] == "helm template chart | novamodel import -"
    listed = {(row["what"], row["file"], row["line"]) for row in report.not_modelled}
    assert ("replicaCount 4", "chart/values.yaml", 1) in listed
    assert ("resources.limits.cpu 500m", "chart/values.yaml", 3) in listed


def test_standard_input_and_a_single_file_are_folders_of_one(tmp_path: Path):
    with folder_of("-", lambda most: workload()) as folder:
        report = import_folder(folder)
    assert (list(report.tree.values["services"]), list(report.files)) == (["shop"], ["stdin.yaml"])
    (tmp_path / "rendered.yaml").write_text(workload(), encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("a: [", encoding="utf-8")
    with folder_of(str(tmp_path / "rendered.yaml"), lambda most: "") as folder:
        assert list(import_folder(folder).files) == ["rendered.yaml"]
    with pytest.raises(UserError, match="standard input is empty"), folder_of("-", lambda most: " \n"):
        pass
    many = "---\n".join(
        [workload().replace("name: shop", f"name: s{n}") + "# " + "x" * 1000 + "\n" for n in range(2500)]
    )
    with folder_of("-", lambda most: many) as folder:
        names = sorted(path.name for path in folder.iterdir())
        last = (folder / names[-2]).read_text(encoding="utf-8")
    assert names == ["1-stdin.yaml", "2-stdin.yaml", "stdin.yaml"]
    place = last.splitlines().index("metadata: {name: s2499}")
    assert many.splitlines()[place] == "metadata: {name: s2499}"


def test_a_config_map_carries_nginx_and_pgbouncer(tmp_path: Path):
    config = """---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  nginx.conf: |
    events { worker_connections 2048; }
    http {
      limit_req_zone $binary_remote_addr zone=api:10m rate=20r/s;
      upstream shop { server shop:3000; }
      server {
        location / { limit_req zone=api burst=40; proxy_pass http://shop; }
      }
    }
  pgbouncer.ini: |
    [pgbouncer]
    pool_mode = transaction
    default_pool_size = 30
"""
    text = (
        workload()
        + "---\napiVersion: v1\nkind: Service\nmetadata: {name: shop}\nspec: {selector: {app: shop}}\n"
        + config
    )
    report = read(tmp_path, {"all.yaml": text})
    edge = report.tree.values["edge"]
    assert (edge["worker_connections"], edge["limits"]["shop"]["rate"]) == (2048, "20r/s")
    assert report.tree.values["database"]["pgbouncer"]["default_pool_size"] == 30
    lines = text.splitlines()
    for path, written in (
        ("edge.limits.shop.rate", "rate=20r/s"),
        ("database.pgbouncer.default_pool_size", "default_pool_size = 30"),
    ):
        origin = report.tree.origins[path]
        assert origin.file == "all.yaml"
        assert written in lines[(origin.line or 1) - 1]


def test_two_written_namespaces_disagree_and_one_that_is_left_out_does_not(tmp_path: Path):
    scaler = hpa("autoscaling/v2", "").replace("metadata: {name: shop}", "metadata: {name: shop, namespace: one}")
    report = read(tmp_path / "a", {"a.yaml": workload() + scaler})
    assert "hpa-namespace" not in {row["code"] for row in report.findings}
    other = workload().replace("metadata: {name: shop}", "metadata: {name: shop, namespace: two}")
    report = read(tmp_path / "b", {"a.yaml": other + scaler})
    assert "hpa-namespace" in {row["code"] for row in report.findings}
