"""What a container is: a service of our own, a worker, a job, a store, a queue, a proxy, or a tool beside them."""

from __future__ import annotations

import re
from typing import NamedTuple

from novamodel.importers.graph.boxes import Box
from novamodel.importers.names import image_name, is_infrastructure

DATABASES = {
    "postgres": r"postgres(ql)?|postgis|timescaledb(-ha)?|pgvector|spilo(-\d+)?|citus|supabase-postgres|pgvecto-rs"
    r"|postgresql-repmgr|immich-postgres|paradedb",
    "mysql": r"mysql(-server)?|mariadb(-galera)?|percona(-server)?|percona-xtradb-cluster|tidb|vitess",
    "mongodb": r"mongo(db)?(-community-server|-sharded)?|ferretdb|documentdb(-local)?",
    "sqlserver": r"mssql(-server)?(-linux)?|azure-sql-edge|mssql-server-linux",
    "oracle": r"oracle-(xe|free)|oracle-database",
    "cassandra": r"cassandra|scylla",
    "cockroachdb": r"cockroach|yugabyte",
    "couchdb": r"couchdb|couchbase",
    "dynamodb": r"dynamodb-local",
    "neo4j": r"neo4j",
}
CACHES = {
    "redis": r"redis(-stack(-server)?|-cluster|-sentinel|-alpine)?|keydb|dragonfly",
    "valkey": r"valkey(-cluster)?",
    "memcached": r"memcached",
}
QUEUES = {
    "rabbitmq": r"rabbitmq(-management)?",
    "kafka": r"(cp-|bitnami-)?(enterprise-)?kafka(-\w+)?|redpanda|strimzi",
    "nats": r"nats(-streaming)?",
    "activemq": r"activemq(-\w+)?|artemis",
    "sqs": r"elasticmq(-native)?|localstack",
    "beanstalkd": r"beanstalkd",
}
PROXIES = (
    r"nginx(-unprivileged|-ingress)?|openresty|traefik|haproxy|envoy(-\w+)?|"
    r"caddy|kong|apisix|varnish|httpd|swag|nginx-proxy(-manager)?"
)
TOOLS = (
    r"prometheus|grafana|alertmanager|cadvisor|loki|promtail|tempo|jaeger(-\w+)?|all-in-one|zipkin(-slim)?|"
    r"opentelemetry-collector(-\w+)?|otel\w*|fluentd|fluent-bit|logstash|kibana|elasticsearch|opensearch(-dashboards)?|"
    r"heapster(-\w+)?|influxdb|telegraf|statsd|graphite(-statsd)?|kube-state-metrics|node-exporter|metricbeat|filebeat|"
    r"dd-agent|datadog|newrelic\S*|sentry-\w+|adminer|pgadmin4?|phpmyadmin|mongo-express|redis-?commander|redisinsight|"
    r"rediscommander|mailhog|mailpit|maildev|mailcatcher|smtp4dev|inbucket|portainer(-ce)?|watchtower|dozzle|certbot|"
    r"cert-manager\S*|vault|consul|etcd|zookeeper|cp-zookeeper|schema-registry|cp-schema-registry|kafdrop|kafka-ui|kafka-manager\S*|cmak|akhq|"
    r"selenium\S*|standalone-chrome\S*|browserless\S*|minio|localstack|azurite|fake-gcs-server|rustfs|garage|clickhouse(-server)?|docker-registry|busybox|alpine|curl|wait|"
    r"docker-socket-proxy|oauth2-proxy|pause|flagd(-ui)?|coredns|metrics-server|weave-scope|meilisearch|typesense|"
    r"qdrant|weaviate|chroma|milvus|toxiproxy|wiremock|mockserver|swagger-ui|dnsmasq|bind9|unbound|"
    r"[\w-]+-operator|cloudnative-pg|kube-rbac-proxy|[\w-]*(ingress|balancer|secrets|snapshot|certificate|rollouts)-controller|"
    r"clamav\S*|exim\S*|postfix|docker-mailserver|smtp|autoheal|ofelia|postgres-exporter|redis-exporter|logspout|coturn"
)
TOOL_IMAGES = (
    r"(^|/)(redpandadata/console|datadog/[\w-]+|timberio/vector|weaveworks/scope|minio/mc|library/registry|^registry)$"
)
TOOL_WORDS = {
    "clickhouse", "minio", "seaweedfs", "zookeeper",
    "grafana", "prometheus", "influxdb", "heapster", "jaeger", "zipkin", "kibana", "elasticsearch", "opensearch",
    "alertmanager", "fluentd", "filebeat", "promtail", "loki", "otelcol",
    "phpmyadmin", "pgadmin", "mailhog", "portainer",
}  # fmt: skip
"""Words of an image's name that only a tool has."""
TOOL_SPACES = {"kube-system", "monitoring", "logging", "observability", "istio-system", "cert-manager", "ingress-nginx"}
_LAST_WORDS = {
    "database": {"postgres": "postgres", "postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql",
                 "mongo": "mongodb", "mongodb": "mongodb"},
    "cache": {"redis": "redis", "valkey": "valkey", "memcached": "memcached"},
    "queue": {"rabbitmq": "rabbitmq", "kafka": "kafka"},
}  # fmt: skip
"""Last words of the names of images that run a store of their own making, such as ``shop-postgres``."""
PORTS = {5432: ("database", "postgres"), 3306: ("database", "mysql"), 27017: ("database", "mongodb"),
         1433: ("database", "sqlserver"), 6379: ("cache", "redis"), 11211: ("cache", "memcached"),
         5672: ("queue", "rabbitmq"), 9092: ("queue", "kafka")}  # fmt: skip
