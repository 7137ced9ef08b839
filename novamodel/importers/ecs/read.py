"""ECS services and task definitions: size of a task, its containers, how many run and how they scale."""

from __future__ import annotations

import re
from collections.abc import Iterable

from novamodel.errors import UserError
from novamodel.importers.aws.estate import Estate
from novamodel.importers.aws.scaling import scaling_of
from novamodel.importers.aws.tasks import SERVICE, Task, tasks_of
from novamodel.importers.declared import Resource
from novamodel.importers.ecs.health import health_of
from novamodel.importers.ecs.size import is_fargate, is_sold, priced_of, size_of
from novamodel.importers.names import is_generic, is_image_of, is_infrastructure, short_name
from novamodel.importers.node import Node
from novamodel.importers.quantity import ecs_cpu, ecs_memory, whole
from novamodel.importers.report import Draft, Said, Workload
from novamodel.scenario import require_fargate_size
from novamodel.units import parse_bytes

_WEB = ("nginx", "httpd", "caddy")
"""Images that answer requests themselves where nothing stands behind them."""
_SHARES = (
    ("deployment_minimum_healthy_percent", "rollout.minimum_healthy"),
    ("deployment_maximum_percent", "rollout.maximum"),
)


def main_container(task: Node) -> Node:
    """The container that answers requests: the first that is no infrastructure, else the first."""
    boxes = [box for box in task["containerDefinitions"] if isinstance(box.value, dict)]
    own = [box for box in boxes if not is_infrastructure(box["image"].text)]
    with_port = [box for box in own if box["portMappings"][0]]
    return (with_port or own or boxes or [task.at("containerDefinitions", 0)])[0]


def workloads(estate: Estate, draft: Draft) -> list[Workload]:
    """The services that ECS runs. A Fargate task's size is both what is set aside and the hard limit."""
    tasks = tasks_of(estate)
    services = estate.of(SERVICE)
    runs: list[tuple[Task | None, Resource | None]] = []
    for service in services:
        runs.append((_task_of(service, tasks, estate), service))
    linked = [task for task, _ in runs]
    unlinked = [number for number, (task, _) in enumerate(runs) if task is None]
    for task in tasks:
        if any(task is one for one in linked):
            continue
        named = [number for number in unlinked if _same_name(task, runs[number][1])]
        if named or (len(unlinked) == 1 and len(tasks) == 1):
            number = (named or unlinked)[0]
            runs[number] = (task, runs[number][1])
            unlinked.remove(number)
        elif services and task.resource is not None:
            draft.leave(*_place(task), _words(task), "no service runs it: no customer is served")
        else:
            runs.append((task, None))
    result: dict[str, Workload] = {}
    most = _most(_computes(estate))
    for run in runs:
        _add(run[0], run[1], estate, most, result, draft)
    return list(result.values())


def _add(
    task: Task | None,
    service: Resource | None,
    estate: Estate,
    most: str | None,
    result: dict[str, Workload],
    draft: Draft,
) -> None:
    node = task.node if task else Node(None, service.file if service else "", {})
    box = main_container(node)
    if (
        task
        and box
        and is_infrastructure(box["image"].text)
        and not (service and is_image_of(box["image"].text, *_WEB))
    ):
        draft.leave(*_place(task), _words(task), "infrastructure image")
        return
    said_by = service.text("name") if service else ""
    label = service.name.rpartition(".")[2] if service else ""
    family, container = _family(task) if task else "", box["name"].text
    names = [family if is_generic(container) else container, family, said_by]
    names = [name for name in names if name and "${" not in name]
    names = [short_name(name) for name in (names if names and is_generic(label.lower()) else [*names, label]) if name]
    if service and (module := re.search(r"(?:^|\.)module\.([\w-]+)", service.name)):
        names += [short_name(module[1])]
    if service and "/" in service.name:  # one of several applied folders: infra/api/service
        folders = service.name.split(".")[0].split("/")
        names = (
            [*(short_name(one) for one in reversed(folders) if not is_generic(one.lower())), *names]
            if all(is_generic(name) for name in names)
            else names
        )
    name = next((one for one in names if one not in result), None)
    if name is None:
        place = _place(task) if task else (service.file, service.line) if service else ("", 1)
        what = _words(task) if task else f"service {said_by or label}"
        draft.leave(*place, what, f"{names[0] if names else 'a service'} is there already")
        return
    for other in node["containerDefinitions"]:
        if other.path != box.path:
            draft.leave(other.file, other.line, f"container {other['name'].text}", "one container a task is modelled")
    port = whole(box.at("portMappings", 0, "containerPort").value)
    variables = [entry["name"].text for part in ("environment", "secrets") for entry in box[part]]
    for one in (task.resource if task else None, service):
        if one is not None:
            one.modelled = f"services.{name}"
    file, line = _place(task) if task else (service.file, service.line) if service else ("", 1)
    result[name] = Workload(
        name,
        family or container or said_by or label,
        file,
        line,
        tuple(
            (
                _fitting(size_of(node, box, draft), name, _own_compute(task, service, estate), most, draft)
                if task
                else []
            )
            + priced_of(node, service)
            + health_of(box, service, estate, draft)
            + _run(service, estate, draft)
        ),
        port if isinstance(port, int) else None,
        box["image"].text,
        tuple(variables),
    )


