"""Infrastructure in the forms that whole repositories keep it: several roots, environments, stacks, services."""

from pathlib import Path
from typing import Any

import pytest

from novamodel.importers import import_folder, with_assumptions
from novamodel.importers.imported import ImportReport
from novamodel.scenario import Scenario, build
from tests.unit.test_import_terraform import write

TASK = """
resource "aws_ecs_task_definition" "NAME" {
  family                   = "NAME"
  requires_compatibilities = ["FARGATE"]
  cpu                      = CPU
  memory                   = 2048
  container_definitions = jsonencode([{
    name = "NAME", image = "example/NAME:1.0", portMappings = [{ containerPort = 80 }]
  }])
}
resource "aws_ecs_service" "NAME" {
  name            = "NAME"
  launch_type     = "FARGATE"
  desired_count   = COUNT
  task_definition = aws_ecs_task_definition.NAME.arn
  load_balancer { target_group_arn = aws_lb_target_group.NAME.arn }
}
resource "aws_lb_target_group" "NAME" {
  deregistration_delay = 25
  health_check {
    interval = 12
    timeout  = 4
  }
}
"""
STACK = """
Parameters:
  Size: {Type: Number, Default: CPU}
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: NAME
      RequiresCompatibilities: [FARGATE]
      Cpu: !Ref Size
      Memory: 2048
      ContainerDefinitions:
        - {Name: NAME, Image: example/NAME:1.0, PortMappings: [{ContainerPort: 80}]}
  Service:
    Type: AWS::ECS::Service
    Properties: {ServiceName: NAME, TaskDefinition: !Ref Task, LaunchType: FARGATE, DesiredCount: COUNT}
"""


def filled(text: str, name: str, cpu: object, count: object) -> str:
    """A text with the name, CPU units and count of one service."""
    return text.replace("NAME", name).replace("CPU", str(cpu)).replace("COUNT", str(count))


def imported(tmp_path: Path, files: dict[str, str]) -> tuple[ImportReport, Scenario]:
    """The report of a folder, and the scenario that it makes with what is assumed."""
    report = import_folder(write(tmp_path, files))
    return report, build(with_assumptions(report, "x"))


def sizes(scenario: Scenario) -> dict[str, tuple[float | None, int]]:
    """CPU limit and replicas of each service."""
    return {name: (one.resources.cpu_limit, one.replicas) for name, one in scenario.services.items()}


def said(report: ImportReport) -> dict[str, Any]:
    """Values that files say, by their paths."""
    return {row["path"]: row["value"] for row in report.fields}


def listed(report: ImportReport) -> str:
    """Everything that has no place, one a line with its place."""
    return "\n".join(f"{row['file']}:{row['line']}: {row['what']}: {row['why']}" for row in report.not_modelled)


@pytest.mark.parametrize(
    "files",
    [
        {"a.yaml": filled(STACK, "orders", 512, 2), "b.yaml": filled(STACK, "stock", 1024, 3)},
        {
            "one/main.tf": filled(TASK, "app", 512, 2).replace('"app"', '"orders"').replace("_orders", "_app"),
            "two/main.tf": filled(TASK, "stock", 1024, 3),
        },
    ],
)
def test_each_stack_keeps_its_own_task(tmp_path: Path, files: dict[str, str]) -> None:
    _, scenario = imported(tmp_path, files)
    assert sizes(scenario) == {"orders": (0.5, 2), "stock": (1.0, 3)}


def test_resources_of_one_name_in_two_roots_are_not_mixed_up(tmp_path: Path) -> None:
    same = TASK.replace('_definition" "NAME"', '_definition" "app"').replace('service" "NAME"', 'service" "app"')
    same = same.replace("definition.NAME", "definition.app")
    files = {
        "orders/main.tf": filled(same, "orders", 512, 2)
        + 'resource "aws_sqs_queue" "a" {}\nresource "aws_eip" "a" {}\n',
        "stock/main.tf": filled(same, "stock", 1024, 3)
        + 'resource "aws_kms_key" "b" {}\nresource "aws_s3_bucket" "b" {}\n',
    }
    files = {name: text + "".join(f'resource "aws_ebs_volume" "{name[:2]}{i}" {{}}\n' for i in range(4))
             for name, text in files.items()}  # fmt: skip
    report, scenario = imported(tmp_path, files)
    assert sizes(scenario) == {"orders": (0.5, 2), "stock": (1.0, 3)}, listed(report)