_EXPORTER = re.compile(
    r"(redis|postgres|node|mysqld?|mongodb|nginx|prometheus|kafka|rabbitmq|blackbox|statsd|memcached|pgbouncer|process|jmx|"
    r"elasticsearch|haproxy|celery|php-fpm|ecs|cloudwatch|snmp|sql)[-_](\w+[-_])?exporter$"
)
"""Exporters of metrics; others are services of somebody's own."""
_BESIDE = re.compile(
    r"(^|[-_])(config|configuration|discovery|eureka|nacos|service-registry|registry|spring-boot-admin)[-_]?(server|service)?$|^admin-server$"
)
"""Servers that services ask when they start, and tools that watch them."""
_LOAD = re.compile(
    r"^load$|virtual-(customer|worker|user)|load-?(gen|generator|test|tester)|locust|\bk6\b|jmeter|artillery|gatling|vegeta|wrk2?$|traffic-?replay|user-sim"
)
_CLIENT = re.compile(
    r"(^|[-_])(bot|client|agent|runner|simulat\w*|traffic|tester|crawler|pinger|requester)s?([-_]|\d|$)"
)
"""Names of those who may send requests and take none."""
TESTS = "it runs tests"
_TESTS = re.compile(
    r"(^|[-_])(playwright|cypress|puppeteer|testcafe|newman|e2e|(integration|component|unit|acceptance|smoke)-?tests?|test-?runner)"
    r"([-_]|$)|^tests?$|^specs?$"
)
_JOB = re.compile(
    r"(^|[-_])(migrat(e|ion|ions|or)|seed(er)?|init|setup|bootstrap|db-?init|create-?buckets?|install|createbuckets|provision|"
    r"(config|data|db|fixtures?|schema)-?loader)([-_]|$)"
)
_JOB_COMMAND = re.compile(
    r"\b(migrate|db:migrate|db:prepare|db:setup|alembic upgrade|"
    r"prisma migrate|prisma db push|flyway|liquibase|collectstatic)\b"
)
_BUILD_COMMAND = re.compile(r"\b((yarn|npm|pnpm|bun)( run)?[ :]build|webpack|esbuild|tailwindcss|assets:precompile)\b")
_SERVES_TOO = re.compile(r"\b(start|serve|server|gunicorn|uvicorn|puma|node|java|nginx|preview)\b")
_SERVES = re.compile(
    r"\b(serve|server|start|run|runserver|gunicorn|uvicorn|puma|unicorn|node |java |nginx|exec|up|daphne|rails s)\b"
)
_WORKER = re.compile(
    r"(^|[-_])(workers?|sidekiq|celery(-?beat)?|consumer|beat|scheduler|crons?|queue-?(master|worker|runner)?|horizon|resque|jobs?|"
    r"background|housekeeping|maintenance|triggerer|subscribers?|cleanup|processor)([-_]|\d|$)"
)
_WORKER_COMMAND = re.compile(
    r"\bcelery\b.*\b(worker|beat)\b|\bsidekiq\b|\brq worker\b|\bqueue:work\b|\bhorizon\b|\bresque\b|\bdramatiq\b|"
    r"\bhuey\b|"
    r"\barq\b|\bschedule:(run|work)\b|(?<!--)(?<!\.)\bworker(s|\.\w+)?\b|\bjobs:work\b|\bcron\b|run consumer|taskworker"
)