def _task_of(service: Resource, tasks: list[Task], estate: Estate) -> Task | None:
    """The task definition that a service runs, or that a task set of it does."""
    value = service.body["task_definition"]
    if not value:
        sets = [one for one in estate.of("aws_ecs_task_set") if estate.refers(one.body["service"], service)]
        value = sets[0].body["task_definition"] if sets else value
    for task in tasks:
        if task.resource is not None and estate.refers(value, task.resource):
            return task
    written = value.text.rpartition("/")[2].split(":")[0]
    return next((task for task in tasks if written and "${" not in written and _family(task) == written), None)


def _same_name(task: Task, service: Resource | None) -> bool:
    if service is None:
        return False
    names = {short_name(service.text("name") or service.name.rpartition(".")[2])}
    return bool(names & {short_name(_family(task)), short_name(main_container(task.node)["name"].text)})


def _family(task: Task) -> str:
    return task.node["family"].text


def _words(task: Task) -> str:
    """A task definition that is not taken, with its sizes and their lines."""
    said = []
    for node in (task.node, *task.node["containerDefinitions"]):
        name = "" if node is task.node else f"{node['name'].text} "
        for key in ("cpu", "memory", "memoryReservation"):
            if node[key].text:
                said.append(f"{name}{key} {node[key].text[:40]} (:{node[key].line})")
    return f"task definition {_family(task)}" + (f": {', '.join(said[:12])}" if said else "")


def _place(task: Task) -> tuple[str, int]:
    if task.resource is not None:
        return task.resource.file, task.resource.line
    return task.node.file, (task.node["family"] or main_container(task.node)["name"]).line


def _run(service: Resource | None, estate: Estate, draft: Draft) -> list[Said]:
    """How many tasks run, how they are replaced, and their autoscaler."""
    if service is None:
        return []
    said = []
    count = whole(service.get("desired_count"))
    if isinstance(count, int) and not isinstance(count, bool):
        wanted = max(count, 1) * service.count
        said.append(Said("replicas", wanted, *service.place("desired_count"), "" if count else "desired_count is 0"))
    elif service.count > 1:
        said.append(Said("replicas", service.count, service.file, service.line, "services of one task"))
    for key, path in _SHARES:
        percent = whole(service.get(key))
        if isinstance(percent, int):
            said.append(Said(path, f"{percent} %", *service.place(key)))
    return said + scaling_of(service, estate, draft)


def say_compute(estate: Estate, draft: Draft) -> None:
    """Whether the tasks run on Fargate or on machines of our own: as most services do; the others are listed."""
    said = _computes(estate)
    most = _most(said)
    for one in said:
        if one.value == most:
            draft.say(one)
        elif one.file:
            draft.leave(one.file, one.line, f"runs on {one.value}", f"most tasks here run on {most}: all are run there")


