"""Declared wins: every resource of the imported files is a line, costs nothing, or is named as not priced.

A resource with a place in the scenario (`modelled`) is priced there; every other one here, by its type. What no file
says (requests, bytes) is named; a type that has no rule is named with its file and line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from novamodel.scenario import Scenario, cache_nodes, database_classes
from novamodel.scenario.declared import Declared
from novamodel.workflows.month.declared import compute, network, rest, stores
from novamodel.workflows.month.declared.collect import Found, title

Handler = Callable[[Declared, Found], None]

HANDLERS: Mapping[str, Handler] = {
    "aws_eks_cluster": compute.eks_cluster,
    "aws_eks_node_group": compute.node_group,
    "aws_instance": compute.instance,
    "aws_spot_instance_request": compute.instance,
    "aws_autoscaling_group": compute.scaling_group,
    "aws_launch_template": rest.free,
    "aws_launch_configuration": rest.free,
    "aws_ebs_volume": compute.ebs_volume,
    "aws_ebs_snapshot": rest.by_use("its bytes"),
    "aws_ecs_cluster": compute.ecs_cluster,
    "aws_ecs_service": compute.ecs_service,
    "aws_ecs_task_definition": rest.free,
    "aws_ecs_capacity_provider": rest.free,
    "aws_ecs_cluster_capacity_providers": rest.free,
    "aws_appautoscaling_target": rest.free,
    "aws_appautoscaling_policy": rest.free,
    "aws_autoscaling_policy": rest.free,
    "aws_eks_addon": rest.free,
    "aws_eks_fargate_profile": rest.free,
    "aws_lambda_function": compute.function,
    "aws_lambda_provisioned_concurrency_config": rest.by_use("environments kept warm"),
    "aws_db_instance": stores.database,
    "aws_rds_cluster": stores.aurora,
    "aws_rds_cluster_instance": stores.cluster_member,
    "aws_db_proxy": stores.proxy,
    "aws_db_parameter_group": rest.free,
    "aws_rds_cluster_parameter_group": rest.free,
    "aws_db_subnet_group": rest.free,
    "aws_db_snapshot": rest.by_use("its bytes"),
    "aws_elasticache_replication_group": stores.cache,
    "aws_elasticache_cluster": stores.cache,
    "aws_elasticache_serverless_cache": stores.serverless_cache,
    "aws_elasticache_parameter_group": rest.free,
    "aws_elasticache_subnet_group": rest.free,
    "aws_opensearch_domain": stores.search,
    "aws_elasticsearch_domain": stores.search,
    "aws_dynamodb_table": stores.table,
    "aws_lb_listener_rule": rest.free,
    "aws_alb_listener_rule": rest.free,
    "aws_lb": network.load_balancer,
    "aws_alb": network.load_balancer,
    "aws_elb": network.load_balancer,
    "aws_eip": network.address,
    "aws_vpc_endpoint": network.endpoint,
    "aws_vpn_connection": network.hourly("vpn.hour"),
    "aws_ec2_transit_gateway_vpc_attachment": network.hourly("transit.hour"),
    "aws_route53_zone": network.zone,
    "aws_route53_record": rest.free,
    "aws_route53_health_check": network.health_check,
    "aws_route53_resolver_endpoint": network.resolver,
    "aws_wafv2_web_acl": network.web_acl,
    "aws_waf_web_acl": network.web_acl,
    "aws_wafregional_web_acl": network.web_acl,
    "aws_api_gateway_rest_api": network.api,
    "aws_apigatewayv2_api": network.api,
    "aws_api_gateway_stage": network.api_stage,
    "aws_apigatewayv2_stage": rest.free,
    "aws_cloudfront_distribution": rest.by_use("bytes and requests"),
    "aws_secretsmanager_secret": rest.secret,
    "aws_kms_key": rest.key,
    "aws_kms_external_key": rest.key,
    "aws_ssm_parameter": rest.parameter,
    "aws_ecr_repository": rest.free,
    "aws_cloudwatch_log_group": rest.log_group,
    "aws_cloudwatch_metric_alarm": rest.alarm,
    "aws_cloudwatch_composite_alarm": rest.composite_alarm,
    "aws_cloudwatch_dashboard": rest.dashboard,
    "aws_cloudwatch_event_rule": rest.free,
    "aws_cloudwatch_event_bus": rest.by_use("events"),
    "aws_flow_log": rest.by_use("vended logs"),
    "aws_prometheus_workspace": rest.prometheus,
    "aws_grafana_workspace": rest.grafana,
    "aws_sqs_queue": rest.queue,
    "aws_sns_topic": rest.by_use("messages"),
    "aws_sns_topic_subscription": rest.free,
    "aws_sfn_state_machine": rest.by_use("transitions"),
    "aws_s3_bucket": rest.by_use("bytes and requests"),
    "aws_efs_file_system": rest.by_use("bytes"),
    "aws_backup_vault": rest.by_use("bytes"),
    "aws_acm_certificate": rest.free,
    "provider": rest.free,
    "kubernetes_pod": compute.pod,
    "kubernetes_volume": compute.pod_volume,
}
"""What each type adds to the bill."""

SILENT = ("provider",)


def declared_usage(scenario: Scenario, requests: float, storage_requests: float, on: date) -> Found:
    """What all declared resources add; see `Found` for what else it needs to know."""
    found = Found(scenario, requests, storage_requests, on)
    for one in scenario.declared:
        if one.type in SILENT or (one.modelled is not None and _priced_there(scenario, one)):
            continue
        if known_machine(one) and (one.modelled is not None or scenario.platform.kind == "compose"):
            found.leave(one, "the scenario takes it from elsewhere: on the host, or on a machine of its own")
            continue
        handler = HANDLERS.get(one.type)
        if handler is None:
            found.leave(one, "no price of this kind")
        else:
            handler(one, found)
    return found


def known_machine(one: Declared) -> bool:
    """Whether the scenario would have taken a store's machine from here, had it not been told otherwise."""
    classes = [known.name for known in database_classes()] + [known.name for known in cache_nodes()]
    return one.text("instance_class") in classes or one.text("node_type") in classes


def _priced_there(scenario: Scenario, one: Declared) -> bool:
    """Whether the place of a resource in the scenario has a price; a store whose machine is unknown there has none."""
    path = one.modelled or ""
    if path.startswith("database"):
        part = scenario.all_databases.get(path.partition(".")[2].partition(".")[0] or "main", scenario.database)
        return part.instance_class is not None and one.type == "aws_db_instance"
    if path.startswith("cache"):
        name = path.partition(".")[2]
        return scenario.all_caches.get(name or "main", scenario.cache).node_type is not None
    return one.type not in ("aws_eks_cluster", "aws_eks_node_group")


__all__ = ["HANDLERS", "Found", "declared_usage", "known_machine", "title"]
