"""Kinds that are billed by figures of their use alone, each with one price: told as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from novamodel.scenario.declared import Declared
from novamodel.workflows.month.declared.collect import BY_USE, Found


class Part(NamedTuple):
    """What a resource adds to one price: a figure of its usage, by its name in usage files, times `times`.

    `used` empty: one of it is there all month, for `hours` by the hour.
    """

    key: str
    used: str = ""
    times: float = 1.0
    hours: bool = False


PARTS: Mapping[str, tuple[Part, ...]] = {
    "aws_nat_gateway": (Part("nat.hour", hours=True), Part("nat.data", "monthly_data_processed_gb")),
    "aws_vpn_connection": (Part("vpn.hour", hours=True),),
    "aws_ec2_transit_gateway_vpc_attachment": (
        Part("transit.hour", hours=True),
        Part("transit.data", "monthly_data_processed_gb"),
    ),
    "aws_ec2_transit_gateway_peering_attachment": (Part("transit.hour", hours=True),),
    "aws_ec2_client_vpn_endpoint": (Part("vpn.client.connection", "monthly_connection_hrs"),),
    "aws_ec2_client_vpn_network_association": (Part("vpn.client.association", hours=True),),
    "aws_ec2_traffic_mirror_session": (Part("vpc.mirror.hour", hours=True),),
    "aws_globalaccelerator_accelerator": (Part("globalaccelerator.hour", hours=True),),
    "aws_route53_record": (
        Part("route53.queries", "monthly_standard_queries"),
        Part("route53.latency_queries", "monthly_latency_based_queries"),
        Part("route53.geo_queries", "monthly_geo_queries"),
    ),
    "aws_route53_zone": (Part("route53.hosted_zone"),),
    "aws_networkfirewall_firewall": (Part("firewall.data", "monthly_data_processed_gb"),),
    "aws_ecr_repository": (Part("ecr.storage", "storage_gb"),),
    "aws_ebs_snapshot": (
        Part("ebs.fast_snapshot_restore", "fast_snapshot_restore_hours"),
        Part("ebs.snapshot_api.list", "monthly_list_block_requests"),
        Part("ebs.snapshot_api.get", "monthly_get_block_requests"),
        Part("ebs.snapshot_api.put", "monthly_put_block_requests"),
    ),
    "aws_db_snapshot": (Part("rds.backup", "storage_gb"),),
    "aws_docdb_cluster": (Part("docdb.backup", "backup_storage_gb"),),
    "aws_docdb_cluster_snapshot": (Part("docdb.backup", "backup_storage_gb"),),
    "aws_neptune_cluster_snapshot": (Part("neptune.backup", "backup_storage_gb"),),
    "aws_efs_file_system": (
        Part("efs.ia.read", "monthly_infrequent_access_read_gb"),
        Part("efs.ia.write", "monthly_infrequent_access_write_gb"),
    ),
    "aws_backup_vault": (
        Part("backup.efs.warm", "monthly_efs_warm_backup_gb"),
        Part("backup.efs.cold", "monthly_efs_cold_backup_gb"),
        Part("backup.efs.restore_warm", "monthly_efs_warm_restore_gb"),
        Part("backup.efs.restore_cold", "monthly_efs_cold_restore_gb"),
        Part("backup.efs.restore_item", "monthly_efs_item_restore_requests"),
        Part("backup.ebs", "monthly_ebs_snapshot_gb"),
        Part("backup.rds", "monthly_rds_snapshot_gb"),
        Part("backup.aurora", "monthly_aurora_snapshot_gb"),
        Part("backup.dynamodb", "monthly_dynamodb_backup_gb"),
        Part("backup.dynamodb.restore", "monthly_dynamodb_restore_gb"),
        Part("backup.fsx.windows", "monthly_fsx_windows_backup_gb"),
        Part("backup.fsx.lustre", "monthly_fsx_lustre_backup_gb"),
    ),
    "aws_cloudwatch_event_bus": (
        Part("events.custom", "monthly_custom_events"),
        Part("events.third_party", "monthly_third_party_events"),
        Part("events.archive.processing", "monthly_archive_processing_gb"),
        Part("events.archive.storage", "archive_storage_gb"),
        Part("events.discovery", "monthly_schema_discovery_events"),
    ),
    "aws_cloudtrail": (
        Part("cloudtrail.management", "monthly_additional_management_events"),
        Part("cloudtrail.data", "monthly_data_events"),
        Part("cloudtrail.insights", "monthly_insight_events"),
    ),
    "aws_config_config_rule": (Part("config.rules", "monthly_rule_evaluations"),),
    "aws_config_organization_custom_rule": (Part("config.rules", "monthly_rule_evaluations"),),
    "aws_config_organization_managed_rule": (Part("config.rules", "monthly_rule_evaluations"),),
    "aws_config_configuration_recorder": (
        Part("config.items", "monthly_config_items"),
        Part("config.custom_items", "monthly_custom_config_items"),
    ),
    "aws_guardduty_detector": (
        Part("guardduty.events", "monthly_cloudtrail_events"),
        Part("guardduty.logs", "monthly_logs_analyzed_gb"),
    ),
    "aws_s3_bucket_inventory": (Part("s3.inventory", "monthly_listed_objects"),),
    "aws_s3_bucket_analytics_configuration": (Part("s3.analytics", "monthly_monitored_objects"),),
    "aws_prometheus_workspace": (
        Part("amp.samples", "monthly_samples"),
        Part("amp.storage", "storage_gb"),
        Part("amp.query", "monthly_query_samples"),
    ),
    "aws_cloudwatch_composite_alarm": (Part("cloudwatch.alarm.composite"),),
    "aws_cloudwatch_dashboard": (Part("cloudwatch.dashboard"),),
    "aws_cloudfront_function": (Part("cloudfront.function", "monthly_requests"),),
    "aws_flow_log": (Part("cloudwatch.logs.vended", "monthly_data_ingested_gb"),),
}
"""What each type is billed for."""


def meter_used(one: Declared, found: Found, parts: tuple[Part, ...]) -> list[str]:
    """Meter the figures that a usage file says; the names of the others."""
    unsaid = []
    for part in parts:
        if not part.used:
            found.meter(part.key, one.count * part.times * (found.hours if part.hours else 1), one)
            continue
        amount = one.used(part.used)
        if amount is None:
            unsaid.append(part.used)
        elif amount:
            found.meter(part.key, amount * part.times * one.count, one, "use")
    return unsaid


def leave_unsaid(one: Declared, found: Found, unsaid: list[str]) -> None:
    """Name figures of use that no file says: usage files name them so."""
    if unsaid:
        found.leave(one, f"{', '.join(name.replace('_', ' ') for name in unsaid)}: {BY_USE}")


def by_use(*parts: Part) -> Callable[[Declared, Found], None]:
    """A handler of what is billed by some figures of its use."""

    def handle(one: Declared, found: Found) -> None:
        leave_unsaid(one, found, meter_used(one, found, parts))

    return handle


def tabled(kind: str) -> Callable[[Declared, Found], None]:
    """The handler of a type of the table."""
    return by_use(*PARTS[kind])
