"""Declared wins: every resource of the imported files is a line, costs nothing, or is named as not priced.

A resource with a place in the scenario (`modelled`) is priced there; every other one here, by its type. What no file
says (requests, bytes) is named; a type that has no rule is named with its file and line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from pydantic import ValidationError

from novamodel.cost import regions
from novamodel.scenario import Scenario, cache_nodes, database_classes
from novamodel.scenario.declared import Declared
from novamodel.workflows.month.declared import buckets, compute, machines, messages, network, rds, rest, stores
from novamodel.workflows.month.declared.collect import Found, title
from novamodel.workflows.month.declared.table import PARTS, tabled

Handler = Callable[[Declared, Found], None]

FREE = (
    "aws_launch_template",
    "aws_launch_configuration",
    "aws_ecs_task_definition",
    "aws_ecs_task_set",
    "aws_ecs_capacity_provider",
    "aws_ecs_cluster_capacity_providers",
    "aws_appautoscaling_target",
    "aws_appautoscaling_policy",
    "aws_autoscaling_policy",
    "aws_eks_addon",
    "aws_db_parameter_group",
    "aws_db_proxy_target",
    "aws_db_proxy_default_target_group",
    "aws_rds_cluster_parameter_group",
    "aws_db_subnet_group",
    "aws_elasticache_parameter_group",
    "aws_elasticache_subnet_group",
    "aws_lb_target_group",
    "aws_alb_target_group",
    "aws_lb_listener_rule",
    "aws_alb_listener_rule",
    "aws_apigatewayv2_stage",
    "aws_cloudwatch_event_rule",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_waf_rule",
    "aws_waf_ipset",
    "aws_wafv2_ip_set",
    "aws_wafv2_regex_pattern_set",
    "aws_wafv2_rule_group",
    "aws_config_delivery_channel",
    "aws_dx_gateway",
    "aws_mq_configuration",
)
"""Types that cost nothing by themselves, though others may depend on what they say."""


def both(*handlers: Handler) -> Handler:
    """A handler of what is billed in several ways."""

    def handle(one: Declared, found: Found) -> None:
        for handler in handlers:
            handler(one, found)

    return handle


HANDLERS: Mapping[str, Handler] = {
    **{kind: tabled(kind) for kind in PARTS},
    **dict.fromkeys(FREE, rest.free),
    "aws_eks_cluster": compute.eks_cluster,
    "aws_ecs_cluster": compute.ecs_cluster,
    "aws_ecs_service": compute.ecs_service,
    "aws_eks_fargate_profile": compute.fargate_profile,
    "aws_eks_node_group": machines.node_group,
    "aws_instance": machines.instance,
    "aws_spot_instance_request": machines.instance,
    "aws_autoscaling_group": machines.scaling_group,
    "aws_ebs_volume": machines.ebs_volume,
    "aws_ec2_host": machines.dedicated_host,
    "aws_lambda_function": messages.function,
    "aws_lambda_provisioned_concurrency_config": messages.kept_warm,
    "aws_sqs_queue": messages.queue,
    "aws_sns_topic": messages.topic,
    "aws_sns_topic_subscription": messages.subscription,
    "aws_kinesis_stream": messages.stream,
    "aws_kinesis_firehose_delivery_stream": messages.delivery_stream,
    "aws_sfn_state_machine": messages.state_machine,
    "aws_api_gateway_rest_api": messages.api,
    "aws_apigatewayv2_api": messages.api,
    "aws_api_gateway_stage": messages.api_stage,
    "aws_db_instance": rds.database,
    "aws_rds_cluster": rds.aurora,
    "aws_rds_cluster_instance": rds.cluster_member,
    "aws_db_proxy": rds.proxy,
    "aws_elasticache_replication_group": stores.cache,
    "aws_elasticache_cluster": stores.cache,
    "aws_elasticache_serverless_cache": stores.serverless_cache,
    "aws_opensearch_domain": stores.search,
    "aws_elasticsearch_domain": stores.search,
    "aws_dynamodb_table": stores.table,
    "aws_docdb_cluster_instance": stores.document_database,
    "aws_neptune_cluster_instance": stores.document_database,
    "aws_neptune_cluster": stores.graph_cluster,
    "aws_efs_file_system": stores.file_system,
    "aws_msk_cluster": stores.kafka,
    "aws_mq_broker": stores.broker,
    "aws_lb": network.load_balancer,
    "aws_alb": network.load_balancer,
    "aws_elb": network.load_balancer,
    "aws_eip": network.address,
    "aws_vpc_endpoint": network.endpoint,
    "aws_vpn_connection": network.vpn,
    "aws_networkfirewall_firewall": network.firewall,
    "aws_route53_zone": network.zone,
    "aws_route53_record": network.record,
    "aws_route53_health_check": network.health_check,
    "aws_route53_resolver_endpoint": network.resolver,
    "aws_wafv2_web_acl": network.web_acl,
    "aws_waf_web_acl": network.web_acl,
    "aws_wafregional_web_acl": network.web_acl,
    "aws_data_transfer": network.transfer,
    "aws_secretsmanager_secret": rest.secret,
    "aws_acm_certificate": rest.certificate,
    "aws_kms_key": rest.key,
    "aws_kms_external_key": rest.key,
    "aws_ssm_parameter": rest.parameter,
    "aws_cloudwatch_log_group": rest.log_group,
    "aws_cloudwatch_metric_alarm": rest.alarm,
    "aws_prometheus_workspace": rest.prometheus,
    "aws_grafana_workspace": rest.grafana,
    "aws_cloudfront_distribution": rest.distribution,
    "aws_ssm_activation": rest.activation,
    "aws_ebs_snapshot": both(machines.snapshot, tabled("aws_ebs_snapshot")),
    "aws_ebs_snapshot_copy": both(machines.snapshot, tabled("aws_ebs_snapshot")),
    "aws_s3_bucket": buckets.bucket,
    "provider": rest.free,
    "kubernetes_pod": compute.pod,
    "kubernetes_volume": compute.pod_volume,
}
"""What each type adds to the bill."""

SILENT = ("provider",)


def elsewhere(scenario: Scenario) -> tuple[str, ...]:
    """Other regions with a price book in which resources stand."""
    there = {one.text("provider_region") for one in scenario.declared}
    return tuple(sorted(there & set(regions()) - {scenario.pricing.region}))


def declared_usage(
    scenario: Scenario, requests: float, storage_requests: float, on: date, *, alone: bool = False, region: str = ""
) -> Found:
    """What the declared resources of one region add (the scenario's where none is given); see `Found`.

    `alone`: no place in the scenario prices any of them, and nothing is known by traffic.
    """
    found = Found(scenario, requests, storage_requests, on, alone)
    home = scenario.pricing.region
    for one in scenario.declared:
        where = one.text("provider_region") or home
        if one.type in SILENT or (not alone and one.modelled is not None and _priced_there(scenario, one)):
            continue
        if where != (region or home):
            if where not in regions() and not region:
                found.leave(one, f"it stands in {where}, of which there is no price book")
            continue
        taken = scenario.platform.kind != "compose" and one.modelled is not None
        if not alone and known_machine(one) and (taken or _hosted(scenario)):
            found.leave(one, "the scenario takes it from elsewhere: on the host, or on a machine of its own")
            continue
        handler = HANDLERS.get(one.type)
        if handler is None:
            found.leave(one, "no price of this kind")
            continue
        try:
            handler(one, found)
        except ValidationError as problem:  # a value that AWS does not know
            first = problem.errors()[0]
            found.leave(one, f"{'.'.join(map(str, first['loc']))} {first['input']!r}: {first['msg'].lower()}")
    return found


def _hosted(scenario: Scenario) -> bool:
    """Whether somebody says that all runs on a host of containers; where nobody says it, what is declared is paid."""
    said = scenario.origin("platform.kind")
    return scenario.platform.kind == "compose" and (said.kind in ("file", "override") or said.line is not None)


def known_machine(one: Declared) -> bool:
    """Whether the scenario would have taken a store's machine from here, had it not been told otherwise."""
    classes = [known.name for known in database_classes()] + [known.name for known in cache_nodes()]
    return one.text("instance_class") in classes or one.text("node_type") in classes


def _priced_there(scenario: Scenario, one: Declared) -> bool:
    """Whether the place of a resource in the scenario has a price; a store whose machine is unknown there has none."""
    path = one.modelled or ""
    if scenario.platform.kind == "compose" and path.startswith(("database", "cache")):
        return False
    if path.startswith("database"):
        part = scenario.all_databases.get(path.partition(".")[2].partition(".")[0] or "main", scenario.database)
        return part.instance_class is not None and one.type == "aws_db_instance"
    if path.startswith("cache"):
        name = path.partition(".")[2]
        return scenario.all_caches.get(name or "main", scenario.cache).node_type is not None
    if path.startswith("services."):
        return path.split(".")[1] in scenario.services
    if path in ("pricing.log_retention_months", "pricing.load_balancers") and one.usage:
        return False
    if path == "platform.node_type" and one.type in ("aws_autoscaling_group", "aws_instance"):
        return scenario.platform.kind != "compose" and one is machines.group_of_services(scenario)
    return one.type not in ("aws_eks_cluster", "aws_eks_node_group")


__all__ = ["HANDLERS", "Found", "declared_usage", "elsewhere", "known_machine", "title"]
