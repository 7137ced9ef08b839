"""Any folder becomes a runnable scenario; the tree can be written as YAML and read again."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from novamodel.errors import UserError
from novamodel.importers import to_yaml, write_yaml
from novamodel.loading import scenario_from_folder, tree_from_folder
from novamodel.resources import data_dir
from novamodel.scenario import Tree, load_scenario

NOVABANK = data_dir() / "novabank"


def only(folder: Path, *names: str) -> Path:
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(NOVABANK / name, target)
    return folder


@pytest.mark.parametrize("platform", ["eks", "ecs", "compose", None])
def test_novabank_runs_on_every_platform(platform: str | None) -> None:
    scenario = scenario_from_folder(NOVABANK, platform)
    assert scenario.platform.kind == (platform or "eks")
    assert scenario.service_of("report") == "admin-interface"
    assert scenario.database.pgbouncer is not None
    assert sum(scenario.traffic.mix.values()) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(
    ("names", "kind", "services"),
    [
        (["k8s/core-api-deployment.yaml"], "eks", {"core-api"}),
        (["docker-compose.prod.yml"], "compose", {"core-api", "admin-interface"}),
        (["nginx/nginx.conf"], "compose", {"core-api", "admin-interface"}),
        (["ecs-task-definition.json"], "ecs", {"core-api"}),
        (["terraform/rds.tf"], "compose", {"api"}),
        (["app/pool.js"], "compose", {"api"}),
        (["prometheus/prometheus.yml", "scripts/backup.sh"], "compose", {"api"}),
        (["k8s/hpa.yaml"], "eks", {"api"}),
        (["k8s/ingress.yaml"], "eks", {"core-api", "admin-interface"}),
    ],
)
def test_part_of_a_folder_is_enough(tmp_path: Path, names: list[str], kind: str, services: set[str]) -> None:
    scenario = scenario_from_folder(only(tmp_path, *names))
    assert scenario.platform.kind == kind
    assert set(scenario.services) == services


@pytest.mark.parametrize("platform", ["eks", "ecs", "compose"])
def test_platform_without_its_files(tmp_path: Path, platform: str) -> None:
    scenario = scenario_from_folder(only(tmp_path, "nginx/nginx.conf"), platform)
    assert scenario.platform.kind == platform
    assert scenario.services["core-api"].replicas == 3


def test_what_files_cannot_say_is_marked_assumed() -> None:
    scenario = scenario_from_folder(NOVABANK)
    for path in ("traffic.peak", "traffic.mix.read", "services.core-api.routes", "database.statements.commit.cpu.busy"):
        origin = scenario.origin(path)
        assert (origin.kind, origin.file) == ("assumed", "data/defaults/assumed.yaml")
        assert origin.source.startswith("assumed: ")
    assert scenario.origin("services.core-api.replicas").file == "k8s/core-api-deployment.yaml"


def test_several_services_share_the_traffic(tmp_path: Path) -> None:
    text = "services:\n  a: {build: .}\n  b: {build: .}\n  back-admin: {build: .}\n"
    (tmp_path / "compose.yaml").write_text(text)
    scenario = scenario_from_folder(tmp_path)
    mix = scenario.traffic.mix
    assert mix["a-read"] == mix["b-read"]
    assert mix["report"] == pytest.approx(0.02)
    assert scenario.service_of("b-login") == "b"


@pytest.mark.parametrize("platform", ["eks", "ecs", "compose"])
def test_written_yaml_reads_back_as_the_same_scenario(tmp_path: Path, platform: str) -> None:
    tree = tree_from_folder(NOVABANK, platform)
    path = tmp_path / "scenario.yaml"
    write_yaml(tree, path)
    before, after = scenario_from_folder(NOVABANK, platform), load_scenario(path)
    assert after.content_hash() == before.content_hash()
    kinds = {row["path"]: row["kind"] for row in before.resolved()}
    assert {row["path"]: row["kind"] for row in after.resolved()} == kinds


def test_written_yaml_names_file_and_line() -> None:
    text = to_yaml(tree_from_folder(NOVABANK))
    line = next(line for line in text.splitlines() if line.strip().startswith("max_replicas:"))
    assert line.endswith("# k8s/hpa.yaml:12")


def test_a_users_file_is_never_overwritten_silently(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("mine\n")
    with pytest.raises(UserError, match="exists already"):
        write_yaml(tree_from_folder(NOVABANK), path)
    assert path.read_text() == "mine\n"
    write_yaml(tree_from_folder(NOVABANK), path, overwrite=True)
    assert "core-api" in path.read_text()
    with pytest.raises(UserError, match="cannot be written"):
        write_yaml(tree_from_folder(NOVABANK), path / "x.yaml")
    assert [each.name for each in tmp_path.iterdir()] == ["mine.yaml"]


WORDS = st.text(max_size=12) | st.sampled_from(["yes", "null", "1e3", "0x1f", "- a", "a: b", "a #b", "10r/s", "~"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3))


@given(st.dictionaries(WORDS, VALUES, max_size=4))
def test_any_value_survives_yaml(values: dict[str, Any]) -> None:
    assert YAML(typ="safe", pure=True).load(to_yaml(Tree(values)) if values else "{}") == values
