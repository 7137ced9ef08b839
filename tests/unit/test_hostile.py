"""Files that mean harm, or only look as if they did: nothing outside is opened, nothing runs, nothing takes long."""

import csv
import io
import os
import time
from pathlib import Path

import pandas as pd
import pytest

from novamodel.cli.output import say
from novamodel.errors import UserError
from novamodel.files import csv_text
from novamodel.importers.jsonfile import read_json
from novamodel.importers.terraform.read import read_terraform
from novamodel.loading import import_folder
from novamodel.scenario import load_scenario
from novamodel.yamlfile import MAX_REPEATED, read_documents
from tools.fuzz import KINDS, failures

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec: {template: {spec: {containers: [{name: shop, image: "shop:1"}]}}}
"""


def test_mutants_are_read_or_refused_in_one_line():
    """The first 300 of the mutants that ``python -m tools.fuzz`` makes."""
    assert list(failures(300, seed=1, kinds=KINDS)) == []


def test_aliases_are_bounded_by_what_they_make(tmp_path: Path):
    many = tmp_path / "many.yaml"
    many.write_text("base: &b {a: 1, b: 2}\nall:\n" + "".join(f"  k{n}: *b\n" for n in range(2000)), encoding="utf-8")
    ((value, _),) = read_documents(many)
    assert len(value["all"]) == 2000
    bomb = tmp_path / "bomb.yaml"
    bomb.write_text("a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)), encoding="utf-8"
    )  # fmt: skip
    begun = time.process_time()
    with pytest.raises(UserError, match=f"more than {MAX_REPEATED} values"):
        read_documents(bomb)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("merged", ["<<: *b", "<<: [*b, *b]"])
def test_merged_keys_have_their_lines(tmp_path: Path, merged: str):
    file = tmp_path / "m.yaml"
    file.write_text(f"x: &b\n  a: 1\n  b: {{c: 2}}\ny:\n  {merged}\n  a: 3\n", encoding="utf-8")
    ((value, lines),) = read_documents(file)
    assert value["y"] == {"a": 3, "b": {"c": 2}}
    assert (lines[("y", "a")], lines[("y", "b", "c")]) == (6, 3)


def test_pipes_devices_and_links_out_of_the_folder_are_not_opened(tmp_path: Path):
    outside = tmp_path / "secret.yaml"
    outside.write_text(DEPLOYMENT.replace("shop", "stolen"), encoding="utf-8")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "shop.yaml").write_text(DEPLOYMENT, encoding="utf-8")
    os.mkfifo(folder / "pipe.yaml")
    (folder / "null.yaml").symlink_to("/dev/zero")
    (folder / "out.yaml").symlink_to(outside)
    (folder / "round").symlink_to(folder, target_is_directory=True)
    (folder / "self.yaml").symlink_to(folder / "self.yaml")
    begun = time.process_time()
    report = import_folder(folder)
    assert time.process_time() - begun < 5
    assert list(report.tree.values["services"]) == ["shop"]
    assert report.files == {"shop.yaml": "Kubernetes manifest"}


def test_terraform_opens_no_file_outside(tmp_path: Path):
    (tmp_path / "secret.txt").write_text("db.r6g.large", encoding="utf-8")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "main.tf").write_text('resource "aws_sqs_queue" "stolen" {}\n', encoding="utf-8")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "main.tf").write_text(
        'module "other" {\n  source = "../other"\n}\n'
        'resource "aws_db_instance" "a" {\n  instance_class = file("../secret.txt")\n'
        '  engine = file("/etc/hostname")\n  identifier = templatefile("${path.module}/../secret.txt", {})\n}\n',
        encoding="utf-8",
    )
    report = import_folder(folder)
    (row, module) = sorted(report.tree.values["declared"], key=lambda one: one["type"])
    assert row["values"] == {}
    assert (module["type"], module["values"]) == ("module", {"source": "../other"})
    assert "stolen" not in str(report.tree.values)


@pytest.mark.parametrize("given", ["extends: /etc/passwd", "extends: ../../../../etc/passwd", "imported: /etc"])
def test_a_scenario_shows_no_line_of_a_file_that_is_no_scenario(tmp_path: Path, given: str):
    file = tmp_path / "s.yaml"
    file.write_text(f"{given}\nname: x\n", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_scenario(file)
    assert "root:" not in str(caught.value)


def test_expressions_that_grow_end_at_once(tmp_path: Path):
    doubled = "".join(f'  t{n} = "${{local.t{n - 1}}}${{local.t{n - 1}}}"\n' for n in range(1, 60))
    nested = "".join(f"  l{n} = [local.l{n - 1}, local.l{n - 1}]\n" for n in range(1, 60))
    (tmp_path / "main.tf").write_text(
        f'locals {{\n  t0 = "abcdefgh"\n{doubled}  l0 = ["a"]\n{nested}  circle = local.circle\n'
        "  big = [for a in range(1000) : [for b in range(1000) : [for c in range(1000) : c]]]\n}\n"
        'resource "aws_sqs_queue" "q" {\n  name = local.t59\n  size = local.big\n  round = local.circle\n'
        "  list = jsonencode(local.l59)\n  same = local.l59 == local.l58\n  wide = flatten(local.l59)\n"
        '  slow = replace(local.t3, "/(a+)+$/", "b")\n  delay_seconds = 7\n}\n',
        encoding="utf-8",
    )
    begun = time.process_time()
    found = read_terraform([(tmp_path / "main.tf", "main.tf")], lambda name: None)
    assert time.process_time() - begun < 5
    assert found.resources[0].get("delay_seconds") == 7


def test_a_large_json_file_takes_time_in_its_size(tmp_path: Path):
    file = tmp_path / "large.json"
    file.write_text("[\n" + ",\n".join('{"a": 1, "b": [2, 3]}' for _ in range(20_000)) + "\n]", encoding="utf-8")
    begun = time.process_time()
    value, lines = read_json(file)
    assert time.process_time() - begun < 5
    assert (len(value), lines[(19_999, "a")]) == (20_000, 20_001)


def test_no_cell_is_a_formula():
    frame = pd.DataFrame({"=name": ["=1+1", "+1", "-2", "@x", "\tx", "shop"], "n": [-1.5, 2, 3, 4, 5, 6]})
    rows = list(csv.reader(io.StringIO(csv_text(frame))))
    assert rows[0] == ["'=name", "n"]
    assert [row[0] for row in rows[1:]] == ["'=1+1", "'+1", "'-2", "'@x", "'\tx", "shop"]
    assert rows[1][1] == "-1.5"


def test_nothing_that_is_printed_steers_the_terminal(capsys: pytest.CaptureFixture[str]):
    say("a\x1b[31m\x07\x9b\u202eb\tc\nd")
    assert capsys.readouterr().out == "a\\x1b[31m\\x07\\x9b\\u202eb\tc\nd\n"
    assert str(UserError("x\x1b[2J" + "y" * 50_000)).isprintable()
    assert len(str(UserError("y" * 50_000))) < 1100
