"""What kind of configuration a file is: candidates by name, the kind by a look inside."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from novamodel.errors import UserError
from novamodel.importers.cloudformation.read import is_template
from novamodel.importers.ecs.copilot import is_copilot
from novamodel.importers.ecs.params import is_params
from novamodel.importers.json_kinds import kind_of_json
from novamodel.importers.kinds_of_text import SOURCE, kind_of_conf
from novamodel.importers.node import Node
from novamodel.importers.pgbouncer import read as pgbouncer
from novamodel.yamlfile import MAX_BYTES, documents_in, read_documents, read_text

KINDS = {
    "nginx": "nginx configuration",
    "kubernetes": "Kubernetes manifest",
    "compose": "Docker Compose file",
    "ecs": "ECS task definition",
    "ecs-service": "ECS service definition",
    "chart": "Helm chart",
    "kustomization": "Kustomization",
    "terraform": "Terraform",
    "cloudformation": "CloudFormation template",
    "plan": "Terraform plan or state",
    "usage": "usage file of declared resources",
    "copilot": "Copilot manifest",
    "ecs-params": "parameters of the ECS CLI",
    "prometheus": "Prometheus configuration",
    "grafana": "Grafana dashboard",
    "pool": "source with a connection pool",
    "pgbouncer": "PgBouncer settings",
    "script": "shell script",
    "postgres": "PostgreSQL settings",
    "redis": "Redis settings",
    "settings": "settings of a framework or a runtime",
    "environment": "environment file",
    "workflow": "deploy workflow",
}
CHART_NAMES = ("Chart.yaml", "Chart.yml")
KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml")
MAX_SOURCE_BYTES = 300_000
_BACKUP = re.compile(r"\b(pg_dump|pg_dumpall|pg_restore|pg_basebackup|mysqldump|mongodump|redis-cli|aws s3)\b")
_REPLICATION = re.compile(r"\b(replication|alter\s+system|create\s+(user|role))\b", re.I)
_MARKER = re.compile(
    r"""^[ \t-]*["']?(apiVersion|kind|services|scrape_configs|include|jobs|containerDefinitions|spring)["']?[ \t]*:""",
    re.M,
)
_STACK = re.compile(r"""^[ \t]{1,20}["']?Type["']?[ \t]*:[ \t]*["']?AWS::""", re.M)
_DEFINITION = re.compile(r"^kind:[ \t]*['\"]?CustomResourceDefinition\b", re.M)
_ENVIRONMENT = re.compile(
    r"(dot)?env[.-](example|sample|template|dist|defaults?|production|prod)|(example|sample)[.-]env"
)
"""Names of environment files that begin with no dot, and patterns of such files."""
_USAGE = re.compile(r"^(resource_usage|resource_type_default_usage)[ \t]*:", re.M)
_TEMPLATE = re.compile(r"^[ \t]*\{\{-?[ \t]|:[ \t]*\{\{-?[ \t]|\{\{-?[ \t]*(include|if|with|range|end|\.)", re.M)
_COMPOSE_KEYS = {
    "image", "build", "extends", "command", "ports", "environment", "deploy", "volumes", "network_mode",
    "depends_on", "env_file", "profiles", "restart", "networks", "container_name", "scale", "mem_limit", "healthcheck",
}  # fmt: skip
_TEST_NAME = re.compile(r"(^|[._-])(tests?|specs?|mocks?|e2e|stories|d)\.[cm]?[jt]sx?$|_test\.\w+$|^test_|_spec\.rb$")
_LANGUAGES = {
    ".js": b"js", ".mjs": b"js", ".cjs": b"js", ".ts": b"js", ".mts": b"js", ".cts": b"js",
    ".py": b"py", ".go": b"go", ".rb": b"rb", ".java": b"java", ".kt": b"java",
}  # fmt: skip


class Kind(NamedTuple):
    """The kind of a file (None: it is not read, and why), and its documents where it is YAML or JSON."""

    name: str | None
    documents: tuple[Node, ...] = ()
    why: str = ""


def kind_of(path: Path, shown: str) -> Kind:
    """The kind of a file that ``looks_like`` one. Raises ``UserError`` where it cannot be read."""
    return _reader(path.name)(path, shown)


