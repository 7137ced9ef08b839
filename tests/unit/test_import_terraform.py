"""Terraform as it is worked out: expressions, modules, value files, public modules, plans and states."""

import json
from pathlib import Path
from typing import Any

import pytest

from novamodel.importers import ImportReport
from novamodel.importers.declared import Resource
from novamodel.importers.terraform.read import Terraform, read_terraform
from novamodel.loading import import_folder


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def read(folder: Path, files: dict[str, str]) -> Terraform:
    write(folder, files)
    pairs = [(folder / name, name) for name in sorted(files) if name.endswith((".tf", ".tfvars"))]
    return read_terraform(pairs, lambda name: files.get(name.removeprefix("./")))


def value(folder: Path, expression: str, more: str = "") -> Any:
    """What an expression comes to."""
    text = f'{more}\nresource "aws_sqs_queue" "q" {{\n  x = {expression}\n}}\n'
    return read(folder, {"main.tf": text}).of("aws_sqs_queue")[0].body["x"].value


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("-(4 - 6) / 4", 0.5),
        ("10 % 4", 2),
        ('"a-${1 + 1}-b"', "a-2-b"),
        ('"$${x} \\n \\"q\\" \\u00e9"', '${x} \n "q" é'),
        ('true && !false ? "yes" : "no"', "yes"),
        ("max(2, 7, 3)", 7),
        ("max([2, 7]...)", 7),
        ('lookup({ a = 1 }, "b", 5)', 5),
        ('merge({ a = 1, b = 1 }, { b = 2 })["b"]', 2),
        ('format("db.%s.%dxlarge", "r6g", 2)', "db.r6g.2xlarge"),
        ('format("%03d", 7)', "007"),
        ('[for s in ["a", "b", ""] : upper(s) if s != ""]', ["A", "B"]),
        ("{ for k, v in { x = 1, y = 2 } : k => v * 10 }", {"x": 10, "y": 20}),
        ('[for i, s in ["a", "b"] : "${i}${s}"]', ["0a", "1b"]),
        ('length(split(",", "a,b,c"))', 3),
        ("element([1, 2, 3], 4)", 2),
        ("flatten([[1, [2]], 3])", [1, 2, 3]),
        ("try(local.nothing, 4)", 4),
        ('coalesce("", null, "x")', "x"),
        ('tonumber("12") + 1', 13),
        ('cidrsubnet("10.0.0.0/16", 8, 3)', "10.0.3.0/24"),
        ("jsondecode(jsonencode({ a = [1, 2] })).a[1]", 2),
        ('replace("a_b_c", "_", "-")', "a-b-c"),
        ('replace("a1b22", "/[0-9]+/", "#")', "a#b#"),
        ("{ a = { b = [5, 6] } }.a.b[1]", 6),
        ('contains(["a"], "a")', True),
        ('join("-", sort(["b", "a"]))', "a-b"),
        ("1.5e3", 1500),
        ('substr("abcdef", 1, 3)', "bcd"),
        ("[{ n = 1 }, { n = 2 }][*].n", [1, 2]),
        ("<<-EOT\n    hello ${1 + 1}\n      x\n    EOT\n", "hello 2\n  x\n"),
        ("<<EOT\n  hello\nEOT\n", "  hello\n"),
        ('"%{ if 1 > 2 }a%{ else }b%{ endif }"', "b"),
        ('"%{ for x in [1, 2] }${x};%{ endfor }"', "1;2;"),
        ("terraform.workspace", "default"),
    ],
)
def test_an_expression_comes_to_what_terraform_says(tmp_path: Path, expression: str, expected: Any):
    assert value(tmp_path, expression) == expected


def test_what_no_file_says_is_named_with_its_reason(tmp_path: Path):
    found = read(
        tmp_path,
        {
            "main.tf": 'variable "size" {}\nresource "aws_db_instance" "a" {\n  instance_class = "db.${var.size}"\n'
            "  allocated_storage = var.size == null ? 1 : 2\n  iops = data.aws_x.y.iops\n  multi_az = true\n}\n"
        },
    ).of("aws_db_instance")[0]
    assert found.scalars() == {"multi_az": True}
    reasons = {what.split(" = ")[0]: why for what, why, _ in found.gaps}
    assert reasons["instance_class"] == "var.size is given elsewhere"
    assert reasons["iops"] == "data aws_x is asked for when Terraform runs"
    assert [line for _, _, line in found.gaps] == [3, 4, 5]