@pytest.mark.parametrize("place", ["live/values/production.tfvars", "live/api/env/prod.tfvars", "values/prod.tfvars"])
def test_values_beside_a_folder_above_are_those_of_production(tmp_path: Path, place: str) -> None:
    variables = 'variable "cpu" {}\nvariable "many" { default = 1 }\n'
    other = place.replace("production", "dev").replace("prod.", "dev.")
    files = {
        "live/api/main.tf": variables + filled(TASK, "api", "var.cpu", "var.many"),
        place: "cpu = 1024\nmany = 4\n",
        other: "cpu = 256\n",
    }
    report, scenario = imported(tmp_path, files)
    assert sizes(scenario) == {"api": (1.0, 4)}
    assert f"{other}:1: Terraform values: another environment: {place} is taken" in listed(report)


def test_the_workspace_is_that_of_production_and_the_others_are_named(tmp_path: Path) -> None:
    code = """
    locals { many = { production = { n = 6 }, staging = { n = 2 } } }
    """ + filled(TASK, "api", 512, "lookup(local.many, terraform.workspace, local.many.staging).n")
    report, scenario = imported(tmp_path, {"main.tf": code})
    assert sizes(scenario) == {"api": (0.5, 6)}
    assert "terraform.workspace: production is taken: the files speak of others: staging" in listed(report)


def test_terragrunt_takes_what_its_parents_and_value_files_say(tmp_path: Path) -> None:
    module = 'variable "cpu" {}\nvariable "many" {}\n' + filled(TASK, "api", "var.cpu", "var.many")
    unit = 'terraform { source = "${get_repo_root()}//modules/api" }\ninclude { path = find_in_parent_folders() }\n'
    files = {
        "modules/api/main.tf": module,
        "live/terragrunt.hcl": "inputs = { many = 5 }\n",
        "live/prod_config.tfvars": "cpu = 1024\n",
        "live/dev_config.tfvars": "cpu = 256\n",
        "live/prod/api/terragrunt.hcl": unit,
        "live/dev/api/terragrunt.hcl": unit,
    }
    report, scenario = imported(tmp_path, files)
    assert sizes(scenario) == {"api": (1.0, 5)}
    assert "live/dev/api/terragrunt.hcl:1: Terragrunt unit: another environment of live/prod/api" in listed(report)


def test_health_checks_of_balancer_and_container_and_the_time_to_stop(tmp_path: Path) -> None:
    check = 'stopTimeout = 90, healthCheck = { command = ["CMD", "true"], interval = 15, retries = 4 }, image'
    report, scenario = imported(tmp_path, {"main.tf": filled(TASK, "api", 512, 2).replace("image", check)})
    api = scenario.services["api"]
    assert (api.readiness.period, api.readiness.timeout, api.readiness.failures) == (12, 4, 3)
    assert api.liveness is not None
    assert (api.liveness.period, api.liveness.timeout, api.liveness.failures) == (15, 5, 4)
    assert api.termination_grace == 90
    rows = {row["path"]: row for row in report.fields}
    lines = (tmp_path / "main.tf").read_text().splitlines()
    assert "interval = 12" in lines[rows["services.api.readiness.period"]["line"] - 1]
    assert "deregistration_delay 25 (:19)" in listed(report)
    assert "deregistration_delay" in lines[18]


def test_health_checks_of_a_stack(tmp_path: Path) -> None:
    group = """
  Group:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {HealthCheckIntervalSeconds: 7, UnhealthyThresholdCount: 5}
"""
    stack = filled(STACK, "api", 512, 2).replace(
        "DesiredCount", "LoadBalancers: [{TargetGroupArn: !Ref Group}], DesiredCount"
    )
    _, scenario = imported(tmp_path, {"a.yaml": stack + group})
    ready = scenario.services["api"].readiness
    assert (ready.period, ready.timeout, ready.failures) == (7, 5, 5)