def looks_like(name: str) -> bool:
    """Whether a file may be configuration, by its name alone."""
    return _reader(name) is not _other and not (ending(name) in _LANGUAGES and _TEST_NAME.search(name))


def ending(name: str) -> str:
    """The ending of a file's name, with its dot and in lower case; empty where it has none."""
    stem, dot, last = name.rpartition(".")
    return f".{last.lower()}" if dot and stem else ""


def _reader(written: str) -> Callable[[Path, str], Kind]:
    name, suffix = written.lower(), ending(written)
    if name.endswith((".tf.json", ".tfvars.json")):
        return _named("terraform")
    if name.endswith((".template", ".tmpl", ".tpl")) and "conf" in name:
        return _conf
    if name.startswith(".env") or name.endswith(".env") or _ENVIRONMENT.fullmatch(name):
        return _environment
    if name in _BY_NAME:
        return _BY_NAME[name]
    if suffix in _LANGUAGES:
        return _code
    if name.startswith("nginx") and suffix in ("", ".default"):
        return _conf
    if name.startswith("dockerfile") or suffix == ".dockerfile":
        return _settings
    return _READERS.get(suffix, _other)


def _yaml(path: Path, shown: str) -> Kind:
    name = path.name.lower()
    text = read_text(path)
    if not text.strip() or all(line.lstrip().startswith(("#", "---")) or not line.strip() for line in text.split("\n")):
        return Kind(None, why="empty")
    if name == "database.yml" and re.search(r"^[ \t]*adapter[ \t]*:", text, re.M):
        return Kind("settings")
    if path.name in CHART_NAMES:
        return Kind("chart")
    if _USAGE.search(text) and "usage" in name:
        return Kind("usage", tuple(Node(value, shown, lines) for value, lines in read_documents(path)))
    if name in KUSTOMIZATION_NAMES:
        return Kind("kustomization", tuple(Node(value, shown, lines) for value, lines in read_documents(path)))
    if _STACK.search(text):
        documents = [Node(value, shown, lines) for value, lines in read_documents(path, functions=True)]
        if any(is_template(node) for node in documents):
            return Kind("cloudformation", tuple(node for node in documents if is_template(node)))
    if "ecs-params" in name:
        documents = [Node(value, shown, lines) for value, lines in read_documents(path)]
        if any(is_params(node, name) for node in documents):
            return Kind("ecs-params", tuple(documents))
    if name in ("manifest.yml", "manifest.yaml") and re.search(r"^type[ \t]*:", text, re.M):
        documents = [Node(value, shown, lines) for value, lines in read_documents(path)]
        if any(is_copilot(node) for node in documents):
            return Kind("copilot", tuple(documents))
    marked = _MARKER.search(text)
    if ("{{" in text and not marked) or (_TEMPLATE.search(text) and not _is_jobs(text)):
        return Kind(None, why="a template: render it first (helm template) and import the result")
    if not marked:
        return Kind(None, why="no kind of YAML that is known")
    if re.search(r"^spring\s*:", text, re.M):
        return Kind("settings")
    documents = [Node(value, shown, lines) for value, lines in documents_in(_without_definitions(text), path)]
    if not documents and _DEFINITION.search(text):
        return Kind(None, why="definitions of kinds, which deploy nothing")
    for kind, test in _YAML_KINDS:
        if any(test(node, name) for node in documents):
            return Kind(kind, tuple(documents))
    return Kind(None, why="no kind of YAML that is known")


def _without_definitions(text: str) -> str:
    """The text with blank lines in place of the documents that define kinds: they are large and deploy nothing."""
    if not _DEFINITION.search(text):
        return text
    parts = re.split(r"^---", text, flags=re.M)
    return "---".join("\n" * part.count("\n") if _DEFINITION.search(part) else part for part in parts)


def _template(path: Path, shown: str) -> Kind:
    """CloudFormation's own ending; in JSON or YAML."""
    return _json(path, shown) if read_text(path).lstrip().startswith("{") else _yaml(path, shown)


def _hcl(path: Path, shown: str) -> Kind:
    """Terragrunt's files; lock files and other tools' are none."""
    if path.name == "terragrunt.hcl" and read_text(path).strip():
        return Kind("terraform")
    return Kind(None, why="no kind of file that is known")


