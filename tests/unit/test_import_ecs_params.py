"""Tasks of ECS in the forms that people keep: the CLI's parameters, a registered task definition, Terraform."""

from pathlib import Path
from typing import Any

import pytest

from novamodel.importers import import_folder
from tests.unit.test_import_terraform import write

COMPOSE = 'services:\n  web:\n    image: example/web:1.0\n    ports: ["80:3000"]\n'
PARAMS = """version: 1
task_definition:
  ecs_network_mode: awsvpc
  task_size: {mem_limit: 2.0GB, cpu_limit: 512}
  ephemeral_storage: {size_in_gib: 40}
run_params:
  network_configuration:
    awsvpc_configuration: {assign_public_ip: ENABLED}
"""
REGISTERED = """{"family": "web", "requiresCompatibilities": ["FARGATE"], "cpu": "512", "memory": "2048",
"runtimePlatform": {"cpuArchitecture": "ARM64"}, "ephemeralStorage": {"sizeInGiB": 40},
"containerDefinitions": [{"name": "web", "image": "example/web:1.0", "portMappings": [{"containerPort": 3000}]}]}"""
TERRAFORM = """
resource "aws_ecs_task_definition" "web" {
  family                   = "web"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 512
  memory                   = 2048
  runtime_platform { cpu_architecture = "ARM64" }
  ephemeral_storage { size_in_gib = 40 }
  container_definitions = jsonencode([{ name = "web", image = "a/b:1", portMappings = [{ containerPort = 3000 }] }])
}
resource "aws_ecs_service" "web" {
  name            = "web"
  task_definition = aws_ecs_task_definition.web.arn
  network_configuration { assign_public_ip = true }
  capacity_provider_strategy {
    capacity_provider = "FARGATE"
    weight            = 1
  }
  capacity_provider_strategy {
    capacity_provider = "FARGATE_SPOT"
    weight            = 3
  }
}
"""
DISK = {"ephemeral_storage": "40 GiB"}
CASES: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({"docker-compose.yml": COMPOSE, "ecs-params.yml": PARAMS}, DISK | {"public_address": True}),
    ({"task-definition.json": REGISTERED}, DISK | {"architecture": "arm64"}),
    ({"main.tf": TERRAFORM}, DISK | {"architecture": "arm64", "public_address": True, "spot_share": "75 %"}),
]


@pytest.mark.parametrize(("files", "task"), CASES, ids=["parameters", "registered", "terraform"])
def test_a_task_says_what_its_price_depends_on(tmp_path: Path, files: dict[str, str], task: dict[str, Any]) -> None:
    report = import_folder(write(tmp_path, files))
    values = report.tree.values
    assert (values["platform"]["kind"], values["platform"]["compute"]) == ("ecs", "fargate")
    web = values["services"]["web"]
    assert web["task"] == task
    assert web["resources"]["cpu_limit"] == 0.5


def test_parameters_without_a_compose_file_say_nothing(tmp_path: Path) -> None:
    report = import_folder(write(tmp_path, {"ecs-params.yml": PARAMS, "main.tf": 'resource "aws_eip" "e" {}\n'}))
    assert [row["type"] for row in report.tree.values["declared"]] == ["aws_eip"]