class Role(NamedTuple):
    """What a container is (service, worker, job, load, database, cache, queue, proxy, pgbouncer, tool), and which."""

    what: str
    program: str = ""
    why: str = ""


def role_of(box: Box) -> Role:
    """The role of a container, by image, then by command, name and ports."""
    image = image_name(box.image_name).lower()
    name = image.rpartition("/")[2]
    known = _by_image(image, name)
    if box.job:
        return Role("job", why=f"a {box.job}")
    if known is not None and not (box.built and known.what == "tool"):
        return known
    raw = box.name.lower()
    if raw in TOOL_WORDS:
        return Role("tool", raw)
    if box.space in TOOL_SPACES:
        return Role("tool", name, f"namespace {box.space}")
    if _BESIDE.search(raw):
        return Role("tool", raw, "services ask it when they start, not with each request")
    if _LOAD.search(raw) or _LOAD.search(name):
        return Role("load", why="a load generator")
    if _TESTS.search(raw):
        return Role("load", why=TESTS)
    if _WORKER_COMMAND.search(box.command):
        return Role("worker", why="its command runs a worker")
    if _JOB.search(raw) or (_JOB_COMMAND.search(box.command) and not _SERVES.search(_JOB_COMMAND.sub("", box.command))):
        return Role("job", why="it runs once")
    if _BUILD_COMMAND.search(box.command) and not _SERVES_TOO.search(box.command):
        return Role("job", why="it builds")
    ports = {PORTS[port] for port in box.ports if port in PORTS}
    if len(ports) == 1 and len(box.ports) == 1:
        return Role(*ports.pop(), why="by its port")
    if image and not name.endswith("-exporter") and is_infrastructure(image):
        return Role("tool", name)
    if _WORKER.search(raw) and box.published is None:
        return Role("worker", why="by its name")
    return Role("service")


def is_client(name: str) -> bool:
    """Whether a name is that of somebody who sends requests."""
    return _CLIENT.search(name.lower()) is not None


def _by_image(image: str, name: str) -> Role | None:
    if _EXPORTER.search(name):
        return Role("tool", name)
    if name in ("pgbouncer", "pgbouncer-container", "pgcat", "odyssey", "pgpool", "supavisor"):
        return Role("pgbouncer", name)
    for what, table in (("database", DATABASES), ("cache", CACHES), ("queue", QUEUES)):
        for program, pattern in table.items():
            if re.fullmatch(pattern, name):
                return Role(what, program)
    last = name.rpartition("-")[2]
    for what, table in _LAST_WORDS.items():
        if last in table and last != name:
            return Role(what, table[last])
    if "mssql/server" in image or "mssql/rhel" in image:
        return Role("database", "sqlserver")
    if image.endswith("/database/free") or "oracle/database" in image:
        return Role("database", "oracle")
    if re.fullmatch(PROXIES, name):
        return Role("proxy", name)
    if re.fullmatch(TOOLS, name) or re.search(TOOL_IMAGES, image) or TOOL_WORDS & set(re.split(r"[-_]", name)):
        return Role("tool", name)
    return None
