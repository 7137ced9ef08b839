"""What is common in public repositories and was once lost or read wrong: each mechanism on a folder of its own."""

from pathlib import Path

import pytest

from novamodel.importers import ImportReport
from tests.manifests_fixture import read

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: %(name)s}
spec:
  replicas: %(replicas)s
  selector: {matchLabels: {app: %(name)s}}
  template:
    metadata: {labels: {app: %(name)s}}
    spec: {containers: [{name: %(name)s, image: "%(image)s"}]}
---
"""


def deployment(name: str, replicas: int = 1, image: str = "x/web") -> str:
    return DEPLOYMENT % {"name": name, "replicas": replicas, "image": image}


def place(report: ImportReport, path: str) -> tuple[str | None, int | None]:
    origin = report.tree.origins[path]
    return origin.file, origin.line


def listed(report: ImportReport) -> set[tuple[str, int | None, str]]:
    return {(row["file"], row["line"], row["what"]) for row in report.not_modelled}


def entries(report: ImportReport) -> list[str]:
    return list(report.system.entries)


@pytest.mark.parametrize("number", [3, 7])
def test_a_value_of_env_names_the_line_that_says_it(tmp_path: Path, number: int) -> None:
    compose = "services:\n  web: {image: x, scale: '${COUNT:-2}', mem_limit: '${MEM}'}\n"
    compose += "  db: {image: 'postgres:16', mem_limit: '${DB:?no}', command: 'postgres -c max_connections=${MOST}'}\n"
    variables = f"MEM=300m\nCOUNT={number}\nDB=2g\nMOST=9{number}\n"
    report = read(tmp_path, {"compose.yaml": compose, "env.example": variables})
    web = report.tree.values["services"]["web"]
    assert (web["replicas"], web["resources"]["memory_limit"]) == (number, "300 MiB")
    assert place(report, "services.web.replicas") == ("env.example", 2)
    assert report.tree.values["database"]["memory"] == "2 GiB"
    assert report.tree.values["database"]["max_connections"] == 90 + number
    assert place(report, "database.max_connections") == ("env.example", 4)


def test_a_size_that_is_set_elsewhere_is_listed_and_not_a_mistake(tmp_path: Path) -> None:
    compose = "services:\n  web: {image: x}\n  db: {image: 'postgres:16', cpus: '${CPUS}'}\n"
    report = read(tmp_path, {"compose.yaml": compose})
    assert ("compose.yaml", 3, "cpus: ${CPUS}") in listed(report)
    assert "cores" not in report.tree.values["database"]


def test_words_of_a_command_over_several_lines_have_their_lines(tmp_path: Path) -> None:
    text = (
        "services:\n  web:\n    image: x\n    command: >\n      gunicorn app\n      --workers 5\n\n      --threads 4\n"
    )
    report = read(tmp_path, {"compose.yaml": text})
    assert place(report, "services.web.runtime.workers") == ("compose.yaml", 6)
    assert place(report, "services.web.runtime.threads") == ("compose.yaml", 8)


NGINX = """http {
  include conf.d/zones.conf;
  upstream web { server web:80; }
  server {
    include snippets/times.conf;
    location /ws { proxy_read_timeout 1h; proxy_pass http://web; }
    location /api { limit_req zone=api burst=25; proxy_pass http://web; }
  }
}
events {}
"""


def test_the_edge_has_the_times_and_limits_of_most_requests(tmp_path: Path) -> None:
    zones = "limit_req_zone $binary_remote_addr zone=api:10m rate=12r/s;\n"
    files = {"nginx.conf": NGINX, "conf.d/zones.conf": zones, "snippets/times.conf": "proxy_read_timeout 17s;\n"}
    report = read(tmp_path, files | {"compose.yaml": "services:\n  web: {image: x}\n"})
    edge = report.tree.values["edge"]
    assert (edge["read_timeout"], edge["limits"]["web"]["rate"]) == ("17 s", "12r/s")
    assert place(report, "edge.read_timeout") == ("snippets/times.conf", 1)
    assert ("nginx.conf", 6, "proxy_read_timeout 1h of location /ws") in listed(report)
    assert not [one for one in report.findings if one["code"] == "limit-zone-missing"]


def test_one_streams_timeout_is_not_the_edges(tmp_path: Path) -> None:
    text = "server { location / { proxy_pass http://web; }"
    text += " location /events { proxy_read_timeout 7d; proxy_pass http://web; } }"
    report = read(tmp_path, {"site.conf": text, "compose.yaml": "services:\n  web: {image: x}\n"})
    assert "read_timeout" not in report.tree.values.get("edge", {})
    assert ("site.conf", 1, "proxy_read_timeout 7d of location /events") in listed(report)


CLOUD_NATIVE = """apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: pg}
spec: {instances: 1, storage: {size: 10Gi}, walStorage: {size: 3Gi}}
---
apiVersion: postgresql.cnpg.io/v1
kind: Pooler
metadata: {name: pg-pooler}
spec:
  cluster: {name: pg}
  instances: 2
  pgbouncer: {poolMode: transaction, parameters: {max_client_conn: "900", default_pool_size: "14"}}
"""
ZALANDO = """apiVersion: acid.zalan.do/v1
kind: postgresql
metadata: {name: pg}
spec:
  enableConnectionPooler: true
  connectionPooler: {numberOfInstances: 2, mode: session, maxDBConnections: 60}
  postgresql: {version: "15"}
"""
CRUNCHY = """apiVersion: postgres-operator.crunchydata.com/v1beta1
kind: PostgresCluster
metadata: {name: pg}
spec:
  postgresVersion: 16
  proxy: {pgBouncer: {replicas: 2, config: {global: {pool_mode: transaction, default_pool_size: "33"}}}}
"""


@pytest.mark.parametrize(
    ("text", "said", "host"),
    [
        (CLOUD_NATIVE, {"pool_mode": "transaction", "max_client_conn": 900, "default_pool_size": 14}, "pg-pooler"),
        (ZALANDO, {"pool_mode": "session", "max_db_connections": 60}, "pg-pooler"),
        (CRUNCHY, {"pool_mode": "transaction", "default_pool_size": 33}, "pg-pgbouncer"),
    ],
)
def test_poolers_of_operators_are_pgbouncer(tmp_path: Path, text: str, said: dict[str, object], host: str) -> None:
    web = deployment("web").replace('image: "x/web"', f'image: "x/web", env: [{{name: DATABASE_HOST, value: {host}}}]')
    report = read(tmp_path, {"all.yaml": text + "---\n" + web})
    assert report.tree.values["database"]["pgbouncer"] == said
    assert "web" in report.system.databases["main"].users
    assert any(what == "2 replicas of PgBouncer" for _, _, what in listed(report))


def test_a_rollout_that_names_a_deployment_scales_it(tmp_path: Path) -> None:
    rollout = """apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: rolled}
