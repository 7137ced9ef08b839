"""CloudFormation's resource types and properties under the names that Terraform gives them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from novamodel.importers.terraform.values import Unknown
from novamodel.yamlfile import Lines

TYPES: dict[str, tuple[str, Mapping[str, str]]] = {
    "AWS::ECS::TaskDefinition": ("aws_ecs_task_definition", {}),
    "AWS::ECS::Service": (
        "aws_ecs_service",
        {
            "ServiceName": "name",
            "DeploymentConfiguration.MinimumHealthyPercent": "deployment_minimum_healthy_percent",
            "DeploymentConfiguration.MaximumPercent": "deployment_maximum_percent",
        },
    ),
    "AWS::ECS::Cluster": ("aws_ecs_cluster", {"ClusterName": "name", "ClusterSettings": "setting"}),
    "AWS::ECS::ClusterCapacityProviderAssociations": (
        "aws_ecs_cluster_capacity_providers",
        {"Cluster": "cluster_name"},
    ),
    "AWS::ElastiCache::ParameterGroup": ("aws_elasticache_parameter_group", {}),
    "AWS::ApplicationAutoScaling::ScalableTarget": ("aws_appautoscaling_target", {}),
    "AWS::ApplicationAutoScaling::ScalingPolicy": (
        "aws_appautoscaling_policy",
        {"PolicyName": "name", "ScalingTargetId": "resource_id"},
    ),
    "AWS::RDS::DBInstance": (
        "aws_db_instance",
        {
            "DBInstanceClass": "instance_class",
            "MultiAZ": "multi_az",
            "EnablePerformanceInsights": "performance_insights_enabled",
            "SourceDBInstanceIdentifier": "replicate_source_db",
            "DBParameterGroupName": "parameter_group_name",
            "DBInstanceIdentifier": "identifier",
            "DBClusterIdentifier": "cluster_identifier",
        },
    ),
    "AWS::RDS::DBCluster": (
        "aws_rds_cluster",
        {
            "DBClusterIdentifier": "cluster_identifier",
            "DBClusterParameterGroupName": "db_cluster_parameter_group_name",
            "ServerlessV2ScalingConfiguration": "serverlessv2_scaling_configuration",
        },
    ),
    "AWS::RDS::DBParameterGroup": ("aws_db_parameter_group", {}),
    "AWS::RDS::DBClusterParameterGroup": ("aws_rds_cluster_parameter_group", {}),
    "AWS::ElastiCache::ReplicationGroup": (
        "aws_elasticache_replication_group",
        {
            "CacheNodeType": "node_type",
            "ReplicationGroupId": "replication_group_id",
            "CacheParameterGroupName": "parameter_group_name",
        },
    ),
    "AWS::ElastiCache::CacheCluster": (
        "aws_elasticache_cluster",
        {"CacheNodeType": "node_type", "CacheParameterGroupName": "parameter_group_name"},
    ),
    "AWS::EKS::Cluster": ("aws_eks_cluster", {}),
    "AWS::EKS::Nodegroup": ("aws_eks_node_group", {}),
    "AWS::EKS::FargateProfile": ("aws_eks_fargate_profile", {}),
    "AWS::EC2::NatGateway": ("aws_nat_gateway", {}),
    "AWS::EC2::EIP": ("aws_eip", {}),
    "AWS::EC2::VPC": ("aws_vpc", {}),
    "AWS::EC2::VPCEndpoint": ("aws_vpc_endpoint", {}),
    "AWS::EC2::Instance": ("aws_instance", {}),
    "AWS::EC2::Volume": ("aws_ebs_volume", {"VolumeType": "type"}),
    "AWS::EC2::LaunchTemplate": (
        "aws_launch_template",
        {
            "LaunchTemplateName": "name",
            "LaunchTemplateData.InstanceType": "instance_type",
            "LaunchTemplateData.BlockDeviceMappings": "block_device_mappings",
            "LaunchTemplateData.Monitoring": "monitoring",
            "LaunchTemplateData.Placement": "placement",
            "LaunchTemplateData.CreditSpecification": "credit_specification",
            "LaunchTemplateData.EbsOptimized": "ebs_optimized",
        },
    ),
    "AWS::AutoScaling::LaunchConfiguration": (
        "aws_launch_configuration",
        {"LaunchConfigurationName": "name", "InstanceMonitoring": "enable_monitoring"},
    ),
    "AWS::AutoScaling::AutoScalingGroup": (
        "aws_autoscaling_group",
        {"LaunchConfigurationName": "launch_configuration", "AutoScalingGroupName": "name"},
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("aws_lb", {"Type": "load_balancer_type"}),
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("aws_lb_target_group", {}),
    "AWS::ElasticLoadBalancingV2::Listener": ("aws_lb_listener", {}),
    "AWS::ElasticLoadBalancingV2::ListenerRule": ("aws_lb_listener_rule", {}),
    "AWS::ElasticLoadBalancing::LoadBalancer": ("aws_elb", {}),
    "AWS::Logs::LogGroup": ("aws_cloudwatch_log_group", {"LogGroupName": "name"}),
    "AWS::CloudWatch::Alarm": ("aws_cloudwatch_metric_alarm", {"AlarmName": "alarm_name"}),
    "AWS::CloudWatch::Dashboard": ("aws_cloudwatch_dashboard", {}),
    "AWS::SQS::Queue": (
        "aws_sqs_queue",
        {
            "QueueName": "name",
            "VisibilityTimeout": "visibility_timeout_seconds",
            "MessageRetentionPeriod": "message_retention_seconds",
        },
    ),
    "AWS::SNS::Topic": ("aws_sns_topic", {"TopicName": "name"}),
    "AWS::S3::Bucket": ("aws_s3_bucket", {"BucketName": "bucket"}),
    "AWS::ECR::Repository": ("aws_ecr_repository", {"RepositoryName": "name"}),
    "AWS::EFS::FileSystem": ("aws_efs_file_system", {"LifecyclePolicies": "lifecycle_policy"}),
    "AWS::WAFv2::WebACL": ("aws_wafv2_web_acl", {}),
    "AWS::Route53::HostedZone": ("aws_route53_zone", {}),
    "AWS::Route53::RecordSet": ("aws_route53_record", {}),
    "AWS::Route53::RecordSetGroup": ("aws_route53_record", {}),
    "AWS::ApiGateway::RestApi": ("aws_api_gateway_rest_api", {}),
    "AWS::ApiGateway::Stage": ("aws_api_gateway_stage", {}),
    "AWS::ApiGatewayV2::Api": ("aws_apigatewayv2_api", {}),
    "AWS::ApiGatewayV2::Stage": ("aws_apigatewayv2_stage", {}),
    "AWS::Serverless::Api": ("aws_api_gateway_rest_api", {}),
    "AWS::Serverless::HttpApi": ("aws_apigatewayv2_api", {}),
    "AWS::Serverless::Function": ("aws_lambda_function", {"FunctionName": "function_name"}),
    "AWS::Serverless::SimpleTable": ("aws_dynamodb_table", {}),
    "AWS::Lambda::Function": ("aws_lambda_function", {"FunctionName": "function_name"}),
    "AWS::DynamoDB::Table": (
        "aws_dynamodb_table",
        {
            "TableName": "name",
            "ProvisionedThroughput.ReadCapacityUnits": "read_capacity",
            "ProvisionedThroughput.WriteCapacityUnits": "write_capacity",
        },
    ),
    "AWS::CloudFront::Distribution": ("aws_cloudfront_distribution", {}),
    "AWS::SecretsManager::Secret": ("aws_secretsmanager_secret", {}),
    "AWS::KMS::Key": ("aws_kms_key", {}),
    "AWS::OpenSearchService::Domain": ("aws_opensearch_domain", {}),
    "AWS::Kinesis::Stream": ("aws_kinesis_stream", {}),
    "AWS::MSK::Cluster": ("aws_msk_cluster", {"BrokerNodeGroupInfo": "broker_node_group_info"}),
    "AWS::KinesisFirehose::DeliveryStream": ("aws_kinesis_firehose_delivery_stream", {}),
    "AWS::AmazonMQ::Broker": ("aws_mq_broker", {}),
    "AWS::DocDB::DBCluster": ("aws_docdb_cluster", {"DBClusterIdentifier": "cluster_identifier"}),
    "AWS::DocDB::DBInstance": (
        "aws_docdb_cluster_instance",
        {"DBInstanceClass": "instance_class", "DBClusterIdentifier": "cluster_identifier"},
    ),
    "AWS::Neptune::DBCluster": ("aws_neptune_cluster", {"DBClusterIdentifier": "cluster_identifier"}),
    "AWS::Neptune::DBInstance": (
        "aws_neptune_cluster_instance",
        {"DBInstanceClass": "instance_class", "DBClusterIdentifier": "cluster_identifier"},
    ),
    "AWS::RDS::DBProxy": ("aws_db_proxy", {}),
    "AWS::ElastiCache::ServerlessCache": ("aws_elasticache_serverless_cache", {}),
    "AWS::StepFunctions::StateMachine": ("aws_sfn_state_machine", {"StateMachineType": "type"}),
    "AWS::Serverless::StateMachine": ("aws_sfn_state_machine", {}),
    "AWS::Events::EventBus": ("aws_cloudwatch_event_bus", {}),
    "AWS::CloudTrail::Trail": ("aws_cloudtrail", {"TrailName": "name"}),
    "AWS::Config::ConfigRule": ("aws_config_config_rule", {}),
    "AWS::Config::ConfigurationRecorder": ("aws_config_configuration_recorder", {}),
    "AWS::GuardDuty::Detector": ("aws_guardduty_detector", {}),
    "AWS::Backup::BackupVault": ("aws_backup_vault", {}),
    "AWS::NetworkFirewall::Firewall": ("aws_networkfirewall_firewall", {"SubnetMappings": "subnet_mapping"}),
    "AWS::EC2::VPNConnection": ("aws_vpn_connection", {}),
    "AWS::EC2::TransitGatewayAttachment": ("aws_ec2_transit_gateway_vpc_attachment", {}),
    "AWS::EC2::FlowLog": ("aws_flow_log", {}),
    "AWS::EC2::Host": ("aws_ec2_host", {}),
    "AWS::Route53::HealthCheck": (
        "aws_route53_health_check",
        {
            "HealthCheckConfig.Type": "type",
            "HealthCheckConfig.RequestInterval": "request_interval",
            "HealthCheckConfig.MeasureLatency": "measure_latency",
        },
    ),
    "AWS::Route53Resolver::ResolverEndpoint": ("aws_route53_resolver_endpoint", {"IpAddresses": "ip_address"}),
    "AWS::SSM::Parameter": ("aws_ssm_parameter", {}),
    "AWS::APS::Workspace": ("aws_prometheus_workspace", {}),
    "AWS::Grafana::Workspace": ("aws_grafana_workspace", {}),
    "AWS::Elasticsearch::Domain": ("aws_elasticsearch_domain", {"ElasticsearchClusterConfig": "cluster_config"}),
    "AWS::CloudWatch::CompositeAlarm": ("aws_cloudwatch_composite_alarm", {}),
    "AWS::GlobalAccelerator::Accelerator": ("aws_globalaccelerator_accelerator", {}),
}
FREE = re.compile(
    r"AWS::(IAM::|EC2::(Subnet|Route|RouteTable|SubnetRouteTable\w*|InternetGateway|VPCGateway\w*|SecurityGroup\w*|"
    r"NetworkAcl\w*|DHCP\w*|VPCDHCP\w*|VPCCidr\w*|KeyPair)|RDS::DBSubnetGroup|ElastiCache::SubnetGroup|"
    r"CDK::|CloudFormation::(WaitCondition\w*|Macro|CustomResource)|Lambda::(Permission|Version|Alias|LayerVersion)|"
    r"S3::BucketPolicy|SQS::QueuePolicy|SNS::TopicPolicy|ServiceDiscovery::|"
    r"ApiGateway::(Deployment|Method|Resource|Account|Model|Authorizer)|ApiGatewayV2::(Route|Integration|Deployment)|"
    r"CertificateManager::|Logs::(SubscriptionFilter|MetricFilter)|Events::|WAFv2::WebACLAssociation|EFS::MountTarget|"
    r"EKS::AccessEntry|KMS::Alias|AutoScaling::LifecycleHook|CloudFront::CloudFrontOrigin\w*)|Custom::"
)
"""Types that neither cost nor limit by themselves."""


def snake(name: str) -> str:
    """``DesiredCount`` -> ``desired_count``, ``SizeInGiB`` -> ``size_in_gib``."""
    name = name.replace("GiB", "Gib").replace("IOPS", "Iops")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def as_terraform(kind: str, properties: Any, lines: Lines, below: tuple[str | int, ...]) -> tuple[Any, Lines]:
    """Properties under Terraform's names (single mappings as lists of one), and their lines."""
    renames = TYPES.get(kind, ("", {}))[1]
    value: dict[str, Any] = {}
    places: Lines = {}

    def line_of(path: tuple[str | int, ...]) -> int:
        for size in range(len(path), -1, -1):
            if (*below, *path[:size]) in lines:
                return lines[(*below, *path[:size])]
        return 1

    def convert(part: Any, path: tuple[str | int, ...], target: tuple[str | int, ...], depth: int) -> Any:
        places[target] = line_of(path)
        if depth > 8:
            return None
        if isinstance(part, dict):
            made = {snake(k): convert(v, (*path, k), (*target, 0, snake(k)), depth + 1) for k, v in part.items()}
            return [made]
        if isinstance(part, list):
            result = []
            for number, one in enumerate(part[:300]):
                if isinstance(one, dict):
                    inner = {
                        snake(k): convert(v, (*path, number, k), (*target, number, snake(k)), depth + 1)
                        for k, v in one.items()
                    }
                    places[(*target, number)] = line_of((*path, number))
                    result.append(inner)
                else:
                    places[(*target, number)] = line_of((*path, number))
                    result.append(one)
            return result
        return part

    for key, part in properties.items() if isinstance(properties, dict) else []:
        name = renames.get(key, snake(key))
        if key == "ContainerDefinitions":
            value["container_definitions"] = [_camel(box) for box in part] if isinstance(part, list) else part
            places[("container_definitions",)] = line_of((key,))
            _camel_lines(part, (key,), ("container_definitions",), line_of, places)
        elif (key == "Parameters" or (key == "Properties" and "ParameterGroup" in kind)) and isinstance(
            part, dict
        ):  # of a parameter group
            value["parameter"] = [{"name": k, "value": v} for k, v in part.items()]
            for number, k in enumerate(part):
                places[("parameter", number)] = places[("parameter", number, "value")] = line_of((key, k))
        else:
            value[name] = convert(part, (key,), (name,), 0)
            for inner, inner_value in part.items() if isinstance(part, dict) else []:
                if f"{key}.{inner}" in renames:
                    named = renames[f"{key}.{inner}"]
                    value[named] = convert(inner_value, (key, inner), (named,), 0)
    network = properties.get("NetworkConfiguration") if isinstance(properties, dict) else None
    inner = network.get("AwsvpcConfiguration") if isinstance(network, dict) else None
    if isinstance(inner, dict) and "AssignPublicIp" in inner:
        value["network_configuration"] = [{"assign_public_ip": inner["AssignPublicIp"] == "ENABLED"}]
        places[("network_configuration", 0, "assign_public_ip")] = line_of(
            ("NetworkConfiguration", "AwsvpcConfiguration", "AssignPublicIp")
        )
    return value, places


def _camel(value: Any, depth: int = 0) -> Any:
    """Container definitions as ECS registers them: keys begin small."""
    if depth > 10 or isinstance(value, Unknown):
        return value
    if isinstance(value, dict):
        return {f"{key[:1].lower()}{key[1:]}": _camel(inner, depth + 1) for key, inner in value.items()}
    return [_camel(inner, depth + 1) for inner in value] if isinstance(value, list) else value


def _camel_lines(
    value: Any, path: tuple[str | int, ...], target: tuple[str | int, ...], line_of: Any, places: Lines, depth: int = 0
) -> None:
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items if depth < 8 else ():
        name = f"{key[:1].lower()}{key[1:]}" if isinstance(key, str) else key
        places[(*target, name)] = line_of((*path, key))
        _camel_lines(inner, (*path, key), (*target, name), line_of, places, depth + 1)
