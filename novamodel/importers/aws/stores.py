"""RDS, Aurora and ElastiCache as declared: the databases and caches of the scenario."""

from __future__ import annotations

from typing import Any, get_args

from novamodel.importers.aws.estate import Estate
from novamodel.importers.declared import Resource
from novamodel.importers.postgres.memory import memory_said
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft, Said
from novamodel.scenario import cache_nodes, database_classes
from novamodel.scenario.backend import Cache, Database

DATABASE, CLUSTER, MEMBER = "aws_db_instance", "aws_rds_cluster", "aws_rds_cluster_instance"
CACHES = ("aws_elasticache_replication_group", "aws_elasticache_cluster")
GROUPS = ("aws_db_parameter_group", "aws_rds_cluster_parameter_group")
_RDS_DEFAULT = "gp2"
UNSAID_DAYS = {
    (DATABASE, "Terraform"): 0,
    (CLUSTER, "Terraform"): 1,
    (DATABASE, "CloudFormation"): 1,
    (CLUSTER, "CloudFormation"): 1,
}
"""Days of automated backups where a template is silent: Terraform's AWS provider, and the RDS API."""
_PLAIN = (("multi_az", "multi_az"), ("backup_retention_period", "backup_retention_days"))


def say_stores(estate: Estate, draft: Draft) -> None:
    """Write the database, its read replicas and the cache; further ones are listed."""
    primaries, copies = primaries_of(estate)
    clusters = sorted(estate.of(CLUSTER), key=lambda one: -_memory(estate, one))
    main = next(iter(primaries), None)
    if clusters and (main is None or _memory(estate, clusters[0]) > _memory(estate, main)):
        main = clusters[0]
        _aurora(estate, main, draft)
    elif main is not None:
        _database(estate, main, draft)
    for one in [*primaries, *clusters]:
        if one is not main:
            _further(one, "database", draft)
    if primaries and copies:
        if main is primaries[0]:
            _read_replicas(copies, draft)
        else:
            for one in copies:
                _further(one, "database", draft)
    caches = [one for kind in CACHES for one in estate.of(kind) if not _belongs_to_group(estate, one)]
    for one in caches[:1]:
        _cache(estate, one, draft)
    for one in caches[1:]:
        _further(one, "cache", draft)


def _memory(estate: Estate, one: Resource) -> float:
    """Bytes of memory of a database, or of a cluster's members, as far as files say; 0 else."""
    sizes = {each.name: float(each.memory) for each in database_classes()}
    if one.type == DATABASE:
        return sizes.get(one.text("instance_class"), 0.0) * one.count
    members = [each for each in estate.of(MEMBER) if estate.linked(each.body["cluster_identifier"], CLUSTER) is one]
    most = whole(one.body["serverlessv2_scaling_configuration"][0]["max_capacity"].value)
    acu = float(most) * 2 * 2**30 if isinstance(most, int | float) else 0.0  # a unit has 2 GiB
    return sum(sizes.get(each.text("instance_class"), acu) * each.count for each in members)


def primaries_of(estate: Estate) -> tuple[list[Resource], list[Resource]]:
    """(databases that are written to, PostgreSQL's first; read replicas of them)."""
    found = estate.of(DATABASE)
    copies = [one for one in found if one.body["replicate_source_db"]]
    primaries = [one for one in found if not one.body["replicate_source_db"]]
    primaries.sort(key=lambda one: one.text("engine").lower() not in ("", "postgres"))
    return primaries, copies


def _belongs_to_group(estate: Estate, one: Resource) -> bool:
    value = one.body["replication_group_id"]
    return one.type == CACHES[1] and bool(value) and estate.linked(value, CACHES[0]) is not None


def _further(one: Resource, what: str, draft: Draft) -> None:
    one.listed = True
    count = f"{one.count} x " if one.count > 1 else ""
    draft.leave(one.file, one.line, f"{count}{one.label}: {_words(one)}", f"a further {what}: it has no place here")


def _words(one: Resource) -> str:
    return one.with_lines() or "no values"


