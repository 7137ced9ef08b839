"""Public modules (terraform-aws-modules, Cloud Posse) as the resources that they make of their inputs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from novamodel.importers.declared import Resource
from novamodel.importers.node import Node
from novamodel.importers.quantity import whole
from novamodel.importers.terraform.values import Unknown
from novamodel.yamlfile import Lines

_SOURCE = re.compile(r"(terraform-aws-modules|cloudposse)/(?:terraform-aws-)?([a-z0-9-]+)")
_INNER = re.compile(r"//modules/([a-z0-9-]+)")


def as_resources(one: Resource) -> list[Resource]:
    """The resources that a call of a known public module makes; the call itself where the module is not known."""
    source = one.text("source")[:300]
    found = _SOURCE.search(source)
    if found is None or one.get("create") in (False, "false"):
        return [] if found is not None else [one]
    inner = _INNER.search(source)
    name = f"{found[2]}/{inner[1]}" if inner else found[2]
    if _FREE.search(name):
        return []
    simple = _SIMPLE.get(name)
    maker = _MAKERS.get(name)
    if maker is not None:
        return maker(one)
    return [_made(one, simple, {})] if simple is not None else [one]


def _made(
    one: Resource, kind: str, renames: dict[str, str], more: dict[str, Any] | None = None, end: str = ""
) -> Resource:
    """A resource whose attributes are the module's inputs, some of them renamed."""
    body = {renames.get(key, key): value for key, value in one.body.value.items() if key not in ("source", "version")}
    lines: Lines = {
        (renames.get(str(path[0]), path[0]), *path[1:]): line for path, line in one.body.lines.items() if path
    }
    body |= more or {}
    return _resource(one, kind, body, lines, end, list(one.gaps))


def _resource(one: Resource, kind: str, body: dict[str, Any], lines: Lines, end: str, gaps: list[Any]) -> Resource:
    if one.text("provider_region"):
        body = {**body, "provider_region": one.text("provider_region")}
    node = Node(body, one.file, lines)
    return Resource(kind, one.name + end, f"{one.address}.{kind}{end}", node, one.file, one.line, one.count, None, gaps)


def _entries(one: Resource, *keys: str) -> list[tuple[str, Node]]:
    for key in keys:
        node = one.body[key]
        if isinstance(node.value, dict):
            return node.entries()
        if isinstance(node.value, list) and node.value:
            return [(str(number), inner) for number, inner in enumerate(node)]
    return []


def _inner(
    one: Resource, kind: str, node: Node, name: str, defaults: Node | None = None, rename: dict[str, str] | None = None
) -> Resource:
    """A resource of one entry of a module's map of them."""
    base = dict(defaults.value) if defaults is not None and isinstance(defaults.value, dict) else {}
    own = node.value if isinstance(node.value, dict) else {}
    renames = rename or {}
    body = {renames.get(key, key): value for key, value in (base | own).items()}
    size = len(node.path)
    lines: Lines = {}
    for path, line in node.lines.items():
        if path[:size] == node.path and len(path) > size:
            first = renames.get(str(path[size]), path[size])
            lines[(first, *path[size + 1 :])] = line
    for key in body:
        lines.setdefault((key,), node.line)
    made = _resource(one, kind, body, lines, f".{name}", [])
    made.line = node.line
    return made


def _network(one: Resource) -> list[Resource]:
    made = [_resource(one, "aws_vpc", {}, {}, "", [])]
    if one.get("enable_nat_gateway") in (True, "true"):
        count, gap = 1, []
        if one.get("single_nat_gateway") not in (True, "true"):
            each = "azs" if one.get("one_nat_gateway_per_az") in (True, "true") else "private_subnets"
            listed = one.body[each].value
            count = len(listed) if isinstance(listed, list) and listed else 1
            if isinstance(listed, Unknown):
                gap = [(f"NAT gateways: one for each of {each}", listed.reason, one.body[each].line)]
        gateway = _resource(one, "aws_nat_gateway", {}, {}, "", gap)
        gateway.line, gateway.count = one.place("enable_nat_gateway")[1], count * one.count
        made.append(gateway)
    return made


