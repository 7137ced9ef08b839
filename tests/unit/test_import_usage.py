"""Usage files beside Terraform, references between resources, providers of other regions, and Terraform in JSON."""

import json
from pathlib import Path
from typing import Any

from novamodel.importers import ImportReport
from novamodel.loading import import_folder
from tests.unit.test_import_terraform import declared, write

SERVICES = """
resource "aws_lambda_function" "api" {
  function_name = "api"
  memory_size   = 512
}
resource "aws_s3_bucket" "logs" { count = 2 }
resource "aws_sqs_queue" "q" { for_each = toset(["a", "b"]) }
"""
USAGE = """version: 0.1
resource_type_default_usage:
  aws_sqs_queue:
    monthly_requests: 7
resource_usage:
  aws_lambda_function.api:
    monthly_requests: 1000000
    request_duration_ms: 35.5
  aws_s3_bucket.logs[*]:
    standard:
      storage_gb: 100
  aws_data_transfer.eu:
    region: eu-west-1
    monthly_outbound_internet_gb: 100
  aws_lambda_function.gone:
    monthly_requests: 1
"""


def usage_of(report: ImportReport, kind: str) -> list[dict[str, Any]]:
    return [row.get("usage", {}) for row in declared(report, kind)]


def test_a_usage_file_says_what_is_done_with_what_is_declared(tmp_path: Path) -> None:
    report = import_folder(write(tmp_path, {"main.tf": SERVICES, "infracost-usage.yml": USAGE}))
    assert usage_of(report, "aws_lambda_function") == [{"monthly_requests": 1_000_000, "request_duration_ms": 35.5}]
    assert usage_of(report, "aws_s3_bucket") == [{"standard.storage_gb": 100}]
    assert usage_of(report, "aws_sqs_queue") == [{"monthly_requests": 7}]
    assert usage_of(report, "aws_data_transfer") == [{"region": "eu-west-1", "monthly_outbound_internet_gb": 100}]
    assert declared(report, "aws_data_transfer")[0]["file"] == "infracost-usage.yml"
    left = [row["what"] for row in report.not_modelled]
    assert "usage of aws_lambda_function.gone" in left


def test_values_that_name_other_resources_are_links(tmp_path: Path) -> None:
    text = """
resource "aws_launch_template" "a" { name = "first" }
resource "aws_launch_template" "b" { name = "second" }
resource "aws_autoscaling_group" "by_reference" {
  launch_template { id = aws_launch_template.b.id }
}
resource "aws_instance" "by_name" {
  launch_template { name = "first" }
}
resource "aws_dynamodb_table" "t" { name = "orders" }
resource "aws_appautoscaling_target" "w" {
  resource_id        = "table/orders"
  scalable_dimension = "dynamodb:table:WriteCapacityUnits"
  service_namespace  = "dynamodb"
  min_capacity       = 5
}
"""
    report = import_folder(write(tmp_path, {"main.tf": text}))

    def links(kind: str) -> dict[str, str]:
        return dict(declared(report, kind)[0]["links"])

    assert links("aws_autoscaling_group") == {"launch_template.id": "aws_launch_template.b"}
    assert links("aws_instance") == {"launch_template.name": "aws_launch_template.a"}
    assert links("aws_appautoscaling_target") == {"resource_id": "aws_dynamodb_table.t"}


def test_a_resource_of_another_region_says_so(tmp_path: Path) -> None:
    text = """
provider "aws" { region = "us-east-1" }
provider "aws" {
  alias  = "far"
  region = "eu-central-1"
}
resource "aws_eip" "here" {}
resource "aws_eip" "there" { provider = aws.far }
"""
    report = import_folder(write(tmp_path, {"main.tf": text}))
    assert report.tree.values["pricing"]["region"] == "us-east-1"
    regions = {row["name"]: row["values"].get("provider_region") for row in declared(report, "aws_eip")}
    assert regions == {"here": None, "there": "eu-central-1"}


DOCUMENT = {
    "//": "made by a tool",
    "provider": {"aws": {"region": "${var.region}"}},
    "variable": {"region": {"default": "eu-west-1"}, "count": {"type": "number", "default": 2}},
    "locals": {"classes": {"main": "db.m6g.large"}},
    "resource": {
        "aws_nat_gateway": {"zone": {"count": "${var.count}"}},
        "aws_db_instance": {"main": {"engine": "postgres", "instance_class": '${local.classes["main"]}', "iops": 3000}},
        "aws_instance": {"w": [{"instance_type": "t3.medium", "root_block_device": [{"volume_size": 30}]}]},
        "aws_sqs_queue": {"q": {"for_each": {"a": 1, "b": 2}, "name": 'say "${each.key}" \\ $${x}'}},
    },
}