def _allowed(model: type, field: str) -> tuple[Any, ...]:
    return get_args(model.model_fields[field].annotation)  # type: ignore[attr-defined]


def _database(estate: Estate, one: Resource, draft: Draft) -> None:
    def put(path: str, value: Any, key: str, why: str = "", kind: str = "file") -> None:
        draft.say(Said(f"database.{path}", value, *one.place(key), why, kind))

    one.modelled = "database"
    draft.say(Said("database", None, one.file, one.line))
    for key, path in _PLAIN:
        value = whole(one.get(key))
        if value is not None:
            put(path, _switch(value), key)
    _backups(one, draft)
    _engine(one, put, draft)
    size = whole(one.get("allocated_storage"))
    if isinstance(size, int) and not isinstance(size, bool) and size > 0:
        put("storage", f"{size} GiB", "allocated_storage")
    elif size is not None:
        _strange(one, "allocated_storage", "storage is assumed", draft)
    _storage_type(one, put, draft)
    iops = whole(one.get("iops"))
    if isinstance(iops, int) and iops > 0:
        put("iops", iops, "iops")
    if one.get("max_allocated_storage") is not None:
        draft.leave(
            *one.place("max_allocated_storage"),
            f"max_allocated_storage {one.get('max_allocated_storage')}",
            "acts where database.growth says how fast the storage fills (growth.max_allocated)",
        )
    _class(one, put, draft)
    _parameters(estate, one, draft)


def _backups(one: Resource, draft: Draft) -> None:
    """Days that RDS keeps backups where nobody writes it: what the tool that makes the database takes."""
    key = "backup_retention_period"
    if one.body[key] or key in _gap_keys(one) or one.get("snapshot_identifier") is not None:
        return
    made_by = "Terraform" if one.file.endswith((".tf", ".tf.json")) else "CloudFormation"
    days = UNSAID_DAYS[one.type, made_by]
    why = f"documented: {made_by} takes {days} where it is left out: {'one day' if days else 'no backup at all'}"
    draft.say(Said("database.backup_retention_days", days, one.file, one.line, why, "documented"))
    if not days:
        message = f"{one.name} keeps no backups: {made_by} takes {key} = 0 where it is left out"
        draft.find("warning", "database-without-backup", one.file, one.line, message, f"set {key} to 7 or more")