def _is_jobs(text: str) -> bool:
    """A workflow writes ``${{ }}``, Prometheus rules write ``{{ $labels }}`` inside texts."""
    return re.search(r"^(jobs|on|groups)\s*:", text, re.M) is not None


def _has(node: Node, *words: str) -> bool:
    return isinstance(node.value, dict) and all(word in node.value for word in words)


def _is_compose(node: Node, name: str) -> bool:
    services = node["services"]
    if not isinstance(services.value, dict):
        return "compose" in name and bool(node["include"])
    known = [
        _COMPOSE_KEYS & service.value.keys() for _, service in services.entries() if isinstance(service.value, dict)
    ]
    return any(known) or "compose" in name


_YAML_KINDS: tuple[tuple[str, Callable[[Node, str], bool]], ...] = (
    ("kubernetes", lambda node, name: _has(node, "apiVersion", "kind")),
    ("prometheus", lambda node, name: _has(node, "scrape_configs")),
    ("workflow", lambda node, name: _has(node, "jobs") and (_has(node, "on") or _has(node, "true"))),
    ("ecs", lambda node, name: _has(node, "containerDefinitions")),
    ("compose", _is_compose),
)


def _json(path: Path, shown: str) -> Kind:
    if path.name.lower().startswith("appsettings"):
        return Kind("settings")
    return Kind(*kind_of_json(path, shown))


def _conf(path: Path, shown: str) -> Kind:
    text = read_text(path)
    kind = kind_of_conf(text, path.name.lower())
    why = "no kind of configuration that is known" if text.strip() else "empty"
    return Kind(kind) if kind else Kind(None, why=why)


def _code(path: Path, shown: str) -> Kind:
    if path.stat().st_size > MAX_SOURCE_BYTES:
        return Kind(None, why=f"source larger than {MAX_SOURCE_BYTES // 1000} kB")
    if SOURCE[_LANGUAGES[path.suffix.lower()]].search(_bytes(path)):
        read_text(path)
        return Kind("pool")
    return Kind(None, why="source without a connection pool")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise UserError(f"cannot be read: {problem.strerror}", file=path) from None


def _sql(path: Path, shown: str) -> Kind:
    if path.stat().st_size <= MAX_BYTES and _REPLICATION.search(_bytes(path).decode("utf-8", "replace")):
        return Kind("postgres")
    return Kind(None, why="SQL that says nothing about replication or roles")


def _ini(path: Path, shown: str) -> Kind:
    text = read_text(path)
    if pgbouncer.SECTION.search(text):
        return Kind("pgbouncer")
    if re.search(r"^[ \t]*\[uwsgi\]", text, re.M):
        return Kind("settings")
    return Kind(None, why="no kind of settings that is known")


def _properties(path: Path, shown: str) -> Kind:
    if re.search(r"^[ \t]*(spring|server|quarkus)\.", read_text(path), re.M):
        return Kind("settings")
    return Kind(None, why="no kind of settings that is known")


def _settings(path: Path, shown: str) -> Kind:
    read_text(path)
    return Kind("settings")


def _environment(path: Path, shown: str) -> Kind:
    read_text(path)
    return Kind("environment")


def _other(path: Path, shown: str) -> Kind:
    return Kind(None, why="no kind of file that is known")


def _script(path: Path, shown: str) -> Kind:
    if _BACKUP.search(read_text(path)):
        return Kind("script")
    return Kind(None, why="a script that says nothing about backups")


def _named(kind: str) -> Callable[[Path, str], Kind]:
    def read(path: Path, shown: str) -> Kind:
        return Kind(kind) if read_text(path).strip() else Kind(None, why="empty")

    return read


_READERS: dict[str, Callable[[Path, str], Kind]] = {
    ".yaml": _yaml,
    ".yml": _yaml,
    ".template": _template,
    ".tfstate": _json,
    ".json": _json,
    ".conf": _conf,
    ".cnf": _conf,
    ".nginx": _conf,
    ".vhost": _conf,
    ".ini": _ini,
    ".tf": _named("terraform"),
    ".tfvars": _named("terraform"),
    ".hcl": _hcl,
    ".sh": _script,
    ".sql": _sql,
    ".properties": _properties,
    ".prisma": _settings,
}
_BY_NAME: dict[str, Callable[[Path, str], Kind]] = {"procfile": _settings, "proxy_params": _conf}