def test_optional_values_of_a_variable_have_their_defaults(tmp_path: Path):
    more = 'variable "s" {\n  type = object({ cpu = optional(number, 256) })\n  default = {}\n}\n'
    assert value(tmp_path, "var.s.cpu", more) == 256


def test_counts_and_each(tmp_path: Path):
    text = """
variable "zones" { default = ["a", "b", "c"] }
resource "aws_nat_gateway" "n" {
  count = length(var.zones)
  tags = { Name = "nat-${count.index}" }
}
resource "aws_nat_gateway" "off" { count = false ? 1 : 0 }
resource "aws_sqs_queue" "q" {
  for_each = { mail = 30, jobs = 60 }
  name = each.key
  visibility_timeout_seconds = each.value
  dynamic "redrive" {
    for_each = each.value > 30 ? [5] : []
    content { most = redrive.value }
  }
}
resource "aws_instance" "some" { count = var.nothing }
"""
    found = read(tmp_path, {"main.tf": text})
    assert [(one.name, one.count) for one in found.of("aws_nat_gateway")] == [("n", 3)]
    assert [one.scalars() for one in found.of("aws_sqs_queue")] == [
        {"name": "mail", "visibility_timeout_seconds": 30},
        {"name": "jobs", "visibility_timeout_seconds": 60, "redrive.most": 5},
    ]
    (some,) = found.of("aws_instance")
    assert (some.count, some.gaps[0][0]) == (1, "count = var.nothing")


def test_modules_outputs_and_references_through_them(tmp_path: Path):
    found = read(
        tmp_path,
        {
            "main.tf": 'module "task" {\n  source = "./m/task"\n  for_each = toset(["api", "jobs"])\n'
            "  name = each.key\n}\n"
            'resource "aws_ecs_service" "s" {\n  name = module.task["api"].family\n'
            '  task_definition = module.task["jobs"].arn\n}\n',
            "m/task/main.tf": 'variable "name" {}\nresource "aws_ecs_task_definition" "this" {\n'
            '  family = "f-${var.name}"\n}\n'
            'output "family" { value = aws_ecs_task_definition.this.family }\n'
            'output "arn" { value = aws_ecs_task_definition.this.arn }\n',
        },
    )
    (service,) = found.of("aws_ecs_service")
    assert service.text("name") == "f-api"
    assert service.refs("task_definition") == ("module.task[jobs].aws_ecs_task_definition.this",)
    assert {one.text("family") for one in found.of("aws_ecs_task_definition")} == {"f-api", "f-jobs"}


def test_production_is_taken_among_environments_and_value_files(tmp_path: Path):
    module = 'variable "n" {}\nresource "aws_ecs_service" "s" {\n  desired_count = var.n\n}\n'
    call = 'module "app" {\n  source = "../../modules/app"\n  n = NUMBER\n}\n'
    found = read(
        tmp_path,
        {
            "envs/dev/main.tf": call.replace("NUMBER", "1"),
            "envs/prod/main.tf": call.replace("NUMBER", "9"),
            "modules/app/main.tf": module,
        },
    )
    assert [one.get("desired_count") for one in found.of("aws_ecs_service")] == [9]
    assert any("envs/dev" in what and "envs/prod, which is taken" in why for _, _, what, why in found.left)
    by_file = read(
        tmp_path / "b",
        {"main.tf": module, "dev.tfvars": "n = 1\n", "env/production.tfvars": "n = 7\n", "terraform.tfvars": "n = 3\n"},
    )
    assert [one.get("desired_count") for one in by_file.of("aws_ecs_service")] == [7]


def test_a_broken_place_leaves_the_rest_of_the_file(tmp_path: Path):
    found = read(
        tmp_path,
        {"main.tf": 'resource "aws_sqs_queue" "a" {\n  delay_seconds = 5\n}\nresource "x" "y" {\n  z =\n}\n'},
    )
    assert found.of("aws_sqs_queue")[0].get("delay_seconds") == 5
    assert [(file, line) for file, line, _, _ in found.left] == [("main.tf", 5)]


