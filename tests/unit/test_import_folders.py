"""Folders in the form people write them: what each says, and that a named line is where a value was read."""

import re
import shutil
from pathlib import Path

import pytest

from novamodel.importers import ImportReport
from novamodel.loading import import_folder, scenario_from_folder
from novamodel.scenario import Scenario

FOLDERS = Path(__file__).parents[1] / "folders"


def left(report: ImportReport) -> dict[str, str]:
    return {f"{row['file']}:{row['line']} {row['what']}": row["why"] for row in report.not_modelled}


def codes(scenario: Scenario) -> set[str]:
    return {row["code"] for row in scenario.findings}


def test_a_service_of_which_little_is_said_is_not_emptied() -> None:
    scenario = scenario_from_folder(FOLDERS / "healthcheck-service")
    assert list(scenario.services) == ["shop"]
    assert scenario.services["shop"].routes
    assert scenario.database.version == "16"


def test_a_value_that_is_not_resolved_keeps_what_is_assumed() -> None:
    scenario = scenario_from_folder(FOLDERS / "cache-by-variable")
    assert scenario.cache.node_type is None
    assert scenario.origin("cache.keyspaces.item.keys").kind == "assumed"
    report = import_folder(FOLDERS / "cache-by-variable")
    assert any("node_type" in what and "not resolved" in why for what, why in left(report).items())


def test_a_legal_storage_type_is_read() -> None:
    scenario = scenario_from_folder(FOLDERS / "gp2")
    assert (scenario.database.instance_class, scenario.database.storage_type) == ("db.t4g.medium", "gp2")


def test_a_site_file_may_be_called_nginx_conf() -> None:
    report = import_folder(FOLDERS / "site-file")
    assert list(report.tree.values["services"]) == ["web"]
    assert report.files == {"nginx.conf": "nginx configuration"}


def test_neighbours_that_are_no_configuration_stop_nothing() -> None:
    report = import_folder(FOLDERS / "bad-neighbours")
    shop = report.tree.values["services"]["shop"]
    assert shop["replicas"] == 3
    assert (shop["resources"]["cpu_request"], shop["resources"]["cpu_limit"]) == ("250m", "1")
    whys = {row["file"]: row["why"] for row in report.not_modelled}
    assert whys["k8s/values.yaml"] == "empty"
    assert whys["locales/en.yml"] == "no kind of YAML that is known"


def test_an_autoscaler_of_an_old_version_is_read() -> None:
    scenario = scenario_from_folder(FOLDERS / "hpa-v2beta1")
    scaler = scenario.services["shop"].autoscaler
    assert scaler is not None
    assert (scaler.min_replicas, scaler.max_replicas, scaler.cpu_target) == (2, 10, 0.8)
    assert "hpa-api-removed" in codes(scenario)


def test_compose_takes_the_file_that_docker_compose_takes() -> None:
    report = import_folder(FOLDERS / "base-and-dev")
    scenario = scenario_from_folder(FOLDERS / "base-and-dev")
    shop = scenario.services["shop"]
    assert list(scenario.services) == ["shop"]
    assert (shop.replicas, shop.resources.cpu_limit, shop.resources.memory_limit) == (4, 1.5, 768 * 2**20)
    assert (scenario.database.version, scenario.database.max_connections) == ("16", 300)
    assert scenario.cache.engine == "redis"
    assert "docker-compose.dev.yml:1 compose file" in left(report)


def test_no_false_findings_about_an_ingress_of_another_namespace() -> None:
    assert codes(scenario_from_folder(FOLDERS / "ingress-namespace")) == set()


def test_each_variant_has_its_own_autoscaler() -> None:
    report = import_folder(FOLDERS / "hpa-and-ecs-scaling")
    scaler = report.tree.values["services"]["shop"]["autoscaler"]
    assert (scaler["min_replicas"], scaler["max_replicas"], scaler["cpu_target"]) == (2, 9, "65 %")
    assert any("2 to 8 tasks" in what and "ECS variant" in why for what, why in left(report).items())


def test_pool_options_in_a_variable_are_followed() -> None:
    report = import_folder(FOLDERS / "pool-typescript")
    assert report.tree.values["services"]["api"]["pool"] == {
        "max": 15,
        "idle_timeout": "10 s",
        "connection_timeout": "1500 ms",
    }
    assert report.tree.origins["services.api.pool.max"].line == 2
    assert report.tree.origins["services.api.pool.idle_timeout"].line == 3


def test_one_zone_is_one_count() -> None:
    edge = scenario_from_folder(FOLDERS / "one-zone").edge
    assert {edge.limits["shop"].zone, edge.limits["office"].zone} == {"each"}


def test_a_shop_on_kubernetes() -> None:
    scenario = scenario_from_folder(FOLDERS / "shop")
    database, cache = scenario.database, scenario.cache
    assert (database.max_connections, database.cores, database.memory) == (120, 2, 4 * 2**30)
    assert database.storage == 50 * 2**30
    assert database.pod is not None
    assert (database.pod.cpu_request, database.pod.memory_limit) == (2, 4 * 2**30)
    assert (cache.memory, cache.maxmemory_policy) == (200 * 2**20, "allkeys-lru")
    assert cache.pod is not None
    assert cache.pod.cpu_limit == 0.5
    assert any("is 117" in row["message"] for row in scenario.findings if row["code"] == "connections-exceed-limit")
    calls = [step.call.to for steps in scenario.services["checkout"].routes.values() for step in steps if step.call]
    assert {to.split(".")[0] for to in calls} == {"catalog"}
    uses_cache = {
        name for name, one in scenario.services.items() for steps in one.routes.values() for s in steps if s.cache
    }
    assert uses_cache == {"catalog"}


NUMBER = re.compile(r"\d+")


def value_at(report: ImportReport, path: str) -> object:
    node = report.tree.values
    for word in path.split("."):
        node = node.get(word) if isinstance(node, dict) else None
    return node


@pytest.mark.parametrize("name", ["shop", "base-and-dev", "one-zone", "pool-typescript", "several-stores"])
def test_a_line_is_named_only_for_a_value_that_was_read_from_it(tmp_path: Path, name: str) -> None:
    """Every number that the import says comes from a line changes when a number of that line is another."""
    folder = tmp_path / name
    shutil.copytree(FOLDERS / name, folder)
    report = import_folder(folder)
    numeric = [row for row in report.fields if row["file"] and NUMBER.search(str(row["value"]))]
    said = [row for row in numeric if report.tree.origins[row["path"]].kind == "file"]
    assert len(said) > 2
    for row in said:
        file = folder / row["file"]
        text = file.read_text(encoding="utf-8")
        lines = text.splitlines(keepends=True)
        line = lines[row["line"] - 1]
        changed = set()
        for match in NUMBER.finditer(line):
            other = f"{line[: match.start()]}{int(match[0]) + 1}{line[match.end() :]}"
            file.write_text("".join([*lines[: row["line"] - 1], other, *lines[row["line"] :]]), encoding="utf-8")
            changed.add(str(value_at(import_folder(folder), row["path"])))
        file.write_text(text, encoding="utf-8")
        assert changed - {str(row["value"])}, row


def test_ten_folders_give_ten_systems() -> None:
    """Different repositories differ in what is simulated, not only in names."""
    hashes = set()
    for folder in sorted(FOLDERS.iterdir()):
        scenario = scenario_from_folder(folder)
        hashes.add(scenario.override({"name": "same"}).content_hash())
    assert len(hashes) == len(list(FOLDERS.iterdir())) >= 10