def test_terraform_in_json_is_read_as_what_it_means(tmp_path: Path) -> None:
    for text in (json.dumps(DOCUMENT, indent=2), json.dumps(DOCUMENT)):
        report = import_folder(write(tmp_path, {"main.tf.json": text, "terraform.tfvars.json": '{"count": 3}'}))
        assert report.tree.values["pricing"]["region"] == "eu-west-1"
        assert report.tree.values["pricing"]["nat_gateways"] == 3
        assert report.tree.values["database"]["instance_class"] == "db.m6g.large"
        assert declared(report, "aws_instance")[0]["values"]["root_block_device.volume_size"] == 30
        assert len(declared(report, "aws_sqs_queue")) == 2


def test_terraform_in_json_keeps_its_lines(tmp_path: Path) -> None:
    text = json.dumps(DOCUMENT, indent=2)
    report = import_folder(write(tmp_path, {"main.tf.json": text}))
    expected = next(n for n, line in enumerate(text.split("\n"), 1) if '"zone"' in line)
    assert declared(report, "aws_nat_gateway")[0]["line"] == expected


def test_broken_json_is_listed_and_stops_nothing(tmp_path: Path) -> None:
    report = import_folder(write(tmp_path, {"main.tf": SERVICES, "more.tf.json": "{"}))
    assert declared(report, "aws_lambda_function")
    assert any("more.tf.json" in str(row) for row in report.not_modelled)


INSTANCES = """
resource "aws_nat_gateway" "n" { count = 3 }
module "m" {
  source   = "./m"
  for_each = toset(["a", "b"])
}
"""
OF_INSTANCES = """version: 0.1
resource_usage:
  aws_nat_gateway.n[1]: {monthly_data_processed_gb: 10}
  aws_nat_gateway.n[*]: {monthly_data_processed_gb: 2}
  module.m[*].aws_sqs_queue.q: {monthly_requests: 5, request_size_kb: 64}
  module.m["b"].aws_sqs_queue.q: {monthly_requests: 7}
"""


def test_use_of_single_instances(tmp_path: Path) -> None:
    """The more closely named figure holds, wherever it stands; instances that are used alike stay one."""
    files = {"main.tf": INSTANCES, "m/main.tf": 'resource "aws_sqs_queue" "q" {}', "infracost-usage.yml": OF_INSTANCES}
    report = import_folder(write(tmp_path, files))
    gateways = {
        row["usage"]["monthly_data_processed_gb"]: row.get("count", 1) for row in declared(report, "aws_nat_gateway")
    }
    assert gateways == {2: 2, 10: 1}
    queues = {row["name"]: row["usage"] for row in declared(report, "aws_sqs_queue")}
    assert list(queues.values()) == [
        {"monthly_requests": 5, "request_size_kb": 64},
        {"monthly_requests": 7, "request_size_kb": 64},
    ]


REGIONS = """
provider "aws" { region = "us-east-1" }
provider "aws" {
  alias  = "west"
  region = "us-west-2"
}
module "m" {
  source    = "./m"
  providers = { aws = aws.west, aws.peer = aws }
}
module "bucket" {
  source    = "terraform-aws-modules/s3-bucket/aws"
  providers = { aws = aws.west }
}
resource "aws_eip" "own" { region = "eu-west-1" }
"""


def test_regions_of_modules_and_of_resources_of_their_own(tmp_path: Path) -> None:
    inner = 'resource "aws_eip" "in" {}\nmodule "n" { source = "./n" }'
    files = {"main.tf": REGIONS, "m/main.tf": inner, "m/n/main.tf": 'resource "aws_eip" "deep" {}'}
    report = import_folder(write(tmp_path, files))
    rows = [*declared(report, "aws_eip"), *declared(report, "aws_s3_bucket")]
    assert {row["name"]: row["values"].get("provider_region") for row in rows} == {
        "own": "eu-west-1",
        "module.m.in": "us-west-2",
        "module.m.module.n.deep": "us-west-2",
        "bucket": "us-west-2",
    }


ENDPOINTS = """
module "endpoints" {
  source     = "terraform-aws-modules/vpc/aws//modules/vpc-endpoints"
  subnet_ids = ["subnet-1", "subnet-2"]
  endpoints = {
    s3      = { service = "s3", service_type = "Gateway" }
    secrets = { service = "secretsmanager" }
  }
}
module "group" {
  source        = "terraform-aws-modules/autoscaling/aws"
  instance_type = "t3.micro"
}
"""


def test_endpoints_and_groups_of_public_modules(tmp_path: Path) -> None:
    report = import_folder(write(tmp_path, {"main.tf": ENDPOINTS}))
    kinds = {row["name"]: row["values"].get("subnet_ids.count") for row in declared(report, "aws_vpc_endpoint")}
    assert kinds == {"endpoints.s3": None, "endpoints.secrets": 2}
    assert [row["values"]["monitoring"] for row in declared(report, "aws_autoscaling_group")] == [True]
