"""PostgreSQL's memory settings: read from every kind of file, derived on RDS, judged against the server's memory."""

from __future__ import annotations

from pathlib import Path

import pytest

import novamodel as nm
from novamodel.importers.postgres.memory import memory_said
from novamodel.loading import import_folder
from novamodel.scenario.database_memory import CONNECTION_BYTES

GIB, MIB = 1024.0**3, 1024.0**2

COMPOSE = """
services:
  api: {image: "shop/api:1", environment: {DATABASE_URL: "postgres://u@db:5432/shop"}}
  db: {image: "postgres:16", mem_limit: 2g, command: [postgres, -c, work_mem=64MB, -c, shared_buffers=65536, -c, "autovacuum_max_workers=5"]}
"""  # noqa: E501
RDS = """
resource "aws_db_instance" "main" {
  instance_class    = "db.t4g.medium"
  allocated_storage = 100
  engine_version    = "16.2"
  parameter_group_name = aws_db_parameter_group.main.name
}
resource "aws_db_parameter_group" "main" {
  name = "main"
  parameter {
    name  = "work_mem"
    value = "65536"
  }
  parameter {
    name  = "shared_buffers"
    value = "{DBInstanceClassMemory/32768}"
  }
}
"""


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("work_mem", "65536", 64 * MIB),  # kB
        ("work_mem", "'16MB'", 16 * MIB),
        ("maintenance_work_mem", "1GB", GIB),
        ("shared_buffers", "16384", 128 * MIB),  # pages of 8 kB
        ("shared_buffers", "512kB", 0.5 * MIB),
        ("shared_buffers", "{DBInstanceClassMemory/32768}", None),
        ("autovacuum_max_workers", "6", 6),
        ("max_connections", "100", None),
        ("work_mem", "lots", None),
    ],
)
def test_sizes_have_the_unit_of_their_setting(name, text, said):
    found = memory_said("database", name, text, "a", 1)
    value = found and (float(found.value.split()[0]) if isinstance(found.value, str) else found.value)
    assert value == said


def test_a_container_s_words_and_a_parameter_group_are_read(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    report = import_folder(written(tmp_path / "a", "compose.yaml", COMPOSE))
    assert report.tree.values["database"]["memory_settings"] == {
        "work_mem": f"{64 * MIB:.0f} B",
        "shared_buffers": f"{512 * MIB:.0f} B",
        "autovacuum_workers": 5,
    }
    report = import_folder(written(tmp_path / "b", "main.tf", RDS))
    assert report.tree.values["database"]["memory_settings"] == {"work_mem": f"{64 * MIB:.0f} B"}
    assert report.tree.origins["database.memory_settings.work_mem"].line == 12
    assert any("shared_buffers" in row["what"] for row in report.not_modelled)


def test_rds_derives_a_quarter_and_its_formula():
    """{DBInstanceClassMemory/32768} pages of 8 KiB; GREATEST({DBInstanceClassMemory*1024/63963136}, 65536) KiB."""
    settings = nm.load("novabank").database.memory_settings
    assert settings.shared_buffers == 4 * GIB
    assert settings.maintenance_work_mem == pytest.approx(16 * GIB * 1024 / 63963136 * 1024)
    assert settings.work_mem == 4 * MIB
    small = nm.load("novabank").override({"database.instance_class": "db.t4g.micro"}).database.memory_settings
    assert (small.shared_buffers, small.maintenance_work_mem) == (0.25 * GIB, 64 * MIB)


def test_connections_that_may_take_more_than_the_server_has_are_a_finding():
    """PgBouncer's 20 servers: 4 GiB + 3 workers leave 11.2 GiB, 573 MiB for each of them."""
    base = nm.load("novabank")

    def told(work_mem, **more):
        changes = {"database.memory_settings.work_mem": work_mem} | {k.replace("__", "."): v for k, v in more.items()}
        return [f for f in base.override(changes).findings if f["code"] == "database-memory"]

    workers = 3 * base.database.memory_settings.maintenance_work_mem
    room = (12 * GIB - workers) / 20 - CONNECTION_BYTES
    assert not told(f"{0.999 * room:.0f} B")
    (one,) = told(f"{1.001 * room:.0f} B")
    assert one["message"].startswith("20 connections at work may take")
    assert told("64 MiB", database__pgbouncer=None)  # 220 of the pools
    assert not told("64 MiB", database__pgbouncer=None, database__max_connections=150)  # no more are let in