def _cluster(one: Resource) -> list[Resource]:
    names = {"cluster_name": "name", "cluster_version": "version", "kubernetes_version": "version"}
    body = {names[key]: one.get(key) for key in names if one.get(key) is not None}
    lines: Lines = {(names[key],): one.body[key].line for key in names if one.body[key]}
    made = [_resource(one, "aws_eks_cluster", body, lines, "", [])]
    defaults = one.body["eks_managed_node_group_defaults"]
    for name, node in _entries(one, "eks_managed_node_groups", "node_groups"):
        made.append(_inner(one, "aws_eks_node_group", node, name, defaults))
    for name, node in _entries(one, "self_managed_node_groups", "worker_groups"):
        made.append(_inner(one, "aws_autoscaling_group", node, name, one.body["self_managed_node_group_defaults"]))
    for name, node in _entries(one, "fargate_profiles"):
        made.append(_inner(one, "aws_eks_fargate_profile", node, name))
    return made


def _database(one: Resource) -> list[Resource]:
    made = [_made(one, "aws_db_instance", {"maximum_allocated_storage": "max_allocated_storage"})]
    if isinstance(one.body["parameters"].value, list) and one.body["parameters"].value:
        size = ("parameters",)
        lines: Lines = {("parameter", *path[1:]): at for path, at in one.body.lines.items() if path[:1] == size}
        made.append(
            _resource(one, "aws_db_parameter_group", {"parameter": one.body["parameters"].value}, lines, "", [])
        )
    return made


def _aurora(one: Resource) -> list[Resource]:
    cluster = _made(one, "aws_rds_cluster", {})
    made = [cluster]
    instances = one.body["instances"]
    number = len(instances.value) if isinstance(instances.value, dict) else whole(one.get("replica_count"))
    classes = [node["instance_class"] for _, node in instances.entries() if node["instance_class"]]
    name = one.body["instance_class"] or (classes[0] if classes else one.body["instance_type"])
    if isinstance(number, int) and number > 0 and name.text:
        member = _resource(
            one, "aws_rds_cluster_instance", {"instance_class": name.text}, {("instance_class",): name.line}, "", []
        )
        member.count = number * one.count
        member.body.value["cluster_identifier"] = Unknown("cluster", (cluster.address,))
        made.append(member)
    return made


def _redis(one: Resource) -> list[Resource]:
    names = {
        "instance_type": "node_type",
        "cluster_size": "num_cache_clusters",
        "cluster_mode_num_node_groups": "num_node_groups",
        "cluster_mode_replicas_per_node_group": "replicas_per_node_group",
        "num_cache_nodes": "num_cache_clusters",
    }
    return [_made(one, "aws_elasticache_replication_group", names)]


def _service(one: Resource) -> list[Resource]:
    """An ECS service with its task; what the module takes where nothing is said."""
    given = {"cpu": 1024, "memory": 2048, "requires_compatibilities": ["FARGATE"]}
    fargate = one.get("launch_type") in (None, "FARGATE")
    more = {key: value for key, value in given.items() if one.body[key].value is None}
    task = _made(one, "aws_ecs_task_definition", {"name": "family"}, more)
    kinds = one.body["requires_compatibilities"].value
    launch = {"launch_type": "FARGATE"} if fargate and (kinds is None or kinds == ["FARGATE"]) else {}
    if one.body["capacity_provider_strategy"]:
        launch = {}
    service = _made(one, "aws_ecs_service", {}, {**launch, "task_definition": Unknown("task", (task.address,))})
    for key in ("container_definitions", "cpu", "memory"):
        service.body.value.pop(key, None)
    service.gaps = []
    made = [task, service]
    if one.get("enable_autoscaling") not in (False, "false"):
        link = Unknown("service", (service.address,))
        body = {
            "resource_id": link,
            "service_namespace": "ecs",
            "min_capacity": one.get("autoscaling_min_capacity") or 1,
            "max_capacity": one.get("autoscaling_max_capacity") or 10,
        }
        lines: Lines = {
            (key,): one.body[f"autoscaling_{key}"].line for key in ("min_capacity", "max_capacity")
            if one.body[f"autoscaling_{key}"]
        }  # fmt: skip
        target = _resource(one, "aws_appautoscaling_target", body, lines, "", [])
        made += [target, *_policies(one, target)]
    return made