spec:
  replicas: 6
  workloadRef: {kind: Deployment, name: web}
  strategy: {canary: {maxSurge: 2}}
---
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {name: rolled}
spec: {scaleTargetRef: {kind: Rollout, name: rolled}, minReplicas: 4, maxReplicas: 9}
"""
    report = read(tmp_path, {"all.yaml": deployment("web", 0) + rollout})
    web = report.tree.values["services"]["web"]
    assert (web["replicas"], web["rollout"], web["autoscaler"]["max_replicas"]) == (6, {"max_surge": 2}, 9)
    assert not [one for one in report.findings if one["code"] == "workload-without-containers"]


def test_postgresql_conf_of_a_config_map_is_read(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  postgresql.conf: |\n"
    text += "    max_connections = 180\n---\n"
    report = read(tmp_path, {"all.yaml": text + deployment("postgres", 1, "postgres:15")})
    assert report.tree.values["database"]["max_connections"] == 180
    assert place(report, "database.max_connections") == ("all.yaml", 6)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("knexfile.js", "module.exports = { production: { client: 'pg', pool: { min: 2, max: 11 } } };",
         {"max": 11, "min": 2}),
        ("config/database.js", "module.exports = ({ env }) => ({ connection: { client: 'postgres',\n pool: { min: 0,"
         " max: env.int('POOL', 14) } } });", {"max": 14, "min": 0}),
        ("app.module.ts", "TypeOrmModule.forRootAsync({ useFactory: () => ({ type: 'postgres', poolSize: 33 }) })",
         {"max": 33}),
        ("app.py",
         'app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": 8, "max_overflow": 4, "pool_timeout": 12}',
         {"max": 12, "min": 8, "connection_timeout": "12 s"}),
        ("appsettings.json", '{\n "ConnectionStrings": {\n  "Main": "Host=db;Maximum Pool Size=55"\n }\n}',
         {"max": 55}),
    ],
)  # fmt: skip
def test_pools_of_further_libraries(tmp_path: Path, name: str, text: str, said: dict[str, object]) -> None:
    compose = "services:\n  web: {build: ./web, ports: ['80:80']}\n  db: {image: 'postgres:16'}\n"
    report = read(tmp_path, {"compose.yaml": compose, "web/Dockerfile": "FROM x\n", f"web/{name}": text})
    assert report.tree.values["services"]["web"]["pool"] == said


def test_puma_falls_back_to_another_name(tmp_path: Path) -> None:
    text = 'high = ENV.fetch("MAX") { 7 }\nlow = ENV.fetch("MIN") { high }\nthreads low, high\nworkers ENV["W"] || 3\n'
    compose = "services:\n  web: {build: ./web, ports: ['80:80']}\n"
    report = read(tmp_path, {"compose.yaml": compose, "web/Dockerfile": "FROM x\n", "web/config/puma.rb": text})
    runtime = report.tree.values["services"]["web"]["runtime"]
    assert (runtime["threads"], runtime["workers"]) == (7, 3)


SPRING = """spring: {application: {name: web}}
---
spring:
  datasource:
    url: jdbc:postgresql://db/app
    hikari:
      maximum-pool-size: 25