def _computes(estate: Estate) -> list[Said]:
    """What each service says that it runs on; where none does, what the task definitions are made for."""
    tasks = tasks_of(estate)
    said = [one for service in estate.of(SERVICE) if (one := _compute_of(service, estate)) is not None]
    if said:
        return said
    runners = {id(_task_of(service, tasks, estate)) for service in estate.of(SERVICE)}
    mine = [task for task in tasks if id(task) in runners] or tasks
    return [one for task in mine if (one := _compute_for(task.node)) is not None]


def _most(said: list[Said]) -> str | None:
    on_fargate = sum(one.value == "fargate" for one in said)
    return ("fargate" if 2 * on_fargate >= len(said) else "ec2") if said else None


def _own_compute(task: Task, service: Resource | None, estate: Estate) -> str | None:
    said = (_compute_of(service, estate) if service is not None else None) or _compute_for(task.node)
    return said.value if said is not None else None


def _fitting(said: list[Said], name: str, own: str | None, most: str | None, draft: Draft) -> list[Said]:
    """The size of a task; that of one on EC2 among tasks on Fargate, which sells no such sizes, is listed."""
    values = {one.path: one.value for one in said}
    if own != "ec2" or most != "fargate" or is_sold(values):
        return said
    for one in said:
        if one.value is not None:
            why = "it runs on EC2, and most tasks here run on Fargate, where this is no size"
            draft.leave(one.file or "", one.line, f"{name}: {one.path} {one.value}", why)
    return []


def _compute_of(service: Resource, estate: Estate) -> Said | None:
    """What a service says, or its cluster's default capacity providers."""
    launch = service.text("launch_type").upper()
    if launch in ("FARGATE", "EC2"):
        return Said("platform.compute", launch.lower(), *service.place("launch_type"))
    cluster = estate.linked(service.body["cluster"], "aws_ecs_cluster")
    ways = [(service, "capacity_provider_strategy")]
    for one in estate.of("aws_ecs_cluster_capacity_providers"):
        if cluster is not None and estate.linked(one.body["cluster_name"], "aws_ecs_cluster") is cluster:
            ways.append((one, "default_capacity_provider_strategy"))
    if cluster is not None:
        ways.append((cluster, "default_capacity_provider_strategy"))
    for one, key in ways:
        providers = one.body[key]
        names = [entry["capacity_provider"] for entry in providers if entry["capacity_provider"]]
        if names:
            ours = all(node.text.startswith("FARGATE") for node in names)
            return Said(
                "platform.compute", "fargate" if ours else "ec2", one.file, providers.line, "capacity providers"
            )
    return None


def _compute_for(task: Node) -> Said | None:
    """What a task definition is made for."""
    listed = task["requiresCompatibilities"]
    names = [entry.text for entry in listed]
    if "FARGATE" in names:
        return Said("platform.compute", "fargate", task.file, listed.line)
    if names or not (task["cpu"] and task["memory"]):
        why = "" if names else "documented: a Fargate task has cpu and memory of its own; this one has not"
        return Said("platform.compute", "ec2", task.file, listed.line, why, "documented" if why else "file")
    return None


def impossible_sizes(estate: Estate) -> Iterable[tuple[str, int, str, str]]:
    """(file, line, what is wrong, what would be valid) of every Fargate task of a size that AWS does not sell."""
    services = estate.of(SERVICE)
    tasks = tasks_of(estate)
    for task in tasks:
        runners: list[Resource | None] = [one for one in services if _task_of(one, tasks, estate) is task]
        if not any(is_fargate(task.node, one) for one in runners or [None]):
            continue
        cpu, memory = ecs_cpu(task.node["cpu"].value), ecs_memory(task.node["memory"].value)
        if not isinstance(cpu, int | float) or not isinstance(memory, str) or "${" in memory:
            continue
        try:
            require_fargate_size(float(cpu), parse_bytes(memory) / 2**30)
        except UserError as problem:
            line = (task.node["cpu"] or task.node).line
            yield task.node.file, line, f"{_family(task)[:60]}: {problem.message}", str(problem.valid or "")
        except ValueError:
            continue
