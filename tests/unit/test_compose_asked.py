"""Compose files and profiles that the user names: as ``docker compose -f`` and ``--profile`` take them."""

from pathlib import Path
from typing import Any

import pytest

import novamodel as nm
from novamodel.errors import UserError
from novamodel.loading import import_folder

BASE = """services:
  shop: {image: shop, mem_limit: 256m, environment: {DB_POOL_MAX: '5', TIER: base}}
  worker: {image: shop, command: celery -A app worker, profiles: [background]}
  debug: {image: tool/debug, profiles: [dev, all]}
"""
FILES = {
    "compose.yaml": BASE,
    "compose.override.yaml": "services: {shop: {scale: 9}}\n",
    "compose.prod.yaml": "services: {shop: {scale: 4, mem_limit: 512m}}\n",
    "compose.large.yaml": "services: {shop: {scale: 7, environment: {DB_POOL_MAX: '8'}}}\n",
    "deploy/stack-file": "services: {api: {image: api, scale: 3}}\n",
    "notes.yaml": "title: no services here\n",
    ".env": "COMPOSE_PROFILES=background\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def services(folder: Path, **chosen: Any) -> dict[str, Any]:
    found: dict[str, Any] = import_folder(folder, **chosen).tree.values["services"]
    return found


@pytest.mark.parametrize(
    ("files", "replicas", "memory", "pool"),
    [
        ([], 9, "256 MiB", 5),  # the override that stands beside it
        (["compose.yaml"], None, "256 MiB", 5),  # with -f nothing but what is named
        (["compose.yaml", "compose.prod.yaml"], 4, "512 MiB", 5),
        (["compose.yaml", "compose.prod.yaml", "compose.large.yaml"], 7, "512 MiB", 8),
        (["compose.yaml", "compose.large.yaml", "compose.prod.yaml"], 4, "512 MiB", 8),
    ],
)
def test_files_are_laid_over_each_other_in_their_order(
    folder: Path, files: list[str], replicas: int | None, memory: str, pool: int
) -> None:
    shop = services(folder, files=files)["shop"]
    assert (shop.get("replicas"), shop["resources"]["memory_limit"], shop["pool"]["max"]) == (replicas, memory, pool)


@pytest.mark.parametrize(
    ("profiles", "names"),
    [
        ([], {"shop", "worker"}),  # COMPOSE_PROFILES of .env
        (["dev"], {"shop", "debug"}),  # asked for: it takes the place of the variable
        (["background", "all"], {"shop", "worker", "debug"}),
        (["*"], {"shop", "worker", "debug"}),
        (["nightly"], {"shop"}),
    ],
)
def test_services_of_the_profiles_that_are_on(folder: Path, profiles: list[str], names: set[str]) -> None:
    report = import_folder(folder, profiles=profiles)
    boxes = {box.name for box, _ in report.system.idle} | set(report.tree.values["services"])
    assert boxes == names
    unknown = [row["message"] for row in report.findings if row["code"] == "compose-profile"]
    assert unknown == (["no service has the profile nightly"] if profiles == ["nightly"] else [])


def test_a_file_is_taken_whatever_it_is_called_and_from_where_it_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert services(folder, files=["deploy/stack-file"])["api"]["replicas"] == 3
    monkeypatch.chdir(folder / "deploy")
    assert services(folder, files=["stack-file"])["api"]["replicas"] == 3
    scenario = nm.load(folder, files=["../compose.yaml", "../compose.large.yaml"])
    assert scenario.services["shop"].replicas == 7
    assert scenario.origin("services.shop.replicas").file == "compose.large.yaml"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("compose.staging.yaml", "no such file"),
        ("/etc/hostname", "no such file"),
        ("../compose.yaml", "no such file"),
        ("notes.yaml", "notes.yaml is no compose file"),
        (".env", "is no compose file"),
    ],
)
def test_only_a_file_that_is_named_is_fatal(folder: Path, name: str, text: str) -> None:
    assert services(folder)
    with pytest.raises(UserError, match=text):
        import_folder(folder, files=[name])


def test_files_are_chosen_in_a_folder_only(folder: Path) -> None:
    with pytest.raises(UserError, match="is no folder"):
        nm.load("novabank", files=["compose.yaml"])


def test_files_that_the_variable_names_are_taken_without_being_asked_for(folder: Path) -> None:
    (folder / ".env").write_text("COMPOSE_FILE=compose.yaml:./compose.prod.yaml\n", encoding="utf-8")
    assert services(folder)["shop"]["replicas"] == 4
    assert services(folder, files=["compose.yaml"])["shop"].get("replicas") is None
    (folder / ".env").write_text("COMPOSE_FILE=compose.yaml:elsewhere.yaml\n", encoding="utf-8")
    assert services(folder)["shop"]["replicas"] == 9