def _policies(one: Resource, target: Resource) -> list[Resource]:
    key = "target_tracking_scaling_policy_configuration"
    made = []
    for name, node in _entries(one, "autoscaling_policies"):
        policy = _inner(one, "aws_appautoscaling_policy", node, name)
        tracking = policy.body.value.get(key)
        if isinstance(tracking, dict):
            metric = tracking.get("predefined_metric_specification")
            inner = {**tracking, "target_value": tracking.get("target_value", 75)}
            inner["predefined_metric_specification"] = [metric] if isinstance(metric, dict) else metric
            policy.body.value[key] = [inner]
            for path, line in list(policy.body.lines.items()):
                if path[:1] == (key,) and len(path) == 2:
                    policy.body.lines[(key, 0, path[1])] = line
        policy.body.value["resource_id"] = Unknown("target", (target.address,))
        made.append(policy)
    if not one.body["autoscaling_policies"]:  # the module's own defaults: 75 % of CPU and of memory
        for name in ("CPU", "Memory"):
            metric = [{"predefined_metric_type": f"ECSServiceAverage{name}Utilization"}]
            body = {
                "resource_id": Unknown("target", (target.address,)),
                key: [{"target_value": 75, "predefined_metric_specification": metric}],
            }
            made.append(_resource(one, "aws_appautoscaling_policy", body, {}, f".{name.lower()}", []))
    return made


def _ecs(one: Resource) -> list[Resource]:
    """The cluster, and the services that are written inside."""
    made = [_resource(one, "aws_ecs_cluster", {"name": one.text("cluster_name")}, {}, "", [])]
    for name, node in _entries(one, "services"):
        inner = _inner(one, "module", node, name)
        inner.body.value.setdefault("name", name)
        made += _service(inner)
    return made


def _group(one: Resource) -> list[Resource]:
    """An autoscaling group, whose instances the module monitors in detail where nothing else is written."""
    watched = one.get("enable_monitoring")
    more = {"monitoring": True if watched is None else watched}
    return [_made(one, "aws_autoscaling_group", {}, more)]


def _endpoints(one: Resource) -> list[Resource]:
    """Endpoints, which the module takes to be interfaces in its subnets where they say nothing else."""
    made = []
    for name, node in _entries(one, "endpoints"):
        inner = _inner(one, "aws_vpc_endpoint", node, name)
        kind = node["service_type"].text or "Interface"
        inner.body.value["vpc_endpoint_type"] = kind
        if kind != "Gateway" and "subnet_ids" not in inner.body.value and "subnet_ids" in one.body.value:
            inner.body.value["subnet_ids"] = one.body.value["subnet_ids"]
        made.append(inner)
    return made


_SIMPLE = {
    "alb": "aws_lb",
    "sqs": "aws_sqs_queue",
    "sns": "aws_sns_topic",
    "s3-bucket": "aws_s3_bucket",
    "dynamodb-table": "aws_dynamodb_table",
    "lambda": "aws_lambda_function",
    "ecr": "aws_ecr_repository",
    "opensearch": "aws_opensearch_domain",
    "cloudfront": "aws_cloudfront_distribution",
    "ec2-instance": "aws_instance",
    "efs": "aws_efs_file_system",
    "kms": "aws_kms_key",
    "secrets-manager": "aws_secretsmanager_secret",
    "apigateway-v2": "aws_apigatewayv2_api",
    "msk-kafka-cluster": "aws_msk_cluster",
    "eks/eks-managed-node-group": "aws_eks_node_group",
    "ecs/cluster": "aws_ecs_cluster",
    "rds/db_instance": "aws_db_instance",
    "cloudwatch/log-group": "aws_cloudwatch_log_group",
}
_MAKERS: dict[str, Callable[[Resource], list[Resource]]] = {
    "vpc": _network,
    "vpc/vpc-endpoints": _endpoints,
    "autoscaling": _group,
    "eks": _cluster,
    "eks-cluster": _cluster,
    "rds": _database,
    "rds-aurora": _aurora,
    "elasticache": _redis,
    "elasticache-redis": _redis,
    "ecs": _ecs,
    "ecs/service": _service,
}
_FREE = re.compile(r"iam|security-group|acm|label|route53/records|key-pair")