def test_templates_of_tasks_are_filled_in(tmp_path: Path):
    files = {
        "main.tf": 'resource "aws_ecs_task_definition" "t" {\n  family = "api"\n  cpu = 512\n  memory = 1024\n'
        '  requires_compatibilities = ["FARGATE"]\n'
        '  container_definitions = templatefile("${path.module}/task.json", { image = "shop:1", port = 3000 })\n}\n'
        'resource "aws_ecs_service" "s" {\n  name = "api"\n  task_definition = aws_ecs_task_definition.t.arn\n'
        "  desired_count = 3\n}\n",
        "task.json": '[{"name": "api", "image": "${image}", "portMappings": [{"containerPort": ${port}}]}]',
    }
    report = import_folder(write(tmp_path, files))
    service = report.tree.values["services"]["api"]
    assert (service["replicas"], service["resources"]["cpu_limit"]) == (3, 0.5)
    assert report.tree.origins["services.api.replicas"].line == 11


def declared(report: ImportReport, kind: str) -> list[dict[str, Any]]:
    return [row for row in report.tree.values["declared"] if row["type"] == kind]


def test_public_modules_are_the_resources_they_make(tmp_path: Path):
    text = """
module "vpc" {
  source = "terraform-aws-modules/vpc/aws"
  azs = ["a", "b", "c"]
  enable_nat_gateway = true
  one_nat_gateway_per_az = true
}
module "eks" {
  source = "terraform-aws-modules/eks/aws"
  cluster_name = "shop"
  cluster_version = "1.33"
  eks_managed_node_groups = {
    main = { instance_types = ["m6i.large"], min_size = 2, max_size = 5, desired_size = 3 }
  }
}
module "db" {
  source = "terraform-aws-modules/rds/aws"
  engine = "postgres"
  instance_class = "db.m6g.large"
  allocated_storage = 50
  parameters = [{ name = "max_connections", value = "250" }]
}
module "cache" {
  source = "cloudposse/elasticache-redis/aws"
  instance_type = "cache.t4g.small"
  cluster_size = 2
}
"""
    report = import_folder(write(tmp_path, {"main.tf": text}))
    values = report.tree.values
    assert values["pricing"]["nat_gateways"] == 3
    assert (values["platform"]["compute"], values["platform"]["node_type"]) == ("ec2", "m6i.large")
    assert values["database"]["instance_class"] == "db.m6g.large"
    assert values["database"]["max_connections"] == 250
    assert (values["cache"]["node_type"], values["cache"]["nodes"]) == ("cache.t4g.small", 2)
    assert declared(report, "aws_eks_cluster")[0]["values"]["version"] == "1.33"
    group = declared(report, "aws_eks_node_group")[0]
    assert (group["values"]["desired_size"], group["line"]) == (3, 13)


def test_a_plan_and_a_state_say_what_the_files_would(tmp_path: Path):
    values = {"identifier": "shop", "engine": "postgres", "instance_class": "db.m6g.large", "allocated_storage": 70}
    database = {"mode": "managed", "type": "aws_db_instance", "name": "a", "values": values}
    plan = {
        "format_version": "1.2",
        "variables": {"region": {"value": "eu-west-1"}},
        "planned_values": {
            "root_module": {
                "resources": [
                    database,
                    {"address": "data.x.y", "mode": "data", "type": "x", "name": "y", "values": {}},
                ],
                "child_modules": [
                    {
                        "address": "module.net",
                        "resources": [
                            {"mode": "managed", "type": "aws_nat_gateway", "name": "n", "index": n, "values": {}}
                            for n in range(3)
                        ],
                    }
                ],
            }
        },
        "configuration": {
            "provider_config": {"aws": {"expressions": {"region": {"references": ["var.region"]}}}},
            "root_module": {},
        },
    }  # fmt: skip
    report = import_folder(write(tmp_path / "plan", {"plan.json": json.dumps(plan, indent=1)}))
    assert report.tree.values["pricing"] == {"region": "eu-west-1", "nat_gateways": 3}
    assert report.tree.values["database"]["storage"] == "70 GiB"
    origin = report.tree.origins["database.storage"]
    lines = (tmp_path / "plan" / "plan.json").read_text(encoding="utf-8").splitlines()
    assert "allocated_storage" in lines[(origin.line or 1) - 1]
    state = {"version": 4, "terraform_version": "1.9.0", "lineage": "x", "resources": [
        {"mode": "managed", "type": "aws_db_instance", "name": "a", "instances": [{"attributes": values}]},
    ]}  # fmt: skip
    report = import_folder(write(tmp_path / "state", {"terraform.tfstate": json.dumps(state)}))
    assert report.tree.values["database"]["instance_class"] == "db.m6g.large"


