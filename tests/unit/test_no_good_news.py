"""What no file says is never taken for good news: no backup, no cache, no kept snapshots."""

from pathlib import Path

import pytest

from novamodel.loading import scenario_from_folder
from novamodel.recovery import recovery_plan
from novamodel.scenario import Scenario

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    spec:
      containers:
        - {name: shop, image: shop, env: [ENV]}
"""
TERRAFORM = 'resource "aws_db_instance" "db" {\n  engine = "postgres"\n  instance_class = "db.t4g.medium"\nMORE}\n'
AURORA = 'resource "aws_rds_cluster" "db" {\n  engine = "aurora-postgresql"\nMORE}\n'
STACK = """Resources:
  Db:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: postgres, DBInstanceClass: db.t4g.medium}
"""


def folder(path: Path, **files: str) -> Scenario:
    for name, text in files.items():
        (path / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return scenario_from_folder(path)


def uses_cache(scenario: Scenario) -> bool:
    return any(step.cache for one in scenario.services.values() for steps in one.routes.values() for step in steps)


@pytest.mark.parametrize(
    ("variable", "cached"),
    [("", False), ("{name: PORT, value: '80'}", False), ("{name: REDIS_URL, valueFrom: {secretKeyRef: {}}}", True)],
)
def test_no_cache_is_assumed_where_no_file_speaks_of_one(tmp_path: Path, variable: str, cached: bool) -> None:
    scenario = folder(tmp_path, shop_yaml=DEPLOYMENT.replace("ENV", variable))
    assert uses_cache(scenario) is cached
    assert bool(scenario.cache.keyspaces) is cached


@pytest.mark.parametrize(
    ("name", "text", "days", "kind"),
    [
        ("main_tf", TERRAFORM.replace("MORE", ""), 0, "documented"),
        ("main_tf", TERRAFORM.replace("MORE", "  backup_retention_period = 9\n"), 9, "file"),
        ("main_tf", TERRAFORM.replace("MORE", "  backup_retention_period = var.days\n"), 7, "assumed"),
        ("main_tf", AURORA.replace("MORE", ""), 1, "documented"),
        ("main_tf", AURORA.replace("MORE", "  backup_retention_period = 5\n"), 5, "file"),
        ("stack_yaml", STACK, 1, "documented"),
    ],
)
def test_rds_keeps_what_its_template_makes_it_keep(tmp_path: Path, name: str, text: str, days: int, kind: str) -> None:
    scenario = folder(tmp_path, shop_yaml=DEPLOYMENT.replace("ENV", ""), **{name: text})
    assert scenario.database.backup_retention_days == days
    assert scenario.origin("database.backup_retention_days").kind == kind
    plan = recovery_plan(scenario).set_index("what")
    works = bool(days) and kind != "assumed"
    assert ("no backup found" in plan.index) is not works
    assert bool(plan["works"].any()) is works
    found = {one["code"] for one in scenario.findings}
    assert ("database-without-backup" in found) is (days == 0)
