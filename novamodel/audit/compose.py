"""Docker Compose: what it would refuse, ignore or do differently from what is meant."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from novamodel.audit.form import NotChecked, fault, open_question
from novamodel.audit.names import is_fixed
from novamodel.audit.seen import Seen
from novamodel.importers.names import is_image_of, is_infrastructure
from novamodel.importers.node import Node
from novamodel.importers.quantity import whole
from novamodel.scenario import Finding


def find(seen: Seen) -> Iterator[Finding | NotChecked]:
    """Every fault of the project that is taken."""
    compose = seen.sources.compose
    if compose is None:
        return
    if compose["version"]:
        message = "the top-level key version is obsolete and ignored"
        yield fault("compose-version", compose["version"], message, "remove it")
    for raw, service in seen.compose_services.items():
        yield from _depends(raw, service, seen)
        yield from _container_name(raw, service)
        yield from _limits(raw, service, seen)
        yield from _logs(raw, service)
        image = service["image"]
        if image and not service["build"] and not is_fixed(image.text):
            message = f"image {image.text} names no version: what runs changes with the day it is pulled"
            yield fault("image-floating", image, message, "name a version")
    yield from _mounts(seen)
    yield from _dockerfiles(seen)


def _depends(raw: str, service: Node, seen: Seen) -> Iterator[Finding | NotChecked]:
    services, needed = seen.compose_services, service["depends_on"]
    started = [(node.text, node) for node in needed]
    started += [(name, node) for name, node in needed.entries() if node["condition"].text in ("", "service_started")]
    for name, node in [(node.text, node) for node in needed] + needed.entries():
        if name and name not in services and "$" not in name:
            message = f"{raw} depends on {name}, which is no service here: the project is invalid"
            yield fault("depends-on-unknown", node, message, f"name one of {', '.join(services)}")
    waits = {name: node for name, node in needed.entries() if node["condition"].text == "service_healthy"}
    for name, node in waits.items():
        check = services[name]["healthcheck"] if name in services else None
        if check is not None and not check and not service["build"] and not services[name]["build"]:
            yield open_question("depends-on-health", node, f"whether the image of {name} has a HEALTHCHECK")
    waits_itself = re.search(r"wait[-_]for|dockerize|until |pg_isready", str(service["command"].value))
    unready = [(name, node) for name, node in started if _is_store(services.get(name))]
    if unready and not waits_itself:
        names = " and ".join(name for name, _ in unready)
        message = f"{raw} starts when {names} has been started, not when it answers: the first connections fail"
        fix = "give it a healthcheck and depend on condition: service_healthy"
        yield fault("depends-on-started", unready[0][1], message, fix)


def _is_store(service: Node | None) -> bool:
    programs = ("postgres", "redis", "valkey", "mysql", "mariadb", "mongo", "rabbitmq", "kafka")
    return service is not None and is_image_of(service["image"].text, *programs)


def _container_name(raw: str, service: Node) -> Iterator[Finding]:
    replicas, place = whole(service.at("deploy", "replicas").value), service["container_name"]
    if place and isinstance(replicas, int) and replicas > 1:
        message = f"{raw} has a container_name and {replicas} replicas: names must be unique, the project is invalid"
        yield fault("container-name-with-replicas", place, message, "leave container_name out")
    fixed = [one for one in service["ports"] if re.fullmatch(r"([\d.]+:)?\d+:\d+(/\w+)?", one.text)]
    if fixed and isinstance(replicas, int) and replicas > 1:
        message = f"{raw} has {replicas} replicas and publishes {fixed[0].text}: only one of them can have the port"
        yield fault("port-with-replicas", fixed[0], message, "publish no fixed port, or put a proxy in front")


def _limits(raw: str, service: Node, seen: Seen) -> Iterator[Finding]:
    image = service["image"].text
    limited = service.at("deploy", "resources", "limits") or service["mem_limit"] or service["cpus"]
    if limited or (raw in seen.sources.idle and not _is_store(service)):
        return
    if _is_store(service):
        message = f"{raw} has no memory limit: under load it and the services compete for the machine's memory"
        yield fault("store-without-limits", service, message, "add deploy.resources.limits")
    elif not is_infrastructure(image):
        message = f"{raw} has no CPU or memory limit: it can starve everything else on the machine"
        yield fault("no-limits", service, message, "add deploy.resources.limits")


def _logs(raw: str, service: Node) -> Iterator[Finding]:
    """Docker's default json-file driver rotates nothing (docs.docker.com, json-file: max-size defaults to -1)."""
    logging = service["logging"]
    driver = logging["driver"].text
    grows = not logging or (driver in ("", "json-file") and not logging["options"]["max-size"])
    if grows and service["restart"].text in ("always", "unless-stopped"):
        message = f"the log of {raw} is never rotated (json-file without max-size): it fills the disk"
        yield fault("logs-not-rotated", logging or service, message, "logging: options: max-size: 10m, max-file: 3")


