"""What is declared on AWS: databases and caches, and names that no file declares."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from tree_sitter import Node

from novamodel.audit.form import NotChecked, Place, fault, open_question
from novamodel.audit.money import dearer, second_zone
from novamodel.audit.seen import Seen
from novamodel.importers.aws.stores import CACHES, DATABASE, primaries_of
from novamodel.importers.declared import Resource
from novamodel.importers.names import CACHE_NAMES
from novamodel.importers.quantity import whole
from novamodel.importers.terraform.syntax import Block, Expression
from novamodel.scenario import Finding, gp3_striped_from


def find(seen: Seen) -> Iterator[Finding | NotChecked]:
    """Every fault of declared resources."""
    estate = seen.sources.estate
    for one in primaries_of(estate)[0]:
        if one.get("multi_az") not in (True, "true") and not _open(one, "multi_az"):
            message = f"{one.name} runs in one availability zone: a lost zone or a broken machine stops everything"
            fix = f"set multi_az = true ({second_zone(one.text('instance_class'), seen)})"
            yield fault("database-single-az", one, message, fix)
    for one in estate.of(DATABASE):
        yield from _database(one)
    yield from _volumes(seen)
    yield from _cache(seen)
    yield from _undeclared(seen)
    yield from _own_server(seen)


def _open(one: Resource, key: str) -> bool:
    """Whether a value is written and no file says what it is."""
    return key in {what.split(" = ")[0] for what, *_ in one.gaps} or bool(one.body["dynamic"])


def _database(one: Resource) -> Iterator[Finding]:
    size = whole(one.get("allocated_storage"))
    small = isinstance(size, int) and size * 2**30 < gp3_striped_from()
    if one.text("storage_type") == "gp3" and small and one.get("iops") is not None:
        message = "gp3 of PostgreSQL takes no iops below 400 GiB: they are fixed at 3000"
        yield fault("gp3-iops-too-small", Place(*one.place("iops")), message, "leave iops out, or allocate 400 GiB")
    if one.get("skip_final_snapshot") in (False, "false") and not (
        one.body["final_snapshot_identifier"] or _open(one, "final_snapshot_identifier")
    ):
        message = f"{one.name} asks for a last snapshot and names none: terraform destroy and every replacement fail"
        fix = "set final_snapshot_identifier"
        yield fault("final-snapshot-unnamed", Place(*one.place("skip_final_snapshot")), message, fix)
    keeps = one.get("backup_retention_period")
    source = one.body["replicate_source_db"] or one.body["snapshot_identifier"]
    unset = keeps is None and one.file.endswith(".tf")  # the AWS provider's default is 0, CloudFormation's is 1
    if not source and not _open(one, "backup_retention_period") and (unset or keeps in (0, "0")):
        message = f"{one.name} keeps no backups: what is lost is lost, no point in time can be restored"
        fix = "set backup_retention_period, 7 or more"
        yield fault("database-without-backup", Place(*one.place("backup_retention_period")), message, fix)
    if one.get("storage_encrypted") in (False, "false"):
        message = f"{one.name} is stored unencrypted"
        yield fault("storage-unencrypted", Place(*one.place("storage_encrypted")), message, "storage_encrypted = true")
    windows = [_minutes(one.text(key)) for key in ("backup_window", "maintenance_window")]
    if windows[0] and windows[1] and windows[0][0] < windows[1][1] and windows[1][0] < windows[0][1]:
        message = "the backup window and the maintenance window overlap: RDS refuses them"
        yield fault("windows-overlap", Place(*one.place("backup_window")), message, "move one of them")


def _volumes(seen: Seen) -> Iterator[Finding]:
    """gp2 costs more than gp3 of the same size, and is slower below 1,000 GiB (EBS user guide, volume types)."""
    for one in seen.sources.estate.of("aws_ebs_volume"):
        size = whole(one.get("size"))
        if one.get("type") == "gp2" and isinstance(size, int):
            gib = size * one.count
            message = f"{one.name} is gp2, {gib} GiB: gp3 is no slower and "
            saved = dearer("ebs.gp2.storage", "ebs.gp3.storage", gib, seen)
            yield fault("volume-gp2", Place(*one.place("type")), message + saved, 'type = "gp3"')


def _minutes(window: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"(?:\w{3}:)?(\d\d):(\d\d)-(?:\w{3}:)?(\d\d):(\d\d)", window)
    if match is None:
        return None
    first, last = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    return (first, last if last > first else last + 1440)


def _cache(seen: Seen) -> Iterator[Finding | NotChecked]:
    """A database is declared and no cache, and services of a platform on AWS are given a cache's address."""
    estate = seen.sources.estate
    named = any(CACHE_NAMES & set(w.environment) for group in seen.sources.workloads.values() for w in group)
    if not named or not estate.of(DATABASE) or estate.of(*CACHES):
        return
    one = estate.of(DATABASE)[0]
    caches = {box.name for box in seen.sources.boxes.get("eks", []) if re.search(r"redis|valkey", box.image_name)}
    if caches or estate.of("module") or seen.unread:
        yield open_question("cache-not-provisioned", one, "whether a cache is made elsewhere")
        return
    message = "Terraform makes a database and no cache: what REDIS_URL names must come from elsewhere"
    yield fault("cache-not-provisioned", one, message, "add an aws_elasticache_replication_group")


