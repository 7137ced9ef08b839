"""PostgreSQL and Redis as files run them: replication, access, memory, and files that nothing reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from novamodel.audit.form import NotChecked, Place, fault
from novamodel.audit.seen import Seen
from novamodel.importers.aws.stores import DATABASE
from novamodel.importers.kubernetes.objects import WORKLOADS, main_container
from novamodel.importers.names import is_image_of
from novamodel.importers.node import Node
from novamodel.importers.quantity import whole
from novamodel.scenario import Finding

_LOCAL = re.compile(r"\s(127\.0\.0\.1|::1|localhost|samehost)\b")
_HBA = re.compile(r"\s*host(ssl|nossl|gssenc)?\s")


def find(seen: Seen) -> Iterator[Finding | NotChecked]:
    """Every fault of databases and caches that files run."""
    for raw, service in seen.compose_services.items():
        if is_image_of(service["image"].text, "postgres"):
            yield from _postgres(raw, service, seen)
        if is_image_of(service["image"].text, "redis", "valkey"):
            yield from _redis(raw, service, seen)
    yield from _settings(seen)
    yield from _access(seen)


def _words(node: Node) -> list[str]:
    return (" ".join(part.text for part in node) if isinstance(node.value, list) else node.text).split()


def _postgres(raw: str, service: Node, seen: Seen) -> Iterator[Finding]:
    part = service["environment"]
    names = [(name, part[name].line) for name, _ in part.entries()]
    names += [(node.text.partition("=")[0], node.line) for node in part]
    official = "/" not in service["image"].text or service["image"].text.startswith(("library/", "docker.io/library/"))
    for name, line in names:
        if name.startswith("POSTGRES_REPLICATION_") and official:
            message = f"{name} is no variable of the postgres image: nothing reads it, no replication user is made"
            yield fault(
                "postgres-variable-unread", Place(part.file, line), message, "create the role in an init script"
            )
    yield from _own_settings(raw, service, seen)
    yield from _superuser(raw, seen)


def _superuser(raw: str, seen: Seen) -> Iterator[Finding]:
    """The role that the postgres image makes is a superuser (docker-library/docs, POSTGRES_USER)."""
    boxes = seen.sources.boxes.get("compose", [])
    given = next((box.env.get("POSTGRES_USER") for box in boxes if box.name == raw), None)
    user = given.value if given is not None else "postgres"
    if not user:
        return
    for box in [one for one in boxes if one.name != raw]:
        for name, text in box.env.items():
            asked = re.search(rf"://{re.escape(user)}(:[^@/]*)?@{re.escape(raw)}[:/]", text.value or "")
            if asked and text.file:
                message = f"{box.name} logs in as {user}, the superuser of {raw}: one injection owns the server"
                yield fault("service-is-superuser", text, message, f"give it a role of its own in {name}")
                break


def _own_settings(raw: str, service: Node, seen: Seen) -> Iterator[Finding]:
    """Files that are mounted where PostgreSQL looks for none (runtime-config-file-locations in its manual)."""
    command = " ".join(_words(service["command"]))
    given = re.search(r"config_file=(\S+)", command)
    mine = [(path, volume, inside) for one, volume, path, inside in seen.volumes if one == raw]
    settings = next(((path, volume) for path, volume, inside in mine if given and inside == given[1]), None)
    text = seen.text(settings[0]) if settings else ""
    for _, volume, inside in mine:
        if (
            inside.endswith("pg_hba.conf")
            and not inside.startswith("/var/lib/postgresql")
            and "hba_file" not in command
        ):
            if settings and text and re.search(r"^[ \t]*hba_file\b", text, re.M):
                continue
            message = f"nothing reads {inside}: PostgreSQL takes pg_hba.conf from its data directory"
            yield fault("hba-file-unread", volume, message, f"add -c hba_file={inside}")
    if (
        settings
        and text
        and not re.search(r"^[ \t]*listen_addresses\b", text, re.M)
        and "listen_addresses" not in command
    ):
        message = f"{settings[0]} sets no listen_addresses: PostgreSQL answers on localhost only, nobody can connect"
        yield fault("listen-addresses-unset", settings[1], message, "add listen_addresses = '*'")


def _redis(raw: str, service: Node, seen: Seen) -> Iterator[Finding]:
    command, place = _words(service["command"]), service["command"] or service["image"]
    own_file = any(word.endswith(".conf") for word in command)
    followed = next(
        (command[at + 1] for at, word in enumerate(command[:-1]) if word in ("--slaveof", "--replicaof")), ""
    )
    if followed:
        master = seen.compose_services.get(followed)
        asks = "--requirepass" in (_words(master["command"]) if master is not None else command)
        if asks and "--masterauth" not in command and not own_file:
            message = f"{raw} follows a master that wants a password and has no --masterauth: replication is refused "
            message += "for ever, the replica answers from an empty data set"
            fix = "add --masterauth with the master's password"
            yield fault("redis-replica-without-masterauth", place, message, fix)
        named = any(_names(box.env, raw) for box in seen.boxes()) or _sentinel(seen)
        if not named:
            message = f"{raw} is asked by nobody, and no Sentinel makes it the master when {followed} is lost"
            fix = "add Sentinel and name it in the clients, or leave the replica out"
            yield fault("redis-replica-unused", place, message, fix)
    elif "--maxmemory" not in command and not own_file and not any(word.startswith("--maxmemory") for word in command):
        message = f"{raw} has no maxmemory: it grows until the machine or its limit ends it, and evicts nothing"
        yield fault("redis-without-maxmemory", place, message, "add --maxmemory and --maxmemory-policy")


def _names(env: object, host: str) -> bool:
    texts = [text.value or "" for text in env.values()] if isinstance(env, dict) else []
    return any(re.search(rf"(^|[@/,]){re.escape(host)}(:|,|/|$)", text) for text in texts)


def _sentinel(seen: Seen) -> bool:
    return any("sentinel" in f"{box.command} {box.image_name} {box.name}".lower() for box in seen.boxes())


def _has_replica(seen: Seen) -> bool:
    """Whether any file deploys a second PostgreSQL."""
    names = [raw for raw, one in seen.compose_services.items() if is_image_of(one["image"].text, "postgres")]
    estate = seen.sources.estate
    replicas = [bool(one.body["replicate_source_db"]) for one in estate.of(DATABASE)]
    managed = bool(estate.of("aws_rds_cluster_instance", "aws_rds_cluster")) or bool(seen.sources.cluster.of("Store"))
    several = [
        found
        for found in seen.sources.cluster.of(*WORKLOADS)
        if is_image_of(main_container(found)["image"].text, "postgres")
        and (whole(found.at("spec", "replicas").value) or 1) != 1
    ]
    return len(names) > 1 or any(replicas) or managed or bool(several) or bool(seen.unread)


def _settings(seen: Seen) -> Iterator[Finding]:
    lines = seen.settings
    streams = any(
        (_HBA.match(line) and re.search(r"\sreplication\s", line) and not _LOCAL.search(line))
        or re.search(r"create\s+(user|role)\b.*\breplication\b", line, re.I)
        for _, _, line in lines
    )
    text = "\n".join(line for _, _, line in lines)
    alone = streams and not _has_replica(seen)
    for shown, number, line in lines:
        place = Place(shown, number)
        remote = _HBA.match(line) and re.search(r"\sreplication\s", line) and not _LOCAL.search(line)
        if alone and (remote or re.match(r"\s*wal_level\s*=\s*'?replica", line)):
            message = "streaming replication is configured, and no file deploys a replica"
            yield fault("replica-not-deployed", place, message, "deploy one, or leave the settings out")
        waits = streams and re.match(r"\s*synchronous_commit\s*=\s*'?on", line)
        if waits and "synchronous_standby_names" not in text:
            message = "synchronous_commit = on without synchronous_standby_names waits for no replica: "
            message += "a failover loses the newest transactions"
            fix = "name the standby in synchronous_standby_names"
            yield fault("replication-asynchronous", place, message, fix)
        if re.match(r"\s*max_replication_slots\s*=\s*[1-9]", line) and streams and "max_slot_wal_keep_size" not in text:
            message = "a replica that is gone keeps its slot, and the slot keeps all WAL until the disk is full"
            yield fault("slot-keeps-wal", place, message, "set max_slot_wal_keep_size")
        if re.search(r"\bPASSWORD\s+'[^'$%:{<]+'", line, re.I):
            yield fault("password-in-file", place, "a password stands in the file", "set it from a secret")
        if re.search(r"CONNECTION\s+LIMIT", line.upper().partition("REPLICATION")[2]):
            message = "CONNECTION LIMIT does not count replication connections: max_wal_senders limits them (before "
            message += "17.3, 16.7, 15.11, 14.16 and 13.19 it did, and refused a standby that came back too soon)"
            yield fault("replication-connection-limit", place, message, "leave it out")


def _access(seen: Seen) -> Iterator[Finding]:
    """Lines of pg_hba.conf: PostgreSQL takes the first that fits, and refuses who fits none."""
    files: dict[str, list[tuple[Place, list[str], str]]] = {}
    for shown, number, line in seen.settings:
        if re.match(r"\s*(host\w*|local)\s+\S+\s+\S+\s+\S+", line) and not line.strip().endswith(";"):
            files.setdefault(shown, []).append((Place(shown, number), line.split(), line))
    for lines in files.values():
        for place, words, line in lines:
            if words[0] != "local" and re.search(r"\bmd5\s*$", line):
                yield fault("md5-password", place, "md5 passwords are deprecated", "write scram-sha-256")
            if words[0] != "local" and re.search(r"\s[a-z]\w*_ip\b", line):
                message = "the address is a placeholder: PostgreSQL does not load the file"
                yield fault("placeholder", place, message, "write the replica's address")
            if words[0] == "host" and words[1] == "replication" and not _LOCAL.search(line):
                message = "host takes connections without TLS too: the whole database passes in the clear"
                yield fault("replication-without-tls", place, message, "write hostssl")
            if words[0] != "local" and words[-1] == "trust" and not _LOCAL.search(line):
                yield fault("hba-trust", place, "trust asks nobody for a password", "write scram-sha-256")
        if all(words[1] == "replication" for _, words, _ in lines):
            message = "only replication is let in: every connection of a service is refused (no pg_hba.conf entry)"
            fix = "add a line for the services' database, user and network"
            yield fault("hba-without-services", lines[0][0], message, fix)
