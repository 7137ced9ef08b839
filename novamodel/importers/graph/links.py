"""Who asks whom: the links that environment, arguments and ``depends_on`` show between containers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from novamodel.importers.graph.boxes import Box, Text
from novamodel.importers.graph.roles import Role

_URL = re.compile(r"([a-zA-Z][\w+.-]{0,40})://(?:[^\s/@'\"]{0,300}@)?([^\s/?#'\"<>|;)]{1,400})")
_ADDRESS = re.compile(r"(?<![\w@/.-])([A-Za-z][A-Za-z0-9_.-]{0,100}):(\d{2,5})(?![\w.])")
_HOST_NAME = re.compile(
    r"HOST|ADDR|SERVER|ENDPOINT|URL|URI|BROKER|DSN|BACKEND|UPSTREAM|NODES?$|SERVICE|DATABASE|REDIS|CONNECTION|_DB$|PEER|TARGET|API|JDBC|DATASOURCE"
)
_FROM_OUTSIDE = re.compile(
    r"PUBLIC|EXTERNAL|ALLOWED|CORS|CSRF|ORIGIN|REDIRECT|CALLBACK|TRUSTED|FRONTEND_URL|SITE_URL|"
    r"^(APP_|WEB_|SITE_)?BASE_URL$|ROOT_URL|OTEL|"
    r"OTLP|TRACING|JAEGER|ZIPKIN|NO_PROXY|^LISTEN|_LISTEN|BIND|ADVERTISED|HOSTNAME$|VIRTUAL_HOST|VITE_|REACT_APP|NEXT_PUBLIC|ISSUER"
)
_EVIDENT = (
    ("database", "postgres", r"^(DATABASE|POSTGRES|POSTGRESQL|PG|DB)_?"
     r"(URL|URI|HOST|DSN|SERVER|ADDR|CONNECTION_STRING)$|"
     r"^(POSTGRES|PG|DATABASE|DB)_?(WRITER|PRIMARY|MAIN)_?(URL|HOST)$|SPRING_DATASOURCE_URL|(^|_)(DATABASE|POSTGRES|PG)_(URL|URI|HOST|DSN)$|_DB_(URL|HOST|DSN)$"),
    ("database", "mysql", r"(^|_)(MYSQL|MARIADB)_(URL|HOST|DSN|SERVER|ADDR)"),
    ("database", "mongodb", r"(^|_)(MONGO|MONGODB)_?(URL|URI|HOST|DSN|SERVER)"),
    ("cache", "redis", r"(^|_)(REDIS|VALKEY|CACHE)(_\w+)?_(URL|URI|HOST|ADDR|SERVER|ENDPOINT)$|"
     r"^REDIS(_URL|_HOST|_ADDR)?$"),
    ("cache", "memcached", r"(^|_)MEMCACHED?_?(URL|HOST|SERVERS?|ADDR)|^MEMCACHIER"),
    ("queue", "sqs", r"(^|_)SQS(_\w+)?_(URL|QUEUE|ARN|NAME|ENDPOINT)|QUEUE_URL$|^SQS_QUEUE"),
    ("queue", "rabbitmq", r"(^|_)(RABBITMQ|AMQP|CLOUDAMQP|RABBIT)_?(URL|URI|HOST|SERVER|ADDR|DEFAULT_HOST)?$"),
    ("queue", "kafka", r"(^|_)KAFKA_?(\w+_)?(BROKERS?|BOOTSTRAP_SERVERS?|URL|HOSTS?|ADDR)|SPRING_KAFKA_BOOTSTRAP"),
    ("queue", "nats", r"(^|_)NATS_?(URL|HOST|ADDR|SERVERS?)"),
)  # fmt: skip
_SCHEMES = {
    "postgres": ("database", "postgres"), "postgresql": ("database", "postgres"), "postgis": ("database", "postgres"),
    "mysql": ("database", "mysql"), "mysql2": ("database", "mysql"), "mariadb": ("database", "mysql"),
    "mongodb": ("database", "mongodb"), "mongodb+srv": ("database", "mongodb"), "sqlserver": ("database", "sqlserver"),
    "redis": ("cache", "redis"), "rediss": ("cache", "redis"), "valkey": ("cache", "valkey"),
    "amqp": ("queue", "rabbitmq"), "amqps": ("queue", "rabbitmq"), "nats": ("queue", "nats"), "sqs": ("queue", "sqs"),
}  # fmt: skip


class Link(NamedTuple):
    """A container names another one (by its name), or a store of a kind that no file deploys (``outside``)."""

    source: str
    target: str
    place: Text
    why: str
    outside: tuple[str, str] | None = None


def hosts_of(text: str) -> list[str]:
    """Names of hosts in a text: those of URLs and of ``host:port`` pairs."""
    found: list[str] = []
    for match in _URL.finditer(text[:4000]):
        for part in match[2].split(","):
            found.append(re.sub(r":\d*$", "", part.rpartition("@")[2]))
    if not found:
        found = [match[1] for match in _ADDRESS.finditer(text[:4000])]
    return found


def links_of(box: Box, known: Mapping[str, str]) -> list[Link]:
    """The links of one container; ``known`` names the container behind each host name, in lower case."""
    found: dict[tuple[str, tuple[str, str] | None], Link] = {}

    def add(target: str, place: Text, why: str, outside: tuple[str, str] | None = None) -> None:
        if target != box.name:
            found.setdefault((target, outside), Link(box.name, target, place, why, outside))

    for name, said in box.env.items():
        upper = re.sub(r"[^A-Z0-9]+", "_", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).upper())
        if _FROM_OUTSIDE.search(upper) and not re.search(r"DATABASE|REDIS|POSTGRES", upper):
            continue
        targets = named_by(said.value or "", known, bool(_HOST_NAME.search(upper)))
        for target in targets:
            add(target, said, f"variable {name}")
        outside = None if targets or _is_own(said.value) else _outside(upper, said.value)
        if outside is not None:
            add("", said, f"variable {name}", outside)
    for word in box.words:
        for target in named_by(word.value or "", known, False):
            add(target, word, "its command")
    for need in box.needs:
        needed = known.get((need.value or "").lower())
        if needed is not None:
            add(needed, need, "depends_on")
    return list(found.values())


def named_by(text: str, known: Mapping[str, str], alone: bool) -> list[str]:
    """Containers that a text names: as a host of a URL or address, or, where ``alone``, by itself or in a list."""
    hosts = hosts_of(text)
    if alone and not hosts:
        hosts = re.split(r"[,\s]+", text.strip())[:20]
        if "=" in text:  # Server=db;Port=5432, host=db user=x
            hosts = re.findall(r"(?:host|server|data source|address)\s*=\s*(?:tcp:)?([\w.-]+)", text[:2000], re.I)
    names: dict[str, None] = {}
    for host in hosts:
        target = resolved(host, known)
        if target is not None:
            names[target] = None
    return list(names)


def resolved(host: str, known: Mapping[str, str]) -> str | None:
    """The container that answers to a host name: whole, or by its first label in a cluster's or a network's domain."""
    name = host.strip("[]").lower()
    if name in known:
        return known[name]
    first, dot, rest = name.partition(".")
    inside = re.fullmatch(
        r"[a-z0-9-]+(\.svc(\.cluster\.local)?)?|svc\.cluster\.local|local|internal|[a-z0-9-]+\.local", rest
    )
    if dot and inside and first in known and not re.fullmatch(r"com|org|net|io|dev|app|co|cloud|ai", rest):
        return known[first]
    head = (
        name.split(".")[1] if re.fullmatch(r"[a-z0-9-]+-\d+\.[a-z0-9-]+(\..*)?", name) else ""
    )  # a pod of a StatefulSet
    return known.get(head)


def _is_own(value: str | None) -> bool:
    """An address of the container itself, or nothing said in plain words."""
    return value is not None and (
        value.strip() == "" or bool(re.search(r"//(localhost|127\.0\.0\.1)|^(localhost|127\.)", value))
    )


def _outside(name: str, value: str | None) -> tuple[str, str] | None:
    scheme = re.match(r"([a-z0-9+]{3,20})(?:\+\w+)?://", value or "")
    if scheme and (kind := _SCHEMES.get(scheme[1]) or _SCHEMES.get(scheme[1].split("+")[0])):
        return kind
    if re.match(r"jdbc:(postgresql|mysql|mariadb|sqlserver)", value or ""):
        return ("database", {"postgresql": "postgres", "mariadb": "mysql"}.get((value or "").split(":")[1], "mysql"))
    if value and re.match(r"https://sqs\.", value):
        return ("queue", "sqs")
    return next(((what, program) for what, program, pattern in _EVIDENT if re.search(pattern, name)), None)


_STORE_WORDS = re.compile(
    r"[-_]?(db|database|postgres(ql)?|pg|mysql|mariadb|mongo(db)?|redis|cache|store|data|sql)[-_]?(\d+)?"
)


def by_name(stores: Iterable[Box], services: Iterable[Box]) -> list[Link]:
    """A store that is called like a service, such as ``carts-db`` beside ``carts``, is that service's."""
    found = []
    services = list(services)
    for store in stores:
        bare = _bare(_STORE_WORDS.sub("", store.name.lower()))
        fits = [box for box in services if bare and _bare(box.name) == bare]
        if len(fits) == 1:
            place = Text(store.name, store.file, store.line)
            found.append(Link(fits[0].name, store.name, place, f"the name {store.name}"))
    return found


def _bare(name: str) -> str:
    """A name without what is often put behind it, in the singular."""
    return (
        re.sub(r"[-_]?(service|svc|api|server|app|backend)$", "", name.lower())
        .replace("-", "")
        .replace("_", "")
        .rstrip("s")
    )


def known_hosts(boxes: Iterable[Box]) -> dict[str, str]:
    """Container by host name, in lower case."""
    known: dict[str, str] = {}
    for box in boxes:
        for host in sorted(box.hosts):
            known.setdefault(host.lower(), box.name)
    return known


def calls(links: Iterable[Link], roles: Mapping[str, Role]) -> list[Link]:
    """The links from one of our services or workers to another one."""
    own = ("service", "worker")
    return [
        link
        for link in links
        if link.outside is None and roles[link.source].what in own and roles[link.target].what == "service"
    ]
