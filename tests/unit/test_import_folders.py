"""Folders in the form people write them: what each says, and that a named line is where a value was read."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from novamodel.importers import ImportReport
from novamodel.loading import import_folder, scenario_from_folder, tree_from_folder
from novamodel.scenario import Scenario, is_read, written_values
from novamodel.simulation import simulate
from novamodel.workflows.month import monthly_total

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


def said_at(folder: Path, path: str) -> tuple[str, str, str | None, int | None]:
    """The value that the imported scenario has at a path, and who says it."""
    tree = tree_from_folder(folder)
    node: object = tree.values
    for word in path.split("."):
        node = node.get(word) if isinstance(node, dict) else None
    origin = tree.origin(path)
    return (str(node), origin.kind, origin.file, origin.line) if origin else (str(node), "", None, None)


def other_numbers(file: Path, line: int | None) -> Iterator[None]:
    """Writes the file once for each number on a line (on any, where None), that number one more; then as it was."""
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    for place in range(len(lines)) if line is None else [line - 1]:
        for match in NUMBER.finditer(lines[place]):
            other = f"{lines[place][: match.start()]}{int(match[0]) + 1}{lines[place][match.end() :]}"
            file.write_text("".join([*lines[:place], other, *lines[place + 1 :]]), encoding="utf-8")
            yield
    file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", sorted(one.name for one in FOLDERS.iterdir()))
def test_a_line_is_named_only_for_a_value_that_was_read_from_it(tmp_path: Path, name: str) -> None:
    """Every number that the scenario says comes from a line changes when a number there is another one.

    Where a line only names what holds the number (a variable), one of the numbers of its files does.
    """
    folder = tmp_path / name
    shutil.copytree(FOLDERS / name, folder)
    report = import_folder(folder)
    for row in report.fields:
        before = said_at(folder, row["path"])
        if before[1] != "file" or not NUMBER.search(before[0]):
            continue
        assert before[2:] == (row["file"], row["line"])
        named = folder / row["file"]
        text = named.read_text(encoding="utf-8").splitlines()[row["line"] - 1]
        places = [(named, row["line"])] if NUMBER.search(text) else [(file, None) for file in folder.rglob("*.tf")]
        changed = [said_at(folder, row["path"])[:2] for file, line in places for _ in other_numbers(file, line)]
        assert any(one != before[:2] for one in changed), row


SECONDS = {"run.duration": "2 s", "run.warm_up": "0 s", "run.replications": 1, "name": "same"}
NOT_IN_SECONDS = (
    *("readiness", "liveness", "autoscaler", "replicas", "backup_retention_days", "version"),
    *("kind", "worker_connections"),
)
"""Read values that act on no request of two quiet seconds; how many replicas there are is one of the figures."""


def figures_of(scenario: Scenario) -> tuple[float, ...]:
    """Figures of the answer: latency at the peak, what a month costs, replicas."""
    run = simulate(scenario.override(SECONDS), engine="simpy")
    replicas = run.replicas.groupby("service")["ready"].max()
    return (run.estimate("mean").value, run.estimate("p99").value, monthly_total(scenario), *sorted(replicas))


def read_values(scenario: Scenario) -> set[str]:
    """What the files state and may act, whatever the services are called."""
    names = "|".join(map(re.escape, scenario.services))
    rows = [row for row in written_values(scenario.resolved()) if is_read(row)]
    said = [(re.sub(rf"\b({names})\b", "SERVICE", row["path"]), row["value"]) for row in rows]
    return {f"{path} {value}" for path, value in said if not any(word in path.split(".") for word in NOT_IN_SECONDS)}


def test_two_folders_have_one_answer_only_where_the_same_was_read() -> None:
    """Different repositories differ in the figures that are answered, and equal figures have equal values read."""
    scenarios = {folder.name: scenario_from_folder(folder) for folder in sorted(FOLDERS.iterdir())}
    assert len(scenarios) >= 10
    by_figures: dict[tuple[float, ...], list[str]] = {}
    for name, scenario in scenarios.items():
        by_figures.setdefault(figures_of(scenario), []).append(name)
    for names in by_figures.values():
        read = [read_values(scenarios[name]) for name in names]
        assert all(one == read[0] for one in read), names
    assert len(by_figures) >= len(scenarios) - 2