def _switch(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _strange(one: Resource, key: str, then: str, draft: Draft) -> None:
    """A value that nothing can be made of."""
    message = f"{key} is {str(one.get(key))[:40]!r}: {then}"
    draft.find("error", "value-unreadable", *one.place(key), message, f"correct {key}")


def _engine(one: Resource, put: Any, draft: Draft) -> None:
    engine = one.text("engine").lower()
    version = one.text("engine_version")
    postgres = engine in ("", "postgres", "postgresql", "aurora-postgresql")
    if version and postgres and version.split(".")[0].isdecimal():
        put("version", version.split(".")[0], "engine_version")
    if not postgres:
        message = f"the engine is {engine[:40]}: it is simulated and priced as PostgreSQL"
        fix = "read latency, use and price of the database as those of PostgreSQL"
        draft.find("warning", "database-engine", *one.place("engine"), message, fix)


def _storage_type(one: Resource, put: Any, draft: Draft) -> None:
    """The written type; left out, RDS takes io1 where iops are given, else gp2."""
    written = one.text("storage_type").lower()
    allowed = _allowed(Database, "storage_type")
    if written in allowed:
        put("storage_type", written, "storage_type")
        return
    if not written:
        if _RDS_DEFAULT in allowed and one.type == DATABASE and "storage_type" not in _gap_keys(one):
            kind = "io1" if one.get("iops") is not None and "io1" in allowed else _RDS_DEFAULT
            put("storage_type", kind, "", f"documented: RDS takes {kind} where storage_type is left out", "documented")
        return
    put("storage_type", "gp3", "storage_type", f"assumed: {written[:20]} has no model, gp3 is taken", "assumed")
    message = f"storage_type is {written[:40]!r}: it has no model, and gp3 is taken in its place"
    draft.find("warning", "storage-type", *one.place("storage_type"), message, "read storage and its price as gp3's")


def _gap_keys(one: Resource) -> set[str]:
    return {what.split(" = ")[0] for what, _, _ in one.gaps}


def _class(one: Resource, put: Any, draft: Draft) -> None:
    """The class alone: the scenario derives cores, memory and connections from it."""
    name = one.text("instance_class")
    if name and all(name != known.name for known in database_classes()):
        message = f"RDS class {name[:40]!r} is not known: cores and memory are defaults, and nothing prices it"
        fix = "set database.instance_class to a known class, or database.cores and database.memory"
        draft.find("warning", "instance-class-unknown", *one.place("instance_class"), message, fix)
    elif name:
        put("instance_class", name, "instance_class")


def _parameters(estate: Estate, one: Resource, draft: Draft) -> None:
    """max_connections and memory in the parameter group that the database uses, or in the only one."""
    key = "parameter_group_name" if one.type == DATABASE else "db_cluster_parameter_group_name"
    group = estate.linked(one.body[key], *GROUPS) if one.body[key] else None
    groups = [group] if group is not None else estate.of(*GROUPS) if len(estate.of(*GROUPS)) == 1 else []
    for found in groups:
        found.modelled = "database"
        for parameter in found.body["parameter"]:
            name, value = parameter["name"].text, whole(parameter["value"].value)
            place = (parameter.file, parameter["value"].line)
            if name == "max_connections" and isinstance(value, int) and value > 0:
                draft.say(Said("database.max_connections", value, *place, "parameter group"))
            elif (said := memory_said("database", name, str(value), *place, "parameter group")) is not None:
                draft.say(said)
            elif name:
                draft.leave(*place, f"{name} = {str(value)[:60]}", "PostgreSQL parameter: no place for it")


def _aurora(estate: Estate, cluster: Resource, draft: Draft) -> None:
    """Aurora is simulated as PostgreSQL on its writer's cores; its storage and its price are its own."""
    draft.say(Said("database", None, cluster.file, cluster.line))
    _engine(cluster, lambda path, value, key: draft.say(Said(f"database.{path}", value, *cluster.place(key))), draft)
    members = [
        one for one in estate.of(MEMBER) if estate.linked(one.body["cluster_identifier"], CLUSTER) in (cluster, None)
    ]
    named = [(one, one.text("instance_class")) for one in members]
    for one, name in named[:1]:
        known = next((each for each in database_classes() if each.name == name), None)
        if known is not None:
            why = f"derived: {name} of Aurora, simulated as PostgreSQL"
            draft.say(Said("database.cores", known.cores, *one.place("instance_class"), why, "derived"))
            memory = f"{known.memory / 2**30:g} GiB"
            draft.say(Said("database.memory", memory, *one.place("instance_class"), why, "derived"))
    count = sum(one.count for one in members)
    what = f"{cluster.label}: Aurora {cluster.text('engine')} {cluster.text('engine_version')}".rstrip()
    what += f", {count} instances" + (f" of {named[0][1]}" if named and named[0][1] else "") if count else ""
    for one in (cluster, *members):
        one.listed = True
    why = "simulated as PostgreSQL; its storage, readers and failover are its own"
    draft.leave(cluster.file, cluster.line, what, why)
    for key, path in _PLAIN:
        value = whole(cluster.get(key))
        if value is not None:
            draft.say(Said(f"database.{path}", _switch(value), *cluster.place(key)))
    _backups(cluster, draft)
    _parameters(estate, cluster, draft)


def _read_replicas(copies: list[Resource], draft: Draft) -> None:
    """How many there are, and the class of the first: those that are alike are modelled."""
    first = copies[0]
    name = first.text("instance_class")
    path = "database.read_replicas"
    alike = [one for one in copies if one.text("instance_class") == name]
    for one in copies:
        if one in alike:
            one.modelled = path
        else:
            why = "read replicas of one class are modelled"
            draft.leave(one.file, one.line, f"{one.label}: {_words(one)}", why)
    draft.say(Said(path, None, first.file, first.line))
    why = "derived: as many as are declared"
    draft.say(Said(f"{path}.count", sum(one.count for one in alike), first.file, first.line, why, "derived"))
    if any(name == known.name for known in database_classes()):
        draft.say(Said(f"{path}.instance_class", name, *first.place("instance_class")))
    why = "no file says that the services read there"
    draft.say(Said(f"{path}.share", "0 %", first.file, first.line, why, "assumed"))
    message = f"{first.name} is a read replica, and no file says which reads the services send there"
    fix = f"set {path}.share to the share of requests whose reads go there"
    draft.find("warning", "read-replica-unread", first.file, first.line, message, fix)


def _cache(estate: Estate, one: Resource, draft: Draft) -> None:
    one.modelled = "cache"
    draft.say(Said("cache", None, one.file, one.line))
    engine = one.text("engine").lower()
    if engine in _allowed(Cache, "engine"):
        draft.say(Said("cache.engine", engine, *one.place("engine")))
    elif engine:
        message = f"the engine is {engine[:40]}: it is simulated as Redis"
        draft.find("warning", "cache-engine", *one.place("engine"), message, "read hits and price as those of Redis")
    node_type = one.text("node_type")
    if node_type and all(node_type != known.name for known in cache_nodes()):
        message = (
            f"ElastiCache node type {node_type[:40]!r} is not known: its memory is a default, and nothing prices it"
        )
        fix = "set cache.node_type to a known type, or cache.memory"
        draft.find("warning", "cache-node-unknown", *one.place("node_type"), message, fix)
    elif node_type:
        draft.say(Said("cache.node_type", node_type, *one.place("node_type")))
    _nodes(one, draft)
    _cache_parameters(estate, one, draft)


def _cache_parameters(estate: Estate, one: Resource, draft: Draft) -> None:
    """What Redis does when memory is full, from the parameter group that the cache uses, or from the only one."""
    groups = estate.of("aws_elasticache_parameter_group")
    named = estate.linked(one.body["parameter_group_name"], "aws_elasticache_parameter_group")
    for group in [named] if named is not None else groups if len(groups) == 1 else []:
        group.modelled = "cache"
        for parameter in group.body["parameter"]:
            name, value = parameter["name"].text, parameter["value"].text
            place = (parameter.file, parameter["value"].line)
            if name == "maxmemory-policy" and value in _allowed(Cache, "maxmemory_policy"):
                draft.say(Said("cache.maxmemory_policy", value, *place, "parameter group"))
            elif name:
                draft.leave(*place, f"{name} = {value[:60]}", "parameter of the cache: no place for it")


def _nodes(one: Resource, draft: Draft) -> None:
    """Nodes in all: shards times one and their replicas, or as written."""
    shards, replicas = whole(one.get("num_node_groups")), whole(one.get("replicas_per_node_group"))
    mode = one.body["cluster_mode"][0]
    shards = whole(mode["num_node_groups"].value) if mode["num_node_groups"] else shards
    replicas = whole(mode["replicas_per_node_group"].value) if mode["replicas_per_node_group"] else replicas
    if _count(shards) or _count(replicas):
        number = (shards if _count(shards) else 1) * (1 + (replicas if isinstance(replicas, int) else 0))
        key = "num_node_groups" if one.body["num_node_groups"] else "replicas_per_node_group"
        why = f"{shards or 1} shards, each with {replicas or 0} replicas"
        draft.say(Said("cache.nodes", number, *one.place(key if one.body[key] else "cluster_mode"), why))
        if isinstance(shards, int) and _count(shards) and shards > 1:
            at = "num_node_groups" if one.body["num_node_groups"] else "cluster_mode"
            draft.say(Said("cache.cluster.shards", shards, *one.place(at)))
        return
    for key in ("num_cache_clusters", "number_cache_clusters", "num_cache_nodes"):
        count = whole(one.get(key))
        if _count(count):
            draft.say(Said("cache.nodes", count, *one.place(key)))
            return


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 1000
