"""CloudFormation, SAM and CDK templates: functions, parameters, nested stacks, and what they declare."""

import json
from pathlib import Path

from novamodel.loading import import_folder

STACK = """
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Environment: {Type: String, Default: prod}
  Count: {Type: Number, Default: 3}
  Image: {Type: String}
Mappings:
  Sizes:
    prod: {Cpu: "1024", Memory: "2048"}
    dev: {Cpu: "256", Memory: "512"}
Conditions:
  IsProd: !Equals [!Ref Environment, prod]
  IsDev: !Not [!Condition IsProd]
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: !Sub "${Environment}-api"
      Cpu: !FindInMap [Sizes, !Ref Environment, Cpu]
      Memory: !FindInMap [Sizes, !Ref Environment, Memory]
      RequiresCompatibilities: [FARGATE]
      RuntimePlatform: {CpuArchitecture: ARM64}
      ContainerDefinitions:
        - Name: api
          Image: !Ref Image
          PortMappings: [{ContainerPort: 3000}]
          Environment:
            - Name: DB_POOL_MAX
              Value: "25"
  Service:
    Type: AWS::ECS::Service
    Properties:
      ServiceName: api
      Cluster: !Ref Cluster
      TaskDefinition: !Ref Task
      DesiredCount: !If [IsProd, !Ref Count, 1]
      LaunchType: FARGATE
      DeploymentConfiguration: {MinimumHealthyPercent: 50, MaximumPercent: 150}
      NetworkConfiguration: {AwsvpcConfiguration: {AssignPublicIp: ENABLED}}
  Target:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    Properties:
      MinCapacity: 2
      MaxCapacity: 9
      ResourceId: !Join ["/", [service, !Ref Cluster, !GetAtt Service.Name]]
      ServiceNamespace: ecs
  Policy:
    Type: AWS::ApplicationAutoScaling::ScalingPolicy
    Properties:
      PolicyType: TargetTrackingScaling
      ScalingTargetId: !Ref Target
      TargetTrackingScalingPolicyConfiguration:
        TargetValue: 55
        ScaleInCooldown: 90
        PredefinedMetricSpecification: {PredefinedMetricType: ECSServiceAverageCPUUtilization}
  Database:
    Type: AWS::RDS::DBInstance
    Properties:
      Engine: postgres
      EngineVersion: "16.3"
      DBInstanceClass: !Sub "db.m6g.${Size}"
      AllocatedStorage: "120"
      MultiAZ: true
      DBParameterGroupName: !Ref Parameters
  Parameters:
    Type: AWS::RDS::DBParameterGroup
    Properties: {Family: postgres16, Parameters: {max_connections: "220"}}
  Only:
    Type: AWS::SQS::Queue
    Condition: IsDev
  Nat: {Type: AWS::EC2::NatGateway}
"""


def test_a_template_is_worked_out(tmp_path: Path):
    (tmp_path / "stack.yaml").write_text(STACK, encoding="utf-8")
    report = import_folder(tmp_path)
    assert report.platform == "ecs"
    api = report.tree.values["services"]["api"]
    assert api["replicas"] == 3
    assert api["resources"] == {
        "cpu_request": 1.0,
        "cpu_limit": 1.0,
        "memory_request": "2048 MiB",
        "memory_limit": "2048 MiB",
    }
    assert api["rollout"] == {"minimum_healthy": "50 %", "maximum": "150 %"}
    assert api["autoscaler"] == {
        "kind": "ecs target tracking",
        "min_replicas": 2,
        "max_replicas": 9,
        "cpu_target": "55 %",
        "scale_in_cooldown": "90 s",
    }
    assert api["pool"]["max"] == 25
    lines = STACK.splitlines()
    for path, written in (
        ("services.api.resources.cpu_limit", "Cpu: !FindInMap"),
        ("services.api.replicas", "DesiredCount"),
        ("services.api.autoscaler.max_replicas", "MaxCapacity"),
        ("services.api.pool.max", 'Value: "25"'),
        ("database.storage", "AllocatedStorage"),
        ("database.max_connections", "max_connections"),
    ):
        origin = report.tree.origins[path]
        assert written in lines[(origin.line or 1) - 1], path
    database = report.tree.values["database"]
    assert (database["storage"], database["version"], database["max_connections"]) == ("120 GiB", "16", 220)
    assert "instance_class" not in database
    assert any("DBInstanceClass" in row["what"] for row in report.not_modelled)
    assert report.tree.values["pricing"]["nat_gateways"] == 1
    rows = {row["type"]: row for row in report.tree.values["declared"]}
    assert rows["aws_ecs_task_definition"]["values"]["runtime_platform.cpu_architecture"] == "ARM64"
    assert rows["aws_ecs_service"]["values"]["network_configuration.assign_public_ip"] is True
    assert "aws_sqs_queue" not in rows


