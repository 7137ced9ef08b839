"""One resource of every kind, each with its lines worked out by hand from the prices of us-east-1.

Unit prices: AWS's price lists as the book names their sources (`novamodel prices show KEY`); 730 hours a month. An
amount is quantity x price, rounded half up to the cent.
"""

from pathlib import Path
from typing import Any

import pytest

import novamodel as nm
from novamodel.scenario.declared import Declared
from novamodel.workflows.month.declared import HANDLERS
from tests.recorded_costs import alone

BASE = nm.load(Path(__file__).parents[1] / "bills" / "rds-gp2")
Values = dict[str, Any]


def one(kind: str, values: Values | None = None, usage: Values | None = None, **links: str) -> Declared:
    return Declared(type=f"aws_{kind}", name="it", values=values or {}, usage=usage or {}, links=links)


TASK = Declared(
    type="aws_ecs_task_definition",
    name="task",
    values={"cpu": "1 vCPU", "memory": "2 GB", "runtime_platform.cpu_architecture": "ARM64"},
)
TEMPLATE = Declared(
    type="aws_launch_template",
    name="lt",
    values={"instance_type": "t3.medium", "block_device_mappings.device_name": "/dev/xvda",
            "block_device_mappings.ebs.volume_type": "gp3", "block_device_mappings.ebs.volume_size": 50},
)  # fmt: skip
CLUSTER = Declared(type="aws_rds_cluster", name="c", values={"engine": "aurora-mysql", "engine_version": "8.0"})
VOLUME = Declared(type="aws_ebs_volume", name="v", values={"size": 100})
SLICES = {"request_duration_ms": 350, "monthly_requests": 1_000_000}