def _own_server(seen: Seen) -> Iterator[Finding]:
    """RDS reads no postgresql.conf and no pg_hba.conf (RDS user guide: parameter groups)."""
    if not seen.sources.estate.of(DATABASE):
        return
    told = set()
    for shown, number, _ in seen.sources.settings:
        mounted = seen.mounts(shown) or any(shown in text for text in seen.sources.found.copies.values())
        if shown.endswith(".conf") and shown not in told and not mounted:
            told.add(shown)
            message = f"{shown} is mounted nowhere, and the database is RDS, which reads no such file"
            fix = (
                "set the parameters in an aws_db_parameter_group; replicas are aws_db_instance with replicate_source_db"
            )
            yield fault("settings-file-unread", Place(shown, number), message, fix)


def _undeclared(seen: Seen) -> Iterator[Finding | NotChecked]:
    """References to variables and resources that no file of their folder declares: ``terraform plan`` refuses them."""
    folders: dict[str, list[Block]] = {}
    for module in seen.sources.terraform.modules:
        folders.setdefault(module.path, module.blocks)
    names: dict[str, list[str]] = {}
    for name in seen.sources.found.names:
        names.setdefault(posixpath.dirname(name), []).append(name)
    terragrunt = any(posixpath.basename(name) == "terragrunt.hcl" for name in seen.sources.found.names)
    for path, blocks in folders.items():
        why = "Terragrunt writes files of its own" if terragrunt else _incomplete(path, names.get(path, []), seen)
        for name, place in _missing(blocks):
            what = "variable" if name.startswith("var.") else "resource"
            if why:
                yield open_question(f"terraform-{what}-undeclared", place, f"where {name} is declared: {why}")
                continue
            message = f"{name} is declared in no file of this folder: terraform plan fails"
            fix = f"declare the {what}, or import the folder that does"
            yield fault(f"terraform-{what}-undeclared", place, message, fix)


def _incomplete(path: str, here: list[str], seen: Seen) -> str:
    """Why declarations of a module may stand where they are not read; empty where all are read."""
    found = seen.sources.found
    if any(name.endswith((".tofu", ".tf.tmpl", ".tf.j2", ".tftpl")) for name in here):
        return "some of its files are templates"
    if any(posixpath.dirname(name) == path and name.endswith(".tf") for name, _ in found.not_read):
        return "a file of it leads out of the folder"
    left = {shown for shown, *_ in seen.sources.terraform.left}
    if any(posixpath.dirname(shown) == path and shown.endswith(".tf") for shown in left):
        return "a file of it cannot be read whole"
    return ""


def _missing(blocks: list[Block]) -> Iterator[tuple[str, Place]]:
    variables = {block.labels[0] for block in blocks if block.kind == "variable" and block.labels}
    made = {block.labels for block in blocks if block.kind == "resource"}
    own = {label for block in blocks for label in _iterators(block)}
    for block in blocks:
        if block.kind in ("moved", "removed", "import", "variable"):
            continue
        for expression in block.expressions():
            for first, second, line in _names(expression):
                if first == "var" and second not in variables:
                    yield f"var.{second}", Place(expression.file, line)
                elif first.startswith("aws_") and (first, second) not in made and first not in own:
                    yield f"{first}.{second}", Place(expression.file, line)


def _iterators(block: Block) -> Iterator[str]:
    """Names that dynamic blocks give to what they go through."""
    for inner in block.blocks:
        if inner.kind == "dynamic":
            yield from inner.labels
        yield from _iterators(inner)


def _names(expression: Expression) -> Iterator[tuple[str, str, int]]:
    """(first word, second word, line) of every dotted name in an expression."""
    waiting = list(expression.nodes)
    while waiting:
        node = waiting.pop()
        children = node.children
        for place, child in enumerate(children[:-1]):
            if child.type == "variable_expr" and children[place + 1].type == "get_attr":
                after = children[place + 1].children[-1]
                yield _text(expression, child), _text(expression, after), child.start_point[0] + 1
        waiting += children


def _text(expression: Expression, node: Node) -> str:
    return expression.source[node.start_byte : node.end_byte].decode("utf-8", "replace")