def test_secrets_are_not_listed(tmp_path: Path):
    text = 'resource "aws_db_instance" "a" {\n  password = "hunter2"\n  db_token = "hunter2"\n  port = 5432\n}\n'
    report = import_folder(write(tmp_path, {"main.tf": text}))
    assert declared(report, "aws_db_instance")[0]["values"] == {"port": 5432}
    assert "hunter2" not in json.dumps([report.fields, report.not_modelled, report.tree.findings], default=str)


def test_an_impossible_task_of_a_variant_not_taken_is_a_finding(tmp_path: Path):
    text = (
        'resource "aws_ecs_task_definition" "t" {\n  family = "api"\n  requires_compatibilities = ["FARGATE"]\n'
        '  cpu = 512\n  memory = 16384\n  container_definitions = jsonencode([{ name = "api", image = "a:1" }])\n}\n'
    )
    manifest = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec: {template: {spec: {containers: "
        "[{name: api, image: 'a:1'}]}}}\n"
    )
    report = import_folder(write(tmp_path, {"main.tf": text, "k8s/api.yaml": manifest}))
    assert report.platform == "eks"
    (found,) = [row for row in report.findings if row["code"] == "fargate-size-impossible"]
    assert (found["file"], found["line"], found["level"]) == ("main.tf", 4, "error")


def test_instances_that_are_alike_are_one(tmp_path: Path):
    found: list[Resource] = read(
        tmp_path, {"main.tf": 'resource "aws_eip" "e" {\n  count = 3000\n  domain = "vpc"\n}\n'}
    ).resources
    assert [(one.type, one.count) for one in found] == [("aws_eip", 3000)]


def test_a_terragrunt_unit_applies_its_module_with_its_inputs(tmp_path: Path):
    unit = 'terraform {\n  source = "../../../modules//db"\n}\ninputs = { class = "db.m6g.large", size = 2 * 50 }\n'
    module = (
        'variable "class" {}\nvariable "size" {}\nresource "aws_db_instance" "this" {\n  engine = "postgres"\n'
        "  instance_class = var.class\n  allocated_storage = var.size\n}\n"
    )
    files = {
        "live/prod/db/terragrunt.hcl": unit,
        "live/dev/db/terragrunt.hcl": unit.replace("m6g.large", "t4g.micro"),
        "modules/db/main.tf": module,
    }
    report = import_folder(write(tmp_path, files))
    database = report.tree.values["database"]
    assert (database["instance_class"], database["storage"]) == ("db.m6g.large", "100 GiB")
    assert [row["name"] for row in declared(report, "aws_db_instance")] == ["live/prod/db.this"]


def test_a_template_file_as_it_was_written_before_0_12(tmp_path: Path):
    files = {
        "main.tf": 'variable "cpu" { default = 256 }\ndata "template_file" "task" {\n'
        '  template = "${file("${path.module}/task-definition.json")}"\n  vars {\n    cpu = "${var.cpu}"\n  }\n}\n'
        'resource "aws_ecs_task_definition" "t" {\n  family = "api"\n'
        '  container_definitions = "${data.template_file.task.rendered}"\n}\n'
        'resource "aws_ecs_service" "s" {\n  name = "api"\n'
        '  task_definition = "${aws_ecs_task_definition.t.arn}"\n  desired_count = "2"\n}\n'
        'module "without" {\n  version = "1"\n}\n',
        "task-definition.json": '[{"name": "api", "image": "a:1", "cpu": ${cpu}, "memory": 300}]',
    }
    report = import_folder(write(tmp_path, files))
    api = report.tree.values["services"]["api"]
    assert (api["replicas"], api["resources"]["cpu_request"], api["resources"]["memory_limit"]) == (2, 0.25, "300 MiB")
    assert "file-not-read" not in {row["code"] for row in report.findings}