CASES: list[tuple[Declared, list[Declared], dict[str, str]]] = [
    # --- machines
    (one("eks_cluster", {"version": "1.34"}), [], {"eks.cluster.standard": "73.00"}),
    (one("eks_node_group", {"instance_types": "t3.medium", "scaling_config.desired_size": 3}), [],
     {"ec2.linux.t3.medium": "91.10", "ebs.gp2.storage": "6.00"}),  # 3 x 730 x 0.0416; 3 x 20 GB
    (one("instance", {"instance_type": "t3.medium", "root_block_device.volume_size": 30,
                      "root_block_device.volume_type": "io2", "root_block_device.iops": 1000}), [],
     {"ec2.linux.t3.medium": "30.37", "ebs.io2.storage": "3.75", "ebs.io2.iops": "65.00"}),
    (one("instance", {"instance_type": "t3.medium"}, {"monthly_cpu_credit_hrs": 10, "vcpu_count": 2}), [],
     {"ec2.linux.t3.medium": "30.37", "ebs.gp2.storage": "0.80", "ec2.cpu_credits.t3": "1.00"}),
    (one("instance", {"instance_type": "t3.medium"}, {"operating_system": "windows", "monthly_hrs": 100}), [],
     {"ec2.windows.t3.medium": "6.00", "ebs.gp2.storage": "0.80"}),  # the disk stays all month
    (one("autoscaling_group", {"desired_capacity": 2}, **{"launch_template.id": "aws_launch_template.lt"}), [TEMPLATE],
     {"ec2.linux.t3.medium": "60.74", "ebs.gp3.storage": "8.00"}),
    (one("ebs_volume", {"size": 100, "type": "gp3", "iops": 4000, "throughput": 200}), [],
     {"ebs.gp3.storage": "8.00", "ebs.gp3.iops": "5.00", "ebs.gp3.throughput": "3.00"}),
    (one("ebs_volume", {"size": 500, "type": "st1"}), [], {"ebs.st1.storage": "22.50"}),
    (one("ebs_volume", {"size": 20, "type": "standard"}, {"monthly_standard_io_requests": 1_000_000}), [],
     {"ebs.magnetic.storage": "1.00", "ebs.magnetic.io": "0.05"}),
    (one("ebs_snapshot", volume_id="aws_ebs_volume.v"), [VOLUME], {"ebs.snapshot": "5.00"}),
    (one("ecs_service", {"desired_count": 2, "launch_type": "FARGATE"}, task_definition=TASK.address), [TASK],
     {"fargate.linux.arm64.vcpu": "47.27", "fargate.linux.arm64.memory": "10.40"}),  # 1,460 h x 0.03238, 0.00712
    (one("lambda_function", {"memory_size": 512}, SLICES), [],
     {"lambda.requests": "0.20", "lambda.x86.duration": "2.92"}),  # 175,000 GB-s
    (one("lambda_provisioned_concurrency_config", {"provisioned_concurrent_executions": 10}, {"memory_mb": 1024}), [],
     {"lambda.x86.provisioned": "109.50"}),  # 10 x 2,628,000 s x 0.0000041667
    # --- databases
    (one("db_instance", {"engine": "mysql", "instance_class": "db.t3.large", "multi_az": True,
                         "allocated_storage": 100}), [],
     {"rds.mysql.db.t3.large.multi_az": "198.56", "rds.gp2.storage.multi_az": "23.00"}),
    (one("db_instance", {"engine": "mariadb", "instance_class": "db.t3.large", "storage_type": "io1",
                         "allocated_storage": 100, "iops": 1000}, {"additional_backup_storage_gb": 100}), [],
     {"rds.mysql.db.t3.large.single_az": "99.28", "rds.io1.storage.single_az": "12.50",
      "rds.io1.iops.single_az": "100.00", "rds.backup": "9.50"}),
    (one("db_instance", {"engine": "sqlserver-ex", "instance_class": "db.t3.large"}), [],
     {"rds.sqlserver-ex.db.t3.large.single_az": "118.26", "rds.gp2.storage.single_az": "2.30"}),
    (one("db_instance", {"engine": "mysql", "engine_version": "8.0.36", "instance_class": "db.t3.large"}), [],
     {"rds.mysql.db.t3.large.single_az": "99.28", "rds.gp2.storage.single_az": "2.30",
      "rds.extended_support.year_1_2": "146.00"}),  # charged from August 2026
    (one("rds_cluster", {"engine": "aurora-postgresql", "backup_retention_period": 5},
         {"storage_gb": 100, "write_requests_per_sec": 10, "read_requests_per_sec": 10,
          "backup_snapshot_size_gb": 100}), [],
     {"aurora.storage.standard": "10.00", "aurora.io": "10.51", "aurora.backup": "8.40"}),
    (one("rds_cluster_instance", {"instance_class": "db.r6g.large"}, cluster_identifier="aws_rds_cluster.c"), [CLUSTER],
     {"aurora.db.r6g.large.standard": "189.80"}),
    (one("rds_cluster_instance", {"instance_class": "db.serverless"}, {"capacity_units_per_hr": 5},
         cluster_identifier="aws_rds_cluster.c"), [CLUSTER], {"aurora.serverless.standard": "438.00"}),
    (one("elasticache_replication_group", {"node_type": "cache.r7g.large", "engine": "valkey", "num_node_groups": 2,
                                           "replicas_per_node_group": 1}), [],
     {"elasticache.valkey.cache.r7g.large": "511.58"}),  # 4 x 730 x 0.1752
    (one("elasticache_cluster", {"node_type": "cache.t3.micro", "engine": "memcached", "num_cache_nodes": 3}), [],
     {"elasticache.memcached.cache.t3.micro": "37.23"}),
    (one("elasticache_cluster", {"node_type": "cache.m4.large", "engine": "redis", "snapshot_retention_limit": 2},
         {"snapshot_storage_size_gb": 100}), [],
     {"elasticache.redis.cache.m4.large": "113.88", "elasticache.backup": "8.50"}),
    (one("elasticache_serverless_cache", {"engine": "valkey"}), [],
     {"elasticache.serverless.valkey.storage": "6.13"}),  # 0.1 GB at least
    (one("dynamodb_table", {"write_capacity": 20, "read_capacity": 30}), [],
     {"dynamodb.wcu": "9.49", "dynamodb.rcu": "2.85"}),
    (one("dynamodb_table", {"billing_mode": "PAY_PER_REQUEST"}, {"monthly_write_request_units": 3_000_000,
         "monthly_read_request_units": 8_000_000, "storage_gb": 230}), [],
     {"dynamodb.wru": "1.88", "dynamodb.rru": "1.00", "dynamodb.storage": "57.50"}),
    (one("opensearch_domain", {"cluster_config.instance_type": "r5.large.search", "cluster_config.instance_count": 2,
                               "ebs_options.volume_size": 100, "ebs_options.volume_type": "gp2"}), [],
     {"opensearch.r5.large.search": "271.56", "opensearch.gp2.storage": "27.00"}),
    (one("docdb_cluster_instance", {"instance_class": "db.t3.medium"}, {"data_storage_gb": 1000}), [],
     {"docdb.db.t3.medium": "56.94", "docdb.storage": "100.00"}),
    # --- network and edge
    (one("lb", {"load_balancer_type": "application", "internal": True},
         {"new_connections": 50, "processed_bytes_gb": 730}), [],
     {"elb.alb.hour": "16.43", "elb.alb.lcu": "11.68"}),  # the larger of 50 / 25 and 1 GB an hour: 2 units
    (one("lb", {"load_balancer_type": "network", "internal": True}, {"processed_bytes_gb": 1000}), [],
     {"elb.nlb.hour": "16.43", "elb.nlb.lcu": "6.00"}),
    (one("elb", {"internal": True}, {"monthly_data_processed_gb": 10_000}), [],
     {"elb.classic.hour": "18.25", "elb.classic.data": "80.00"}),
    (one("nat_gateway", {}, {"monthly_data_processed_gb": 100}), [], {"nat.hour": "32.85", "nat.data": "4.50"}),
    (one("eip"), [], {"vpc.public_ipv4": "3.65"}),
    (one("vpc_endpoint", {"vpc_endpoint_type": "Interface", "subnet_ids.count": 2},
         {"monthly_data_processed_gb": 1000}), [],
     {"vpc.endpoint.hour": "14.60", "vpc.endpoint.data": "10.00"}),
    (one("vpc_endpoint", {"vpc_endpoint_type": "Gateway"}), [], {}),
    (one("vpn_connection", {"transit_gateway_id": True}, {"monthly_data_processed_gb": 100}), [],
     {"vpn.hour": "36.50", "transit.hour": "36.50", "transit.data": "2.00"}),
    (one("data_transfer", {}, {"region": "us-east-1", "monthly_outbound_internet_gb": 11_240,
                               "monthly_intra_region_gb": 1000}), [],
     {"transfer.internet_out": "1006.60", "transfer.cross_az": "20.00"}),  # 10,240 x 0.09 + 1,000 x 0.085
    (one("data_transfer", {}, {"region": "sa-east-1", "monthly_outbound_internet_gb": 1000}), [],
     {"transfer.sa-east-1.internet_out": "150.00"}),
    (one("cloudfront_distribution", {}, {"monthly_data_transfer_to_internet_gb.us": 1000,
                                         "monthly_https_requests.us": 1_000_000}), [],
     {"cloudfront.us.internet_out": "85.00", "cloudfront.us.https": "1.00"}),
    (one("route53_zone"), [], {"route53.hosted_zone": "0.50"}),
    (one("route53_record", {}, {"monthly_standard_queries": 1_000_000}), [], {"route53.queries": "0.40"}),
    (one("route53_health_check", {"type": "HTTPS", "request_interval": 10}, {"endpoint_type": "non_aws"}), [],
     {"route53.health_check.outside": "0.75", "route53.health_check.outside_feature": "4.00"}),
    (one("route53_resolver_endpoint", {}, {"monthly_queries": 1_000_000}), [],
     {"route53.resolver.hour": "182.50", "route53.resolver.queries": "0.40"}),
    (one("wafv2_web_acl", {"rule.name": "own", "rule.1.name": "aws",
                           "rule.1.statement.managed_rule_group_statement.name": "Common"},
         {"monthly_requests": 1_000_000}), [],
     {"waf.web_acl": "5.00", "waf.rule": "2.00", "waf.requests": "0.60"}),
    (one("networkfirewall_firewall", {"subnet_mapping.count": 2}, {"monthly_data_processed_gb": 100}), [],
     {"firewall.hour": "576.70", "firewall.data": "6.50"}),
    (one("api_gateway_rest_api", {}, {"monthly_requests": 1_000_000}), [], {"apigateway.rest.requests": "3.50"}),
    (one("apigatewayv2_api", {"protocol_type": "HTTP"}, {"monthly_requests": 1_000_000, "request_size_kb": 1024}), [],
     {"apigateway.http.requests": "2.00"}),  # a request for each 512 KB
    (one("apigatewayv2_api", {"protocol_type": "WEBSOCKET"}, {"monthly_messages": 1_000_000, "message_size_kb": 64,
                                                              "monthly_connection_mins": 10_000_000}), [],
     {"apigateway.websocket.messages": "2.00", "apigateway.websocket.minutes": "2.50"}),
    (one("api_gateway_stage", {"cache_cluster_size": 0.5}), [], {"apigateway.cache.0.5": "14.60"}),
    # --- messages
    (one("sqs_queue", {"fifo_queue": True}, {"monthly_requests": 1_000_000, "request_size_kb": 128}), [],
     {"sqs.fifo_requests": "1.00"}),
    (one("sns_topic", {}, {"monthly_requests": 1_000_000, "http_subscriptions": 2}), [],
     {"sns.requests": "0.50", "sns.http": "1.20"}),
    (one("kinesis_stream", {"shard_count": 4}, {"monthly_provisioned_put_units": 6_500_000}), [],
     {"kinesis.shard.hour": "43.80", "kinesis.put": "0.09"}),
    (one("kinesis_stream", {"stream_mode_details.stream_mode": "ON_DEMAND"}, {"monthly_on_demand_data_in_gb": 100}), [],
     {"kinesis.on_demand.hour": "29.20", "kinesis.on_demand.in": "8.00"}),
    (one("kinesis_firehose_delivery_stream", {}, {"monthly_data_ingested_gb": 1000}), [], {"firehose.ingest": "29.00"}),
    (one("sfn_state_machine", {}, {"monthly_transitions": 10_000}), [], {"sfn.transitions": "0.25"}),
    (one("sfn_state_machine", {"type": "EXPRESS"}, {"monthly_requests": 1_000_000, "workflow_duration_ms": 120,
                                                    "memory_mb": 65}), [],
     {"sfn.express.requests": "1.00", "sfn.express.duration": "0.42"}),  # 200 ms x 128 MB
    (one("cloudwatch_event_bus", {}, {"monthly_custom_events": 1_000_000}), [], {"events.custom": "1.00"}),
    (one("mq_broker", {"engine_type": "RabbitMQ", "host_instance_type": "mq.m5.xlarge",
                       "deployment_mode": "CLUSTER_MULTI_AZ"}, {"storage_size_gb": 10}), [],
     {"mq.rabbitmq.mq.m5.xlarge.cluster": "1261.44", "mq.storage.ebs": "3.00"}),
    (one("msk_cluster", {"number_of_broker_nodes": 2, "broker_node_group_info.instance_type": "kafka.t3.small",
                         "broker_node_group_info.storage_info.ebs_storage_info.volume_size": 500}), [],
     {"msk.kafka.t3.small": "66.58", "msk.storage": "100.00"}),
    # --- storage
    (one("s3_bucket", {}, {"standard.storage_gb": 1000, "standard.monthly_tier_2_requests": 1_000_000,
                           "standard_infrequent_access.monthly_data_retrieval_gb": 100}), [],
     {"s3.standard.storage": "23.00", "s3.get": "0.40", "s3.standard_ia.retrieval": "1.00"}),
    (one("efs_file_system", {"throughput_mode": "provisioned", "provisioned_throughput_in_mibps": 100},
         {"storage_gb": 230}), [], {"efs.standard.storage": "69.00", "efs.throughput": "531.00"}),
    (one("backup_vault", {}, {"monthly_ebs_snapshot_gb": 1000}), [], {"backup.ebs": "50.00"}),
    (one("ecr_repository", {}, {"storage_gb": 10}), [], {"ecr.storage": "1.00"}),
    # --- looking after it
    (one("cloudwatch_log_group", {}, {"monthly_data_ingested_gb": 1000, "storage_gb": 500,
                                      "monthly_data_scanned_gb": 250}), [],
     {"cloudwatch.logs.ingest": "500.00", "cloudwatch.logs.storage": "15.00", "cloudwatch.logs.scan": "1.25"}),
    (one("cloudwatch_metric_alarm", {"period": 10}), [], {"cloudwatch.alarm.high_resolution": "0.30"}),
    (one("cloudwatch_dashboard"), [], {"cloudwatch.dashboard": "3.00"}),
    (one("flow_log", {}, {"monthly_data_ingested_gb": 10}), [], {"cloudwatch.logs.vended": "5.00"}),
    (one("secretsmanager_secret", {}, {"monthly_requests": 100_000}), [],
     {"secrets.secret": "0.40", "secrets.api": "0.50"}),
    (one("kms_key", {}, {"monthly_requests": 100_000}), [], {"kms.key": "1.00", "kms.requests": "0.30"}),
    (one("ssm_parameter", {"tier": "Advanced"}), [], {"ssm.parameter.hour": "0.05"}),
    (one("grafana_workspace", {}, {"editors_administrator_licenses": 2, "viewer_licenses": 3}), [],
     {"grafana.editor": "18.00", "grafana.viewer": "15.00"}),
    (one("prometheus_workspace", {}, {"monthly_samples": 100_000_000}), [], {"amp.samples": "9.00"}),
    (one("cloudtrail", {}, {"monthly_data_events": 200_000}), [], {"cloudtrail.data": "0.20"}),
    (one("config_config_rule", {}, {"monthly_rule_evaluations": 200_000}), [], {"config.rules": "180.00"}),
    (one("guardduty_detector", {}, {"monthly_cloudtrail_events": 10_000_000, "monthly_logs_analyzed_gb": 600}), [],
     {"guardduty.events": "40.00", "guardduty.logs": "550.00"}),
]  # fmt: skip