def test_nested_stacks_take_what_their_parent_gives(tmp_path: Path):
    parent = {
        "Resources": {
            "Net": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "./net.json"}},
            "Store": {
                "Type": "AWS::CloudFormation::Stack",
                "Properties": {
                    "TemplateURL": {"Fn::Sub": "https://s3.amazonaws.com/${Bucket}/nested/store.json"},
                    "Parameters": {"Class": "db.m6g.xlarge", "Zone": {"Fn::GetAtt": ["Net", "Outputs.Zone"]}},
                },
            },
        }
    }
    net = {"Resources": {"N": {"Type": "AWS::EC2::NatGateway"}}, "Outputs": {"Zone": {"Value": "eu-west-1b"}}}
    store = {
        "Parameters": {"Class": {"Type": "String"}, "Zone": {"Type": "String"}},
        "Resources": {
            "Db": {
                "Type": "AWS::RDS::DBInstance",
                "Properties": {
                    "DBInstanceClass": {"Ref": "Class"},
                    "AvailabilityZone": {"Ref": "Zone"},
                    "Engine": "postgres",
                },
            }
        },
    }
    (tmp_path / "nested").mkdir()
    for name, body in (("main.json", parent), ("net.json", net), ("nested/store.json", store)):
        (tmp_path / name).write_text(json.dumps(body, indent=1), encoding="utf-8")
    report = import_folder(tmp_path)
    rows = {row["name"]: row for row in report.tree.values["declared"]}
    assert set(rows) == {"Net.N", "Store.Db"}
    assert rows["Store.Db"]["values"]["availability_zone"] == "eu-west-1b"
    assert report.tree.values["database"]["instance_class"] == "db.m6g.xlarge"


def test_a_task_definition_in_every_form_people_keep(tmp_path: Path):
    task = {
        "family": "shop-api",
        "cpu": "512",
        "memory": "1024",
        "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": [{"name": "api", "image": "shop/api:1", "portMappings": [{"containerPort": 8080}]}],
    }
    described = {"taskDefinition": {**task, "taskDefinitionArn": "arn:aws:ecs:x", "revision": 7, "status": "ACTIVE"}}
    for number, body in enumerate((task, described)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "api.json").write_text(json.dumps(body, indent=2), encoding="utf-8")
        report = import_folder(folder)
        assert report.platform == "ecs"
        assert report.tree.values["services"]["api"]["resources"]["memory_limit"] == "1024 MiB"


def test_a_copilot_manifest_of_the_production_environment(tmp_path: Path):
    text = """name: api
type: Load Balanced Web Service
image: {build: Dockerfile, port: 3000}
cpu: 512
memory: 1024
variables:
  DB_POOL_MAX: "18"
environments:
  test: {count: 1}
  prod:
    cpu: 1024
    memory: 2048
    count:
      range: 2-12
      cpu_percentage: 65
"""
    (tmp_path / "manifest.yml").write_text(text, encoding="utf-8")
    report = import_folder(tmp_path)
    api = report.tree.values["services"]["api"]
    assert (api["resources"]["cpu_limit"], api["pool"]["max"]) == (1.0, 18)
    scaler = api["autoscaler"]
    assert (scaler["min_replicas"], scaler["max_replicas"], scaler["cpu_target"]) == (2, 12, "65 %")
    assert report.tree.origins["services.api.autoscaler.cpu_target"].line == 15
