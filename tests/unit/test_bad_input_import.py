"""A user's mistake in any file is one clear ``UserError`` that names file and line; never another exception."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novamodel.errors import UserError
from novamodel.loading import import_folder, importer, scenario_from_folder
from novamodel.resources import data_dir, params_dir
from novamodel.scenario import build, load_tree

NOVABANK = data_dir() / "novabank"
FILES = sorted(path.relative_to(NOVABANK).as_posix() for path in NOVABANK.rglob("*") if path.is_file())
BOMB = "apiVersion: v1\nkind: X\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9) if i else 'x'}]\n" for i in range(9)
)
DEEP = "apiVersion: v1\nkind: X\na: " + "[" * 200 + "]" * 200


def refused(folder: Path, platform: str | None = None) -> str:
    with pytest.raises(UserError) as caught:
        scenario_from_folder(folder, platform)
    text = str(caught.value)
    assert "\n" not in text
    return text


def copy_with(folder: Path, name: str, text: str | bytes) -> Path:
    copied = folder / "bank"
    shutil.copytree(NOVABANK, copied)
    (copied / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return copied


def changed(folder: Path, name: str, old: str, new: str) -> Path:
    text = (NOVABANK / name).read_text(encoding="utf-8")
    assert old in text
    return copy_with(folder, name, text.replace(old, new))


def test_missing_folder(tmp_path: Path) -> None:
    assert "nowhere: no such folder" in refused(tmp_path / "nowhere")


def test_file_in_place_of_a_folder() -> None:
    assert "is a file, not a folder" in refused(NOVABANK / "nginx/nginx.conf")


def test_folder_without_a_known_file(tmp_path: Path) -> None:
    assert "it is empty" in refused(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "package.json").write_text("{}")
    assert "no configuration file that is known" in refused(tmp_path)
    (tmp_path / "deploy.yaml").write_text("kind: [\n")
    assert "deploy.yaml: not valid YAML" in refused(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "line", "says"),
    [
        ("nginx/nginx.conf", "events {}\nhttp {\n  server {\n", 3, "not a valid nginx configuration"),
        ("nginx/nginx.conf", "events {}\nlimit_req_zone;\n", 2, "not a valid nginx configuration"),
        ("nginx/nginx.conf", b"\x00\xff\x01", None, "not UTF-8 text"),
        ("terraform/rds.tf", b"\xff\xfe", None, "not UTF-8 text"),
        ("k8s/hpa.yaml", "kind: [1\nb: 2\n", 2, "not valid YAML"),
        ("k8s/hpa.yaml", "kind: 1\nkind: 2\n", 2, "not valid YAML"),
        ("k8s/hpa.yaml", b"\x80\x81", None, "not UTF-8 text"),
        ("k8s/hpa.yaml", "", None, "empty"),
        ("k8s/hpa.yaml", BOMB, None, "aliases make more than"),
        ("k8s/hpa.yaml", DEEP, None, "nested deeper"),
        ("docker-compose.prod.yml", "services:\n\tx: 1\n", 2, "not valid YAML"),
        ("ecs-task-definition.json", '{"family": "x",\n "containerDefinitions": [}', 2, "not valid JSON"),
        ("ecs-task-definition.json", '{"a": 1,\n "a": 2}', 2, "key 'a' is given twice"),
        ("ecs-task-definition.json", '{"name": "shop"}', 1, "this is no ECS task definition"),
        ("ecs-task-definition.json", "[" * 9999, None, "not valid JSON"),
        ("app/pool.js", "const p =\n new Pool({ max: 3,\n", 2, "new Pool({ is never closed"),
        ("postgres/replication.conf", b"wal_level\x00", None, "is not text"),
        ("scripts/backup.sh", b"\xff", None, "not UTF-8 text"),
        ("grafana/novabank-api.json", '{"dashboard": \n', 2, "not valid JSON"),
    ],
)
def test_a_broken_file_is_listed_and_the_rest_goes_on(
    tmp_path: Path, name: str, text: str | bytes, line: int | None, says: str
) -> None:
    folder = copy_with(tmp_path, name, text)
    report = import_folder(folder)
    (row,) = [row for row in report.not_modelled if row["file"] == name and row["what"] == "file not read"]
    assert says in row["why"]
    assert row["line"] == line
    found = [finding for finding in report.findings if finding["code"] == "file-not-read"]
    assert [finding["file"] for finding in found] == ([] if says == "empty" else [name])
    assert set(scenario_from_folder(folder).services) == {"core-api", "admin-interface"}


@pytest.mark.parametrize(
    ("name", "old", "new", "platform", "says"),
    [
        ("k8s/hpa.yaml", "minReplicas: 3", "minReplicas: 12", "eks", "k8s/hpa.yaml:11: services.core-api.autoscaler: "
         "min_replicas 12 is above max_replicas 10"),
        ("k8s/core-api-deployment.yaml", 'cpu: "500m"', 'cpu: "100m"', "eks",
         "k8s/core-api-deployment.yaml:39: services.core-api.resources: cpu_limit 100m is below cpu_request 250m"),
        ("k8s/core-api-deployment.yaml", 'memory: "512Mi"', 'memory: "128Mi"', "eks",
         "memory_limit is below memory_request"),
        ("k8s/core-api-deployment.yaml", "replicas: 3", "replicas: three", "eks",
         "k8s/core-api-deployment.yaml:8: services.core-api.replicas"),
        ("k8s/core-api-deployment.yaml", "replicas: 3", "replicas: 0", "eks", "services.core-api.replicas"),
        ("k8s/core-api-deployment.yaml", '"256Mi"', '"256Mx"', "eks", "k8s/core-api-deployment.yaml:37"),
        ("nginx/nginx.conf", "rate=10r/s", "rate=10r/h", "eks", "nginx/nginx.conf:18: edge.limits.core-api.rate"),
        ("nginx/nginx.conf", "burst=20", "burst=-20", "eks", "nginx/nginx.conf:34: edge.limits.core-api.burst"),
        ("app/pool.js", "max: 20", "max: -5", "eks", "app/pool.js:10: services.core-api.pool.max"),
        ("app/pool.js", "max: 20", "max: 2.5", "eks", "app/pool.js:10: services.core-api.pool.max"),
        ("docker-compose.prod.yml", "cpus: '0.5'", "cpus: fast", "compose", "docker-compose.prod.yml:81"),
        ("ecs-task-definition.json", '"512"', '"many"', "ecs", "ecs-task-definition.json:5"),
        ("prometheus/prometheus.yml", "scrape_interval: 15s", "scrape_interval: soon", "eks",
         "prometheus/prometheus.yml:3: monitoring.scrape_interval"),
    ],
)  # fmt: skip
def test_an_impossible_value_is_left_out_with_file_and_line(
    tmp_path: Path, name: str, old: str, new: str, platform: str, says: str
) -> None:
    scenario = scenario_from_folder(changed(tmp_path, name, old, new), platform)
    found = [row for row in scenario.findings if row["code"] == "value-left-out"]
    assert any(says in f"{row['file']}:{row['line']}: {row['message']}" for row in found)


def test_same_mistake_through_a_scenario_file(tmp_path: Path) -> None:
    folder = changed(tmp_path, "k8s/hpa.yaml", "minReplicas: 3", "minReplicas: 12")
    shutil.copytree(params_dir(), tmp_path / "params")
    scenario = tmp_path / "params" / "novabank.yaml"
    scenario.write_text(scenario.read_text().replace("../data/novabank", os.path.relpath(folder, scenario.parent)))
    with pytest.raises(UserError, match=r"k8s/hpa\.yaml:11: .*min_replicas 12 is above max_replicas 10"):
        build(load_tree(scenario, importer))


def test_unknown_platform() -> None:
    assert "platform 'gke' is not known" in refused(NOVABANK, "gke")


def test_harmless_files_are_listed_as_not_read(tmp_path: Path) -> None:
    folder = copy_with(tmp_path, "README.md", "# hi")
    (folder / "template.yaml").write_text("a: {{ .Values.a }}\n")
    (folder / "mkdocs.yml").write_text("x: !!python/name:a.b ''\n")
    (folder / "other.yaml").write_text("a: 1\n")
    (folder / "package.json").write_text("{}")
    (folder / "index.js").write_text("console.log(1)\n")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "x.json").write_text("{")
    report = import_folder(folder)
    names = {row["file"] for row in report.not_modelled if row["what"] == "file not read"}
    assert names == {
        "README.md",
        "template.yaml",
        "mkdocs.yml",
        "other.yaml",
        "package.json",
        "index.js",
        "picture.png",
    }


def test_many_files_are_counted_and_the_configuration_is_found(tmp_path: Path) -> None:
    for number in range(2001):
        (tmp_path / f"{number}.png").touch()
        (tmp_path / f"{number}.js").touch()
    (tmp_path / "compose.yaml").write_text("services: {shop: {image: shop, ports: ['80:80']}}")
    report = import_folder(tmp_path)
    assert list(report.files) == ["compose.yaml"]
    whys = [row["why"] for row in report.not_modelled if row["what"] == "file not read"]
    assert whys == [
        "2001 files (2001 .png): no kind of file that is known",
        "2001 files (2001 .js): source without a connection pool",
    ]


def test_links_out_of_the_folder_and_pipes_are_not_opened(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("services: {secret: {image: x}}")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "compose.yaml").symlink_to(outside)
    os.mkfifo(folder / "docker-compose.yml")
    (folder / "docker-compose.yaml").write_text("services: {shop: {image: shop}}")
    report = import_folder(folder)
    assert list(report.tree.values["services"]) == ["shop"]
    assert {row["file"]: row["why"] for row in report.not_modelled}["compose.yaml"].startswith(
        "a link out of the folder"
    )


def outcome(folder: Path, platform: str) -> str:
    """Names of the services, or the one line that says what is wrong."""
    try:
        return ", ".join(scenario_from_folder(folder, platform).services)
    except UserError as problem:
        return str(problem).strip()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mutated") / "bank"
    shutil.copytree(NOVABANK, folder)
    return folder


PIECES = st.sampled_from([b"", b"}", b"{", b'"', b"'", b"\n", b": ", b"- ", b"[", b"null", b"-1", b"\x00", b"\xff"])

EDITS = st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES | st.binary(max_size=6))


@settings(max_examples=100)
@given(
    name=st.sampled_from(FILES),
    platform=st.sampled_from(["eks", "ecs", "compose"]),
    edits=st.lists(EDITS, min_size=1, max_size=3),
    cut=st.none() | st.floats(0, 1),
)
def test_damaged_files_give_a_result_or_one_clear_error(
    scratch: Path, name: str, platform: str, edits: list[tuple[float, int, bytes]], cut: float | None
) -> None:
    good = (NOVABANK / name).read_bytes()
    data = good
    for where, removed, piece in edits:
        at = int(where * len(data))
        data = data[:at] + piece + data[at + removed :]
    if cut is not None:
        data = data[: int(cut * len(data))]
    (scratch / name).write_bytes(data)
    try:
        assert outcome(scratch, platform)
    finally:
        (scratch / name).write_bytes(good)


STRANGE = ["", "0", "[]", "{}", "[1, {}]", "null", "text", "{a: {b: [c]}}", "[[]]", "3.5", "true", "[null]"]


@settings(max_examples=60)
@given(
    name=st.sampled_from([name for name in FILES if name.endswith((".yaml", ".yml"))]),
    where=st.floats(0, 0.999),
    strange=st.sampled_from(STRANGE),
    platform=st.sampled_from(["eks", "ecs", "compose"]),
)
def test_wrong_types_give_a_result_or_one_clear_error(
    scratch: Path, name: str, where: float, strange: str, platform: str
) -> None:
    good = (NOVABANK / name).read_text(encoding="utf-8")
    lines = good.splitlines()
    keyed = [number for number, line in enumerate(lines) if ":" in line and not line.lstrip().startswith("#")]
    at = keyed[int(where * len(keyed))]
    indent = len(lines[at]) - len(lines[at].lstrip(" -"))
    rest = at + 1
    while rest < len(lines) and len(lines[rest]) - len(lines[rest].lstrip(" ")) > indent:
        rest += 1
    key = lines[at].split(":")[0]
    (scratch / name).write_text("\n".join([*lines[:at], f"{key}: {strange}", *lines[rest:]]))
    try:
        assert outcome(scratch, platform)
    finally:
        (scratch / name).write_text(good, encoding="utf-8")