def test_a_task_on_machines_of_ones_own_has_no_cpu_limit(tmp_path: Path) -> None:
    box = '{"name": "api", "image": "a/b:1", "cpu": 1024, "memory": 700, "portMappings": [{"containerPort": 80}]}'
    task = f'{{"family": "api", "requiresCompatibilities": ["EC2"], "containerDefinitions": [{box}]}}'
    _, scenario = imported(tmp_path, {"task-definition.json": task})
    resources = scenario.services["api"].resources
    assert (resources.cpu_request, resources.cpu_limit) == (1.0, None)
    assert scenario.platform.compute == "ec2"


def test_most_services_decide_what_tasks_run_on(tmp_path: Path) -> None:
    on_ec2 = filled(TASK, "old", 512, 1).replace('"FARGATE"', '"EC2"')
    files = {"main.tf": on_ec2 + filled(TASK, "api", 512, 1) + filled(TASK, "shop", 512, 1)}
    report, scenario = imported(tmp_path, files)
    assert scenario.platform.compute == "fargate"
    assert "runs on ec2: most tasks here run on fargate" in listed(report)


def test_a_service_that_the_command_line_makes(tmp_path: Path) -> None:
    box = '{"name": "api", "image": "a/b:1", "portMappings": [{"containerPort": 80}]}'
    task = (
        '{"family": "api", "requiresCompatibilities": ["FARGATE"], "cpu": "512", "memory": "1024",\n'
        f' "containerDefinitions": [{box}], "executionRoleArn": <ROLE>}}'
    )
    service = """{"cluster": "c", "serviceName": "api", "taskDefinition": "api:4", "desiredCount": 3,
      "launchType": "FARGATE",
      "deploymentConfiguration": {"minimumHealthyPercent": 75},
      "networkConfiguration": {"awsvpcConfiguration": {"assignPublicIp": "ENABLED"}}}"""
    for shown in (service, f'{{"services": [{service}]}}'):
        report, scenario = imported(tmp_path, {"taskdef.json": task, "create-service.json": shown})
        assert sizes(scenario) == {"api": (0.5, 3)}
        assert scenario.services["api"].task.public_address
        assert said(report)["services.api.rollout.minimum_healthy"] == "75 %"


def test_a_size_that_a_workflow_fills_in_is_listed(tmp_path: Path) -> None:
    box = '{"name": "api", "image": "a/b:1", "portMappings": [{"containerPort": 80}]}'
    kind = '"requiresCompatibilities": ["FARGATE"]'
    task = f'{{"family": "api", {kind},\n "cpu": "<CPU>", "containerDefinitions": [{box}]}}'
    report, scenario = imported(tmp_path, {"taskdef.json": task})
    assert "taskdef.json:2: cpu = <CPU>: filled in when it is deployed" in listed(report)
    assert list(scenario.services) == ["api"]


def test_two_task_definitions_of_one_family_take_that_of_production(tmp_path: Path) -> None:
    def task(cpu: int) -> str:
        box = '{"name": "api", "image": "a/b:1", "portMappings": [{"containerPort": 80}]}'
        kind = '"requiresCompatibilities": ["FARGATE"], "memory": "2048"'
        return f'{{"family": "api", {kind},\n "cpu": "{cpu}", "containerDefinitions": [{box}]}}'

    report, scenario = imported(
        tmp_path, {"task-definition-dev.json": task(256), "task-definition-prod.json": task(1024)}
    )
    assert sizes(scenario)["api"][0] == 1.0
    assert "task-definition-dev.json" in listed(report)
    assert "cpu 256 (:2)" in listed(report)


def test_settings_as_name_and_value_are_listed_and_secrets_are_not(tmp_path: Path) -> None:
    code = """
    resource "aws_ecs_cluster" "c" {
      setting {
        name  = "containerInsights"
        value = "enabled"
      }
    }
    resource "helm_release" "r" {
      set {
        name  = "replicaCount"
        value = 7
      }
      set {
        name  = "admin.password"
        value = "hidden-from-all"
      }
    }
    resource "aws_elasticache_parameter_group" "p" {
      parameter {
        name  = "maxmemory-policy"
        value = "volatile-lfu"
      }
    }
    resource "aws_elasticache_replication_group" "r" {
      node_type            = "cache.t4g.small"
      parameter_group_name = aws_elasticache_parameter_group.p.name
    }
    """
    report = import_folder(write(tmp_path, {"main.tf": code}))
    assert "setting.containerInsights enabled" in listed(report)
    assert "set.replicaCount 7" in listed(report)
    assert "hidden-from-all" not in str(report.tree.values) + listed(report)
    assert said(report)["cache.maxmemory_policy"] == "volatile-lfu"