def _mounts(seen: Seen) -> Iterator[Finding | NotChecked]:
    for raw, volume, path, _ in seen.volumes:
        if seen.exists(path):
            continue
        source = volume.text.split(":")[0] or volume["source"].text
        file, certificates = PurePosixPath(path).suffix, _has_certificates(seen, raw, volume)
        code = "mounted-file-missing" if file else "certificates-missing"
        if (file or certificates) and not seen.inside(posixpath.dirname(path)):
            yield open_question(code, volume, f"{source}: its folder is not here, the project may be started elsewhere")
        elif file:
            message = f"{source} is mounted but not in this folder: Docker makes an empty directory of that name"
            yield fault(code, volume, message, "add the file")
        elif certificates:
            message = f"{source} is not in this folder: nginx reads its certificates there and does not start without"
            yield fault(code, volume, message, "put them there before, or mount a secret")


def _has_certificates(seen: Seen, raw: str, volume: Node) -> bool:
    """Whether nginx reads a certificate from the folder that a volume is mounted at."""
    nginx = seen.sources.nginx
    inside = volume.text.split(":")[1] if ":" in volume.text else volume["target"].text
    if nginx is None or not inside or not is_image_of(seen.compose_services[raw]["image"].text, "nginx"):
        return False
    return any(one.args and one.args[0].startswith(inside.rstrip("/") + "/") for one in nginx.find("ssl_certificate"))


def _dockerfiles(seen: Seen) -> Iterator[Finding | NotChecked]:
    for raw, service in seen.compose_services.items():
        build = service["build"]
        if not build or (build["dockerfile_inline"] if isinstance(build.value, dict) else False):
            continue
        context = (build["context"].text if isinstance(build.value, dict) else build.text) or "."
        name = (build["dockerfile"].text if isinstance(build.value, dict) else "") or "Dockerfile"
        place = build["dockerfile"] if isinstance(build.value, dict) and build["dockerfile"] else build
        parts: list[str] = list(PurePosixPath(service.file).parent.parts)
        outside = "$" in context + name or "://" in context or context.startswith("/")
        for part in PurePosixPath(context).parts:
            outside = outside or (part == ".." and not parts)
            if part == "..":
                del parts[-1:]
            elif part != ".":
                parts.append(part)
        if outside:
            yield open_question("dockerfile-missing", place, f"the Dockerfile of {raw}: it is built from {context}")
        elif not seen.inside("/".join(parts)):
            yield open_question(
                "dockerfile-missing", place, f"the Dockerfile of {raw}: {context} is not in this folder"
            )
        elif not seen.exists("/".join([*parts, name])):
            message = f"{raw} is built with {'/'.join([*parts, name])}, which is not in this folder: the build fails"
            yield fault("dockerfile-missing", place, message, "add the Dockerfile, or correct context and dockerfile")
