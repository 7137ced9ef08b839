"""A user's mistake: exit 2, one line `error: ...` on standard error, nothing on standard output, nothing written."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from novamodel.resources import data_dir, params_dir

NOVABANK = data_dir() / "novabank"
BASE = params_dir() / "novabank.yaml"
BOMB = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9) if i else 'x'}]\n" for i in range(9))


def tree(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


@pytest.fixture
def refused(call: Callable, tmp_path: Path) -> Callable[..., str]:
    """The error line of a command that must be refused; the whole test folder stays as it was."""

    def run(*words: object) -> str:
        before = tree(tmp_path)
        outcome = call(*words)
        assert outcome.out == ""
        assert outcome.err.startswith("error: ")
        assert outcome.err.endswith("\n")
        assert outcome.err.count("\n") == 1
        assert outcome.code == 2
        assert tree(tmp_path) == before
        return outcome.err

    return run


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["runn", "novabank"], "No such command 'runn'"),
        (["run"], "Missing argument 'TARGET' (see: novamodel run --help)"),
        (["run", "novabank", "more"], "unexpected extra argument"),
        (["run", "novabank", "--sed", "1"], "No such option: --sed (Possible options: --seed, --set)"),
        (["run", "novabank", "--seed"], "--seed"),
        (["run", "novabank", "--seed", "seven"], "'--seed'"),
        (["run", "novabank", "--seed", "1.5"], "'--seed'"),
        (["run", "novabank", "--seed", "-1"], "'--seed'"),
        (["run", "novabank", "--seed", str(2**63)], "less than or equal to 9223372036854775807"),
        (["run", "novabank", "--replications", "0"], "'--replications'"),
        (["run", "novabank", "--replications", "1001"], "'--replications'"),
        (["run", "novabank", "--engine", "fast"], "'fast' is not one of 'auto', 'simpy', 'compiled'"),
        (["run", "novabank", "--json=yes"], "--json"),
        (["run", "novabank", "--openmetrics", NOVABANK], "is a folder (valid: a file to write)"),
        (["run", "novabank", "--openmetrics", "/dev/null"], "/dev/null is no file (valid: a file to write)"),
        (["run", "novabank", "--openmetrics", BASE / "x"], "cannot be written: Not a directory"),
        (["run", "novabank", "--openmetrics", "x", "--openmetrics-start", "noon"], "valid: ISO 8601 with date, time"),
        (["run", "novabank", "--openmetrics", "x", "--openmetrics-start", "2026-11-24T00:00"], "and zone"),
        (["run", "novabank", "--openmetrics-start", "2026-11-24T00:00:00Z"], "valid: --openmetrics FILE beside it"),
        (["size", "novabank", "--demand", "1.5"], "'1.5' are no multiples of the load (valid: two numbers"),
        (["size", "novabank", "--demand", "a,2"], "'a,2' are no multiples of the load"),
        (["size", "novabank", "--set", "slo=[]"], "nothing to size for: the scenario has no slo"),
        (["import"], "Missing argument 'DIR'"),
        (["import", NOVABANK, "--platform", "gke"], "platform 'gke' is not known (valid: eks, ecs, compose)"),
        (["schema", "x"], "unexpected extra argument"),
    ],
)
def test_wrong_usage(refused: Callable, words: list[object], says: str) -> None:
    assert says in refused(*words)


@pytest.mark.parametrize("command", ["run", "check", "size", "bill", "report"])
@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("nowhere.yaml", "nowhere.yaml: no such file or folder"),
        ("novabnk", "did you mean novabank?"),
        ("", "TARGET is empty"),
        ("/dev/null", "is empty"),
    ],
)
def test_target_that_is_not_there(refused: Callable, command: str, target: str, says: str) -> None:
    assert says in refused(command, target)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("run.seed", "is not PATH=VALUE"),
        ("=3", "is not PATH=VALUE"),
        ("run.seed=", "has no value"),
        ("run.seed=[1", "not valid YAML"),
        ("title=" + "x" * 20_000, "longer than"),
        ("title=!!python/object:os.system x", "not valid YAML"),
        ("slo=" + "[" * 40 + "]" * 40, "nested deeper"),
        ("traffic.peek=5/s", "traffic.peak"),
        ("trafic.peak=5/s", "traffic.peak"),
        ("services.core-ap.replicas=5", "services.core-api.replicas"),
        ("slo.7=p99 < 1 s", "slo.7"),
        ("traffic.peak=5 MiB", "'5 MiB' is not a rate"),
        ("traffic.peak=5", "5 is not a rate"),
        ("traffic.peak=-5/s", "greater than or equal to 0"),
        ("traffic.peak=.nan", "not a finite number"),
        ("traffic.peak=nan/s", "is not a quantity"),
        ("traffic.peak=1e999/s", "not a finite number"),
        ("traffic.peak={a: 1}", "traffic.peak"),
        ("traffic.mix={balance: 50 %}", "not 100 %"),
        ("run.seed=abc", "run.seed"),
        ("run.duration=20", "20"),
        ("database.memory=5 s", "'s' is not a unit of size"),
        ("services.core-api.replicas=-1", "services.core-api.replicas"),
        ("services.core-api.autoscaler.min_replicas=12", "min_replicas 12 is above max_replicas 10"),
        ("services.core-api.resources.cpu_limit=100m", "cpu_limit 100m is below cpu_request 250m"),
        ("services.core-api.resources.memory_limit=1 MiB", "memory_limit is below memory_request"),
        ("slo.0=p42 < 1 s", "is not an objective"),
        ("slo.0=p99(nothere) < 1 s", "names 'nothere'"),
        ("traffic.peak=1e12/s", "less than or equal to 1000000 1/s"),
        ("run.duration=100 d", "less than or equal to 604800 s"),
        ("run.interval=1 ns", "greater than or equal to 0.1 s"),
        ("run={duration: 7 d, replications: 1000}", "requests; at most"),
        ("traffic.populations.customers.clients=99999999999", "less than or equal to 10000000"),
        ("edge.workers=1000000000", "less than or equal to 1024"),
        ("database.cores=1e9", "less than or equal to 1024 cores"),
        ("platform.core_speed=1e9", "less than or equal to 100"),
        ("pricing.hours_per_month=9999", "less than or equal to 744"),
        ("services.core-api.health.busy=1e6 s", "less than or equal to 3600 s"),
        ("services.core-api.autoscaler.max_replicas=1001", "less than or equal to 1000"),
        ("pricing.region=mars-1", "no price book for region 'mars-1'"),
        ("services.core-api.routes.balance=[{call: admin.report}]", "balance.0.call: 'admin.report' is no route of a"),
        ("services.core-api.routes.balance=[{publish: mails}]", "balance.0.publish: 'mails' is no queue"),
        ("services.core-api.routes.balance=[{call: balance}]", "balance: calls itself without an exit"),
        ("services.core-api.routes.balance=[{wait: -1 ms}]", "balance.0.wait: '-1 ms' is not a demand"),
        ("services.core-api.routes.balance=[{wait: {busy: -1 ms}}]", "0.wait.busy: Input should be greater than or"),
        ("externals={bank: {}}", "externals.bank.latency: 'latency' is needed and nothing says it"),
        ("traffic.users=50", "traffic.users: users is for loop: closed; this source is open (valid: loop: closed"),
        ("traffic.also={office: {loop: closed}}", "traffic.also.office.mix: 'mix' is needed"),
        ("traffic.caller.breaker={failures: 3, failure_share: 50 %}", "say one of them"),
        ("databases.main.cpus=3", "does not exist"),
    ],
)
def test_impossible_change(refused: Callable, change: str, says: str) -> None:
    assert says in refused("run", "novabank", "--set", change)


def test_unknown_region_is_refused_by_every_command(refused: Callable) -> None:
    for command in ("run", "check", "size", "bill", "report"):
        assert "pricing.region: no price book" in refused(command, "novabank", "--set", "pricing.region=mars-1")


def test_impossible_fargate_size(refused: Callable) -> None:
    sizes = ["services.core-api.resources.cpu_limit=500m", "services.core-api.resources.memory_limit=8 GiB"]
    line = refused("bill", "novabank-ecs", "--set", sizes[0], "--set", sizes[1])
    assert "Fargate has no task of 0.5 vCPU / 8 GiB" in line


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"extends: {BASE}\ntrafic: {{peak: 1/s}}\n", "scenario.yaml:2: trafic: unknown key 'trafic'"),
        (f"extends: {BASE}\ntraffic:\n  peek: 1/s\n", "scenario.yaml:3: traffic.peek: unknown key 'peek'"),
        (f"extends: {BASE}\ntraffic: {{peak: 5 MiB}}\n", "scenario.yaml:2: traffic.peak: '5 MiB' is not a rate"),
        (f"extends: {BASE}\ntraffic: {{peak: -1/s}}\n", "scenario.yaml:2: traffic.peak"),
        (f"extends: {BASE}\ntraffic: {{peak: .nan}}\n", "scenario.yaml:2: traffic.peak"),
        (f"extends: {BASE}\nimported: ''\n", "scenario.yaml:2: imported must name a file or folder"),
        ("extends: nowhere.yaml\n", "scenario.yaml:1: extends names nowhere.yaml"),
        ("imported: nowhere\n", "scenario.yaml:1: imported names nowhere"),
        ("extends: scenario.yaml\n", "is there a circle?"),
        ("name: a\nname: b\n", "scenario.yaml:2: not valid YAML: found duplicate key"),
        ("a: [1\n", "scenario.yaml:2: not valid YAML"),
        ("a:\n\tb: 1\n", "not valid YAML"),
        ("- 1\n", "a mapping of keys to values is needed"),
        ("", "is empty"),
        ("# nothing\n", "is empty"),
        ("--- 1\n--- 2\n", "2 YAML documents"),
        (BOMB, "aliases make more than"),
        (b"\x00\xff\x01", "not UTF-8 text"),
        (b"name: \x00\n", "not text"),
        ("a: " + "[" * 200 + "]" * 200, "scenario.yaml"),
        ("name: x\n", "is needed and nothing says it"),
    ],
)
def test_broken_scenario_file(refused: Callable, tmp_path: Path, text: str | bytes, says: str) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert says in refused("run", file)


def test_circle_of_two_files(refused: Callable, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("extends: b.yaml\n")
    (tmp_path / "b.yaml").write_text("extends: a.yaml\n")
    assert "is there a circle?" in refused("check", tmp_path / "a.yaml")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("nginx/nginx.conf", b"events {}\nhttp {\n  server {\n", "nginx.conf:3: nginx/nginx.conf cannot be read"),
        (
            "terraform/rds.tf",
            b'resource "a" "b" {\n  x = 1\n  y =\n}\n',
            "rds.tf:3: Terraform file: not valid Terraform",
        ),
        ("k8s/hpa.yaml", b"kind: [1\nb: 2\n", "hpa.yaml:2: k8s/hpa.yaml cannot be read: not valid YAML"),
        ("docker-compose.prod.yml", b"\x80\x81", "not UTF-8 text"),
    ],
)
def test_a_broken_file_of_a_folder_is_named_and_the_rest_goes_on(
    call: Callable, tmp_path: Path, name: str, text: bytes, says: str
) -> None:
    folder = tmp_path / "bank"
    shutil.copytree(NOVABANK, folder)
    (folder / name).write_bytes(text)
    outcome = call("import", folder)
    assert outcome.code == 0
    assert says in outcome.err


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("k8s/hpa.yaml", "minReplicas: 3", "minReplicas: 12", "min_replicas 12 is above max_replicas 10"),
        ("k8s/core-api-deployment.yaml", 'cpu: "500m"', 'cpu: "100m"', "cpu_limit 100m is below cpu_request 250m"),
    ],
)
def test_an_impossible_value_of_a_folder_is_a_finding(
    call: Callable, tmp_path: Path, name: str, old: str, new: str, says: str
) -> None:
    folder = tmp_path / "bank"
    shutil.copytree(NOVABANK, folder)
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    outcome = call("import", folder)
    assert outcome.code == 0
    (line,) = [line for line in outcome.err.splitlines() if says in line]
    assert f"{name}:" in line


@pytest.mark.parametrize("command", ["import", "run", "report"])
def test_folder_without_a_known_file(refused: Callable, tmp_path: Path, command: str) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "notes.txt").write_text("hello")
    assert "no configuration file that is known" in refused(command, folder)


def test_import_of_a_missing_folder(refused: Callable) -> None:
    assert "nowhere: no such folder (valid: a folder that holds at least one of: nginx" in refused("import", "nowhere")
    assert "novabank: no such folder (valid: a folder that holds at least one of:" in refused("import", "novabank")


@pytest.mark.parametrize("below", ["", "/x", "/x/y"])
def test_report_into_a_file(refused: Callable, tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("mine")
    assert "file" in refused("report", "novabank", "--out", f"{tmp_path}/file{below}")


def test_report_over_a_folder_named_like_its_file(refused: Callable, tmp_path: Path) -> None:
    (tmp_path / "out" / "report.html").mkdir(parents=True)
    assert "report.html is a folder where a file belongs" in refused("report", "novabank", "--out", tmp_path / "out")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder that even root cannot write to")
def test_report_into_a_folder_that_is_not_writable(refused: Callable) -> None:
    for folder in ("/proc", "/proc/novamodel"):
        assert f"{folder} cannot be written" in refused("report", "novabank", "--out", folder)


def test_import_never_replaces_a_file_unasked(refused: Callable, call: Callable, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\n")
    assert "exists already" in refused("import", NOVABANK, "-o", file)
    assert call("import", NOVABANK, "-o", file, "--force").code == 0
    assert "name: novabank" in file.read_text(encoding="utf-8")


def test_import_into_a_place_that_is_not_there(refused: Callable, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert "cannot be written" in refused("import", NOVABANK, "-o", tmp_path / "file" / "x.yaml")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder that even root cannot write to")
@pytest.mark.parametrize("place", ["/proc/run.prom", "/proc/none/run.prom"])
def test_a_place_that_is_not_writable_is_refused_before_the_run(
    refused: Callable, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr("novamodel.simulation.simulate", lambda *_, **__: pytest.fail("simulated"))
    assert f"{place} cannot be written" in refused("run", "novabank", "--openmetrics", place)
    assert f"{place} cannot be written" in refused("import", NOVABANK, "-o", place)


def test_terminal_codes_in_a_name_do_not_reach_the_terminal(refused: Callable) -> None:
    text = refused("run", "\x1b[31mred\nline")
    assert "\x1b" not in text
    assert "?[31mred line" in text