def test_the_larger_database_is_the_main_one(tmp_path: Path) -> None:
    code = """
    resource "aws_db_instance" "reports" { instance_class = "db.t4g.micro" }
    resource "aws_rds_cluster" "core" {
      engine         = "aurora-postgresql"
      engine_version = "16.4"
    }
    resource "aws_rds_cluster_instance" "core" {
      count              = 2
      cluster_identifier = aws_rds_cluster.core.id
      instance_class     = "db.r6g.large"
    }
    """
    report = import_folder(write(tmp_path, {"main.tf": code}))
    assert (said(report)["database.version"], said(report)["database.cores"]) == ("16", 2)
    assert "aws_db_instance.reports: instance_class db.t4g.micro: a further database" in listed(report)


def test_documents_of_another_tool_do_not_choose_the_platform(tmp_path: Path) -> None:
    catalog = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: api}\n"
    report, scenario = imported(tmp_path, {"catalog-info.yaml": catalog, "main.tf": filled(TASK, "api", 512, 2)})
    assert (report.platform, sizes(scenario)) == ("ecs", {"api": (0.5, 2)})


def test_a_key_given_twice_in_a_template_does_not_lose_it(tmp_path: Path) -> None:
    twice = filled(STACK, "api", 512, 2).replace("Default: 512}", "Default: 256, Default: 512}")
    _, scenario = imported(tmp_path, {"a.yaml": twice})
    assert sizes(scenario) == {"api": (0.5, 2)}


def test_nginx_alone_behind_a_service_is_the_service(tmp_path: Path) -> None:
    _, scenario = imported(tmp_path, {"a.yaml": filled(STACK, "web", 512, 2).replace("example/web:1.0", "nginx:1.27")})
    assert sizes(scenario) == {"web": (0.5, 2)}


def test_copilots_balanced_service_has_a_target_group(tmp_path: Path) -> None:
    manifest = """name: api
type: Load Balanced Web Service
http: {path: /, healthcheck: {path: /ok, interval: 20s}}
image: {port: 80}
cpu: 512
memory: 1024
count: 2
"""
    _, scenario = imported(tmp_path, {"copilot/api/manifest.yml": manifest})
    ready = scenario.services["api"].readiness
    assert (ready.period, ready.timeout, ready.failures) == (20, 5, 2)
    assert not [row for row in scenario.findings if row["code"] == "task-without-health-check"]


def test_a_function_that_finds_nothing_is_listed(tmp_path: Path) -> None:
    code = filled(TASK, "api", 512, "length(coalescelist([], []))")
    report, scenario = imported(tmp_path, {"main.tf": code})
    assert list(scenario.services) == ["api"]
    assert "desired_count = length(coalescelist([], [])): not resolved" in listed(report)


def test_parts_of_a_system_are_not_taken_for_environments(tmp_path: Path) -> None:
    module = 'variable "cpu" { type = number }\n' + filled(TASK, "main", "var.cpu", 2)
    call = 'module "service" {\n  source = "../../modules/service"\n  cpu    = CPU\n}\n'
    files = {
        "modules/service/main.tf": module,
        "infra/api/main.tf": call.replace("CPU", "512"),
        "infra/frontend/main.tf": call.replace("CPU", "1024"),
        "infra/api-dev/main.tf": call.replace("CPU", "256"),
    }
    report, scenario = imported(tmp_path, files)
    assert sizes(scenario) == {"api": (0.5, 2), "frontend": (1.0, 2)}
    assert "infra/api-dev/main.tf:1: Terraform folder infra/api-dev: another environment" in listed(report)


def test_what_the_scenario_does_not_take_of_a_resource_is_listed_with_its_line(tmp_path: Path) -> None:
    code = """
    resource "aws_eks_cluster" "c" { version = "1.33" }
    resource "aws_eks_node_group" "g" {
      instance_types = ["m6i.large"]
      scaling_config {
        min_size     = 2
        max_size     = 9
        desired_size = 3
      }
    }
    """
    report = import_folder(write(tmp_path, {"main.tf": code}))
    assert "scaling_config.min_size 2 (:6), scaling_config.max_size 9 (:7)" in listed(report)
    assert "m6i.large (" not in listed(report)