---
spring:
  config:
    activate:
      on-profile: prod
  datasource:
    hikari:
      maximum-pool-size: 60
"""


@pytest.mark.parametrize(("profiles", "most", "line"), [("", 25, 7), ("prod,x", 60, 15), ("dev", 3, 4)])
def test_springs_profiles_that_are_on_decide(tmp_path: Path, profiles: str, most: int, line: int) -> None:
    compose = "services:\n  web: {build: ./web, environment: {SPRING_PROFILES_ACTIVE: '%s'}}\n"
    compose += "  db: {image: 'postgres:16'}\n"
    dev = "spring:\n  datasource:\n    hikari:\n      maximum-pool-size: 3\n"
    files = {"web/src/application.yml": SPRING, "web/src/application-dev.yml": dev, "web/Dockerfile": "FROM x\n"}
    report = read(tmp_path, files | {"compose.yaml": compose % profiles})
    assert report.tree.values["services"]["web"]["pool"]["max"] == most
    assert place(report, "services.web.pool.max")[1] == line


def test_folders_that_deploy_the_same_are_environments(tmp_path: Path) -> None:
    both = deployment("web", 2) + deployment("api")
    more = both.replace("replicas: 2", "replicas: 5")
    files = {"minikube/all.yaml": both, "aws/one/all.yaml": more, "gcp/all.yaml": both}
    report = read(tmp_path, files | {"other/all.yaml": deployment("mail")})
    services = report.tree.values["services"]
    assert (services["web"]["replicas"], set(services)) == (5, {"web", "api", "mail"})
    assert {what for _, _, what in listed(report)} >= {"manifests of gcp", "manifests of minikube"}


def test_a_database_of_the_same_name_makes_no_environments(tmp_path: Path) -> None:
    one, other = (deployment(name) + deployment("postgres", 1, "postgres:16") for name in ("web", "api"))
    report = read(tmp_path, {"web/k8s.yaml": one, "api/k8s.yaml": other})
    assert set(report.tree.values["services"]) == {"web", "api"}


def test_a_container_that_runs_tests_is_no_entry(tmp_path: Path) -> None:
    compose = "services:\n  api: {image: x, ports: ['80:80']}\n  playwright: {image: y, ports: ['9323:9323'],"
    compose += " environment: {URL: 'http://api:80'}}\n"
    assert entries(read(tmp_path, {"compose.yaml": compose})) == ["api"]


def test_what_a_procfile_starts_is_deployed_where_nothing_else_is(tmp_path: Path) -> None:
    compose = "services:\n  db: {image: 'postgres:16'}\n"
    procfile = "release: x migrate\nweb: gunicorn app --workers 3\nworker: celery -A app worker\n"
    report = read(tmp_path, {"compose.yaml": compose, "Procfile": procfile, "Dockerfile": "FROM python:3\n"})
    assert (entries(report), list(report.system.workers)) == (["web"], ["worker"])
    assert place(report, "services.web.runtime.workers") == ("Procfile", 2)
    assert [one["level"] for one in report.findings if one["code"] == "nothing-deployed"] == ["note"]


def test_nodes_of_eksctl_are_those_of_the_platform(tmp_path: Path) -> None:
    text = "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: {name: c, region: eu-west-1}\n"
    text += "managedNodeGroups:\n"
    text += "  - {name: Main, instanceType: m6i.large, minSize: 2, maxSize: 5, volumeSize: 30}\n"
    report = read(tmp_path, {"cluster.yaml": text, "web.yaml": deployment("web")})
    assert report.tree.values["platform"]["node_groups"] == {"main": {"type": "m6i.large", "min": 2, "max": 5}}
    assert report.tree.values["pricing"]["region"] == "eu-west-1"
    assert ("cluster.yaml", 5, "node group main volumeSize: 30") in listed(report)


def test_what_no_reader_knows_is_listed_with_value_and_line(tmp_path: Path) -> None:
    values = "replicaCount: 3\nredis:\n  configuration: |-\n    maxmemory 200mb\n    maxmemory-policy allkeys-lru\n"
    values += "extraEnv: [{name: DB_POOL, value: '20'}]\n"
    files = {"chart/Chart.yaml": "name: c\n", "chart/values.yaml": values, "app.yml": "web:\n  max_threads: 9\n"}
    files |= {"my.toml": "[vm]\nmemory = '512mb'\nname = 'x'\n", "web.yaml": deployment("web")}
    edge = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: edge}\nspec:\n  replicas: 2\n  template:\n    spec:\n"
    )
    edge += "      containers: [{name: n, image: nginx, resources: {requests: {cpu: 100m}}}]\n"
    found = listed(read(tmp_path, files | {"edge.yaml": edge}))
    assert found >= {
        ("chart/values.yaml", 1, "replicaCount 3"),
        ("chart/values.yaml", 4, "redis.configuration.maxmemory 200mb"),
        ("chart/values.yaml", 6, "extraEnv.DB_POOL 20"),
        ("chart/values.yaml", 5, "redis.configuration.maxmemory-policy allkeys-lru"),
        ("app.yml", 2, "web.max_threads: 9"),
        ("my.toml", 2, "vm.memory 512mb"),
        ("edge.yaml", 5, "edge replicas: 2"),
        ("edge.yaml", 8, "edge requests.cpu: 100m"),
    }
    assert not any("name" in what for file, _, what in found if file == "my.toml")


def test_an_autoscaler_of_another_folder_does_not_fight(tmp_path: Path) -> None:
    scaler = "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {scaleTargetRef: "
    scaler += "{kind: Deployment, name: web}, maxReplicas: %d, targetCPUUtilizationPercentage: 60}\n"
    one = deployment("web") + scaler % 4
    report = read(tmp_path, {"a/web.yaml": one, "b/hpa.yaml": scaler % 9})
    assert report.tree.values["services"]["web"]["autoscaler"]["max_replicas"] == 4
    assert not [row for row in report.findings if row["code"] == "hpa-twice"]


def test_a_size_of_zero_is_no_limit(tmp_path: Path) -> None:
    limits = "{deploy: {resources: {limits: {cpus: '${CPUS:-0}', memory: '0'}}}, stop_grace_period: '0'"
    compose = f"services:\n  web: {limits}, image: x}}\n  db: {limits}, image: 'postgres:16'}}\n"
    report = read(tmp_path, {"compose.yaml": compose})
    assert "resources" not in report.tree.values["services"]["web"]
    assert "memory" not in report.tree.values["database"]
    assert report.tree.values["services"]["web"]["termination_grace"] == "0 s"
    assert not [row for row in report.findings if row["level"] == "error"]


def test_a_variable_that_is_set_counts_before_the_fallback_of_a_file(tmp_path: Path) -> None:
    compose = "services:\n  web: {build: ./web, ports: ['80:80'], environment: {THREADS: '2', WORKERS: '5'}}\n"
    puma = 'threads ENV.fetch("THREADS") { 7 }\nworkers ENV.fetch("WORKERS") { 3 }\n'
    report = read(tmp_path, {"compose.yaml": compose, "web/Dockerfile": "FROM x\n", "web/config/puma.rb": puma})
    runtime = report.tree.values["services"]["web"]["runtime"]
    assert (runtime["threads"], runtime["workers"]) == (2, 5)
    assert place(report, "services.web.runtime.threads") == ("compose.yaml", 2)


def test_a_pool_of_threads_is_none_of_connections(tmp_path: Path) -> None:
    compose = "services:\n  web: {build: ./web, ports: ['80:80']}\n"
    text = 'import Pool from "tinypool";\nexport const pool = new Pool({ max: 0 });\nthis.pool = { workers: [] };\n'
    report = read(tmp_path, {"compose.yaml": compose, "web/Dockerfile": "FROM x\n", "web/pool.ts": text})
    assert "pool" not in report.tree.values["services"]["web"]


def test_the_usual_profile_is_taken_where_every_service_has_one(tmp_path: Path) -> None:
    compose = "services:\n  web: {image: x, profiles: [default]}\n  old: {image: y, profiles: [deprecated]}\n"
    assert list(read(tmp_path, {"compose.yaml": compose}).tree.values["services"]) == ["web"]


def test_what_only_sends_requests_is_asked_by_nobody(tmp_path: Path) -> None:
    compose = (
        "services:\n  web: {image: x, ports: ['80:80']}\n  vote-bot: {image: y, environment: {WEB_HOST: 'web:80'}}\n"
    )
    report = read(tmp_path, {"compose.yaml": compose})
    assert (list(report.tree.values["services"]), report.system.calls) == (["web"], {})


def test_a_container_that_builds_is_a_job(tmp_path: Path) -> None:
    compose = "services:\n  web: {image: x, ports: ['80:80']}\n  js: {image: x, command: 'yarn run build --watch'}\n"
    assert list(read(tmp_path, {"compose.yaml": compose}).tree.values["services"]) == ["web"]


def test_pools_of_php_belong_to_who_mounts_them(tmp_path: Path) -> None:
    compose = "services:\n  fpm: {image: x, volumes: ['./conf/fpm:/etc/fpm'], ports: ['9000:9000']}\n"
    compose += "  mail: {image: y, ports: ['25:25'], environment: {DATABASE_URL: 'postgres://db/x'}}\n"
    pools = "[system]\npm.max_children = 15\n[web]\npm.max_children = 50\n"
    report = read(tmp_path, {"compose.yaml": compose, "conf/fpm/pools.conf": pools})
    assert report.tree.values["services"]["fpm"]["runtime"] == {"kind": "processes", "workers": 50}
    assert "runtime" not in report.tree.values["services"]["mail"]
    assert ("conf/fpm/pools.conf", 2, "PHP-FPM pm.max_children: 15") in listed(report)


def test_a_file_counts_before_a_documented_default(tmp_path: Path) -> None:
    compose = "services:\n  web: {image: x, ports: ['80:80']}\n  db: {image: 'mysql:8'}\n"
    report = read(tmp_path, {"compose.yaml": compose, "conf/my.cnf": "[mysqld]\nmax-connections = 550\n"})
    assert report.tree.values["database"]["max_connections"] == 550
    assert place(report, "database.max_connections") == ("conf/my.cnf", 2)


def test_a_container_beside_the_database_is_not_the_service(tmp_path: Path) -> None:
    beside = ', {name: xtrabackup, image: "x/b"}]'
    text = deployment("db", 1, "mysql:8").replace("}]", "}" + beside)
    report = read(tmp_path, {"all.yaml": text + deployment("web")})
    assert list(report.tree.values["services"]) == ["web"]


def test_a_build_ends_at_its_target(tmp_path: Path) -> None:
    compose = "services:\n  web: {build: {context: web, target: dev}, ports: ['3000:3000'], environment: {API_URL: 'http://api'}}\n"
    compose += "  api: {image: x, ports: ['80:80']}\n"
    dockerfile = (
        "FROM node:20 AS dev\nENV NODE_OPTIONS=--max-old-space-size=900\nCMD npm start\nFROM dev AS build\nFROM nginx\n"
    )
    report = read(tmp_path, {"compose.yaml": compose, "web/Dockerfile": dockerfile})
    assert entries(report) == ["web"]
    assert report.tree.values["services"]["web"]["runtime"] == {"max_old_space": "900 MiB"}


def test_a_pod_alone_is_a_service_and_beside_others_is_listed(tmp_path: Path) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: shop}\nspec: {containers: [{name: w, image: x, resources: "
    pod += "{requests: {cpu: 250m}}}]}\n---\n"
    assert list(read(tmp_path / "one", {"pod.yaml": pod}).tree.values["services"]) == ["shop"]
    report = read(tmp_path / "two", {"pod.yaml": pod + deployment("api")})
    assert list(report.tree.values["services"]) == ["api"]
    assert ("pod.yaml", 4, "Pod shop: requests.cpu 250m") in listed(report)


def test_what_is_included_brings_its_variables(tmp_path: Path) -> None:
    compose = "include:\n  - {path: web/compose.yaml, env_file: web/own.env}\n"
    web = "services:\n  web: {image: x, scale: '${COUNT}', cpus: '${CPUS}'}\n"
    files = {"compose.yaml": compose, "web/compose.yaml": web, "web/own.env": "COUNT=4\nCPUS=2\n", ".env": "CPUS=3\n"}
    report = read(tmp_path, files)
    service = report.tree.values["services"]["web"]
    assert (service["replicas"], service["resources"]["cpu_limit"]) == (4, 3)
    assert place(report, "services.web.replicas") == ("web/own.env", 1)


def test_the_dockerfile_at_the_top_is_not_that_of_every_image(tmp_path: Path) -> None:
    compose = "services:\n  web: {image: x/web, ports: ['80:80']}\n  db: {image: 'postgres:16'}\n"
    dockerfile = "FROM node:20\nENV DB_POOL_MAX=9\nCMD yarn worker\n"
    report = read(tmp_path, {"compose.yaml": compose, "Dockerfile": dockerfile})
    assert (entries(report), report.system.workers) == (["web"], {})
    assert report.tree.values["services"]["web"].get("pool", {}) == {}


def test_a_variable_with_a_fallback_behind_it_is_not_missing(tmp_path: Path) -> None:
    compose = "services:\n  web: {build: ./web, ports: ['80:80'], environment: {A: '1'}}\n"
    text = "import { Pool } from 'pg';\nnew Pool({ max: number(process.env.MOST, 4), host: process.env.HOST_OF_IT });\n"
    report = read(tmp_path, {"compose.yaml": compose, "web/Dockerfile": "FROM x\n", "web/db.js": text})
    missing = [row["message"].split()[0] for row in report.findings if row["code"] == "variable-never-set"]
    assert missing == ["HOST_OF_IT"]
    assert report.tree.values["services"]["web"]["pool"]["max"] == 4


def test_a_prefixed_variable_says_the_pool(tmp_path: Path) -> None:
    compose = (
        "services:\n  web: {image: x, ports: ['80:80'], environment: {SHOP_db__max_open: 25, REDIS_DB_POOL_SIZE: 3}}\n"
    )
    compose += "  db: {image: 'postgres:16'}\n"
    assert read(tmp_path, {"compose.yaml": compose}).tree.values["services"]["web"]["pool"] == {"max": 25}


def test_a_proxy_that_is_built_here_is_a_service_where_there_is_none(tmp_path: Path) -> None:
    compose = "services:\n  front: {build: ., ports: ['80:80']}\n"
    dockerfile = "FROM node:20 AS build\nFROM nginx\nCOPY --from=build /app .\n"
    assert entries(read(tmp_path, {"compose.yaml": compose, "Dockerfile": dockerfile})) == ["front"]


def test_bounds_of_an_autoscaler_that_is_left_out_are_listed(tmp_path: Path) -> None:
    scaler = (
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  minReplicas: 2\n"
    )
    scaler += (
        "  maxReplicas: 5\n  scaleTargetRef: {kind: Deployment, name: web}\n  metrics: [{type: Pods, pods: {metric: "
    )
    scaler += "{name: unheard_of}, target: {type: AverageValue, averageValue: 3}}}]\n"
    report = read(tmp_path, {"web.yaml": deployment("web"), "hpa.yaml": scaler})
    assert {("hpa.yaml", 5, "minReplicas: 2"), ("hpa.yaml", 6, "maxReplicas: 5")} <= listed(report)


def test_a_server_of_files_is_the_service_where_there_is_none(tmp_path: Path) -> None:
    report = read(tmp_path / "one", {"web.yaml": deployment("shop", 4, "nginx:1.25")})
    assert report.tree.values["services"]["shop"]["replicas"] == 4
    both = deployment("shop", 4, "nginx:1.25") + deployment("api")
    assert list(read(tmp_path / "two", {"web.yaml": both}).tree.values["services"]) == ["api"]


def test_who_asks_an_entry_and_is_asked_by_nobody_is_an_entry(tmp_path: Path) -> None:
    compose = (
        "services:\n  api: {image: x, ports: ['80:80']}\n  board: {image: y, environment: {API_URL: 'http://api'}}\n"
    )
    report = read(tmp_path, {"compose.yaml": compose})
    assert (entries(report), list(report.system.calls)) == (["api", "board"], [("board", "api")])
