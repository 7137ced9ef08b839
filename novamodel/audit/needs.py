"""What the files name and none of them makes: it has to be there before anything is applied."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from novamodel.audit.form import NotChecked, Place, Placed, fault, open_question
from novamodel.audit.money import kept
from novamodel.audit.seen import Seen
from novamodel.importers.aws.tasks import tasks_of
from novamodel.importers.kubernetes.objects import JOBS, WORKLOADS, name_of, namespace, template_of
from novamodel.importers.node import Node
from novamodel.scenario import Finding

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|([A-Za-z_]\w*))")
_TAKEN = re.compile(r"\$\{?([A-Z][A-Z0-9_]{2,40})\b")
_DUMPS = re.compile(r"\b(pg_dump|pg_dumpall|pg_restore|psql|mysqldump|mongodump)\b")
_SHELL = {
    "HOME",
    "PATH",
    "PWD",
    "USER",
    "HOSTNAME",
    "RANDOM",
    "UID",
    "IFS",
    "SECONDS",
    "BASH_SOURCE",
    "OLDPWD",
    "SHELL",
}
_ALWAYS = {"default", "kube-system", "kube-public", "kube-node-lease", "kube-root-ca.crt"}
_NEEDED = {"Secret": "Secret", "ConfigMap": "ConfigMap", "Namespace": "namespace", "ClusterIssuer": "ClusterIssuer"}


def find(seen: Seen) -> Iterator[Finding | NotChecked]:
    """Objects of the cluster and resources of AWS that must exist already, each once, at the first place."""
    yield from _once("made-elsewhere", _cluster(seen), seen.unread)
    yield from _variables(seen)
    yield from _monitoring(seen)
    yield from _log_groups(seen)


def _once(code: str, asked: Iterable[tuple[str, str, Placed]], why: str) -> Iterator[Finding | NotChecked]:
    told: set[tuple[str, str]] = set()
    for kind, name, place in asked:
        if (kind, name) in told:
            continue
        told.add((kind, name))
        if why:
            yield open_question(code, place, f"who makes {kind} {name}: {why}")
        else:
            message = f"no file of this folder makes {kind} {name}: it has to be there before"
            yield fault(code, place, message, f"add the {kind}, or write down who makes it")


def _cluster(seen: Seen) -> Iterator[tuple[str, str, Placed]]:
    """(kind, name, place) of what manifests name and no manifest makes."""
    cluster = seen.sources.cluster
    made = {kind: {name_of(one) for one in cluster.of(kind)} for kind in _NEEDED}
    made["Secret"] |= _made_secrets(seen)
    for kind, key in (("Secret", "secretGenerator"), ("ConfigMap", "configMapGenerator")):
        for one in seen.sources.found.all("kustomization"):
            made[kind] |= {each["name"].text for each in one[key]}
    for found in cluster.of(*WORKLOADS, *JOBS, "Pod"):
        space = namespace(found)
        if space and space not in made["Namespace"] | _ALWAYS:
            yield "namespace", space, found["metadata"]["namespace"]
        for kind, node in _references(template_of(found)["spec"]):
            if node.text and node.text not in made[kind] | _ALWAYS and not _is_made(node.text, made[kind]):
                yield kind, node.text, node
    for route in cluster.of("Ingress"):
        issuer = route.at("metadata", "annotations", "cert-manager.io/cluster-issuer")
        if issuer and issuer.text not in made["ClusterIssuer"]:
            yield "ClusterIssuer", issuer.text, issuer
        signed = issuer or route.at("metadata", "annotations", "cert-manager.io/issuer")
        for entry in () if signed else route.at("spec", "tls"):
            if entry["secretName"] and entry["secretName"].text not in made["Secret"]:
                yield "Secret", entry["secretName"].text, entry["secretName"]


def _made_secrets(seen: Seen) -> set[str]:
    """Names of Secrets that other objects turn into."""
    cluster = seen.sources.cluster
    names = {name_of(one) for one in cluster.of("SealedSecret", "ExternalSecret", "Store")}
    names |= {one.at("spec", "target", "name").text for one in cluster.of("ExternalSecret")}
    return names | {one.at("spec", "secretName").text for one in cluster.of("Certificate")}


def _is_made(name: str, made: set[str]) -> bool:
    """A name with the hash that Kustomize ends it with, or one that an operator derives from its own."""
    return any(one and re.fullmatch(rf"{re.escape(one)}-[a-z0-9-]+", name) for one in made)


def _references(pod: Node) -> Iterator[tuple[str, Node]]:
    """(Secret or ConfigMap, the node of its name) of every one that a pod cannot start without."""
    for box in [*pod["containers"], *pod["initContainers"]]:
        for entry in box["env"]:
            for kind, word in (("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef")):
                place = entry.at("valueFrom", word)
                if place and place["optional"].value is not True:
                    yield kind, place["name"]
        for source in box["envFrom"]:
            for kind, word in (("Secret", "secretRef"), ("ConfigMap", "configMapRef")):
                if source[word] and source[word]["optional"].value is not True:
                    yield kind, source[word]["name"]
    for volume in pod["volumes"]:
        for kind, word, key in (("Secret", "secret", "secretName"), ("ConfigMap", "configMap", "name")):
            if volume[word] and volume[word]["optional"].value is not True:
                yield kind, volume[word][key]
    for entry in pod["imagePullSecrets"]:
        yield "Secret", entry["name"]


def _variables(seen: Seen) -> Iterator[Finding]:
    """Variables that Docker Compose replaces by nothing, with a warning only, and those that a backup script takes."""
    known = {name for file in seen.sources.dotenv.values() for name in file}
    told: set[str] = set()
    for service in seen.compose_services.values():
        for node in _texts(service):
            for match in _VARIABLE.finditer(node.text.replace("$$", "")):
                name = match[1] or match[2]
                if name in known | told:
                    continue
                told.add(name)
                message = f"{name} has no value and no fallback: where it is not set Docker Compose takes an empty one"
                yield fault("made-elsewhere", node, message, f"write ${{{name}:?}}, or add it to a .env.example")
    for shown, lines in seen.scripts().items():
        text = "\n".join(lines)
        works = [line for line in lines if _DUMPS.search(line) and not line.lstrip().startswith("#")]
        for name in sorted({name for line in works for name in _TAKEN.findall(line)}):
            set_here = re.search(rf"(^|[\s;]){name}=|\b(for|read|local|declare)\b[^\n]*\b{name}\b", text, re.M)
            guarded = f"${{{name}:" in text or re.search(r"^[ \t]*(\.|source)\s", text, re.M)
            if set_here or guarded or name in known | told | _SHELL:
                continue
            told.add(name)
            line = next(number for number, one in enumerate(lines, 1) if one in works and name in one)
            message = f"{name} is set by no file of this folder: whoever runs the script has to"
            yield fault("made-elsewhere", Place(shown, line), message, f"write ${{{name}:?}}, and say who sets it")


def _texts(node: Node) -> Iterator[Node]:
    if isinstance(node.value, dict):
        for _, inner in node.entries():
            yield from _texts(inner)
    elif isinstance(node.value, list):
        for inner in node:
            yield from _texts(inner)
    elif "$" in node.text:
        yield node


def _monitoring(seen: Seen) -> Iterator[Finding | NotChecked]:
    """Files of Prometheus and Grafana that nothing of the folder runs."""
    made = " ".join(f"{box.name} {box.image_name}" for box in seen.boxes()).lower()
    made += " ".join(f"{name} {image}" for name, image in seen.other_projects.items()).lower()
    made += " ".join([*seen.sources.cluster.objects, *(one.type for one in seen.sources.estate.resources)]).lower()
    for kind, name in (("prometheus", "Prometheus"), ("grafana", "Grafana")):
        for document in seen.sources.found.all(kind)[:1]:
            if kind in made or (kind == "grafana" and "prometheus" in made) or not seen.boxes():
                continue
            if seen.unread or seen.makers or any(document.file in one for one in seen.sources.found.copies.values()):
                yield open_question("made-elsewhere", document, f"who runs {name}: {seen.unread or seen.makers}")
                continue
            message = f"no file of this folder runs {name}: it has to read {document.file} elsewhere"
            yield fault("made-elsewhere", Place(document.file, 1), message, f"deploy {name}, or say where it runs")


def _log_groups(seen: Seen) -> Iterator[Finding | NotChecked]:
    """A task whose log group is not there does not start; one that the driver makes keeps its logs for ever."""
    estate = seen.sources.estate
    groups = estate.of("aws_cloudwatch_log_group")
    paid = kept("cloudwatch.logs.storage", seen)
    names = {one.text("name") for one in groups}
    open_names = any(not one.text("name") for one in groups) or bool(estate.of("module"))
    for task, resource in tasks_of(estate):
        for box in task["containerDefinitions"]:
            options = box.at("logConfiguration", "options")
            group = options["awslogs-group"]
            if not group.text or "$" in group.text or group.text in names:
                continue
            if options["awslogs-create-group"].text == "true":
                message = f"log group {group.text} is made by the log driver: its logs are kept for ever, {paid}"
                fix = "declare the aws_cloudwatch_log_group with retention_in_days"
                yield fault("logs-kept-for-ever", group, message, fix)
            elif open_names or resource is not None:
                yield open_question("log-group-missing", group, f"who makes log group {group.text}")
            else:
                message = f"no file makes log group {group.text}, and awslogs-create-group is not set: "
                fix = "declare the aws_cloudwatch_log_group (with retention_in_days)"
                yield fault("log-group-missing", group, f"{message}where it is not there the task does not start", fix)
    for one in groups:
        gap = any(what.startswith("retention_in_days") for what, *_ in one.gaps)
        if one.get("retention_in_days") in (None, 0) and not gap and not one.body["retention_in_days"]:
            message = f"log group {one.text('name') or one.name} has no retention: its logs are kept for ever, {paid}"
            yield fault("logs-kept-for-ever", one, message, "set retention_in_days")