def names() -> list[str]:
    return [f"{number} {case[0].type.removeprefix('aws_')}" for number, case in enumerate(CASES)]


@pytest.mark.parametrize(("subject", "beside", "right"), CASES, ids=names())
def test_a_kind_costs_what_its_prices_say(subject: Declared, beside: list[Declared], right: dict[str, str]) -> None:
    bill = alone(BASE, [subject, *beside])
    found: dict[str, Any] = {}
    for line in bill.lines:
        found[line.key] = found.get(line.key, 0) + line.amount
        assert line.source, line
        assert line.date, line
    assert {key: str(amount) for key, amount in found.items() if amount} == right


def test_a_kind_of_use_is_named_where_no_file_says_it() -> None:
    """What has no figures is never billed as none: its name stands under what is not priced."""
    by_use = ["lambda_function", "sqs_queue", "sns_topic", "s3_bucket", "efs_file_system", "ecr_repository",
              "cloudwatch_event_bus", "backup_vault", "api_gateway_rest_api", "apigatewayv2_api", "kinesis_stream",
              "sfn_state_machine", "cloudfront_distribution", "guardduty_detector", "cloudtrail"]  # fmt: skip
    for kind in by_use:
        bill = alone(BASE, [one(kind)])
        assert any(text.startswith(f"aws_{kind} it") for text in bill.not_priced), kind


def test_every_kind_of_the_table_has_a_handler() -> None:
    assert {case[0].type for case in CASES} <= HANDLERS.keys()
    assert len({case[0].type for case in CASES}) > 55
