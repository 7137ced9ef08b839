"""A mistake in a sweep file is told with file, line and what would be valid, before anything runs."""

from pathlib import Path

import pytest

from novamodel.batch import planned
from novamodel.errors import UserError

SWEEPS = Path(__file__).parents[2] / "params" / "sweeps"
START = """name: x
scenario: novabank
fixed: {run.duration: 10 s}
"""


def refused(folder: Path, text: str) -> str:
    file = folder / "sweep.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as found:
        planned(file)
    return str(found.value).removeprefix(f"{file}:")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("vary:\n  services.core-api.replica: [1, 2]\n", 5, ["does not exist", "nearest: services.core-api.replicas"]),
        ("vary:\n  traffic.peak: [300, 600 requests/s]\n", 5, ["300 is not a rate", "'450 requests/s'"]),
        ("vary:\n  traffic.peak:\n    - 300 requests/s\n    - 1e-3 req\n", 7, ["1e-3 req"]),
        ("vary:\n  services.core-api.pool.max: [2, 1e1]\n", 5, ["pool.max", "integer"]),
        ('vary:\n  services.core-api.pool.max: [5, "1e-3"]\n', 5, ["pool.max", "1e-3"]),
        ("vary:\n  services.core-api.pool.max: [5, -1]\n", 5, ["greater than or equal to 1"]),
        ("vary:\n  services.core-api.pool.max: []\n", 5, ["the axis is empty"]),
        ("vary:\n  services.core-api.pool.max: [5, 5]\n", 5, ["twice"]),
        ("vary:\n  database.cores: [1, 2]\n  database.cores: [1, 2]\n", 6, ["duplicate key"]),
        ("vary:\n  run.duration: [5 s, 6 s]\n", 5, ["run.duration is set twice"]),
        ("vary:\n  database.pgbouncer.default_pool_size: [5]\n  database.pgbouncer: [null]\n", 6, ["part of the same"]),
        ("vary:\n  run.seed: [1, 2]\n", 5, ["seeds: [...]"]),
        ("vary:\n  traffic.peak: {from: 1/s, to: 2/s}\n", 5, ["needs steps"]),
        ("vary:\n  traffic.peak: {from: 300/s, to: 2e9/s, steps: 3}\n", 5, ["less than or equal to 1000000"]),
        ("varry:\n  database.cores: [1, 2]\n", 4, ["unknown key 'varry'", "did you mean 'vary'"]),
        ("vary: {database.cores: [1, 2]}\ndesign: gird\n", 5, ["grid"]),
        ("vary: {database.cores: [1, 2]}\nrecord: {metrics: [p99, p98]}\n", 5, ["no metric", "did you mean p9"]),
        ("vary: {database.cores: [1, 2]}\nrecord:\n  metrics:\n  - p99(logn)\n", 7, ["p99(login)"]),
        ("vary: {database.cores: [1, 2]}\nsamples: 8\n", 5, ["design grid has no samples"]),
        ("vary: {database.cores: {from: 1, to: 4}}\ndesign: sobol\nsamples: 10\n", 6, ["power of two", "8 or 16"]),
        ("vary: {database.cores: [1, 2]}\nseeds: [1, 1]\n", 5, ["a seed twice"]),
        ("design: list\ncases:\n  - {database.cores: 2}\n  - {database.coers: 3}\n", 7, ["nearest: database.cores"]),
        ("design: list\n", 1, ["has no cases"]),
        ("vary: {pricing.region: [us-east-1, mars-1]}\n", 4, ["no price book for region 'mars-1'"]),
        (
            "vary: {database.cores: [1, 2]}\nnotebooks:\n  notebook: 00_report\n  parameters:\n    quik: true\n",
            8,
            ["no parameter 'quik'", "did you mean quick"],
        ),
        (
            "vary: {database.cores: [1, 2]}\nnotebooks:\n  notebook: 00_report\n  parameters: {quick: 1}\n",
            7,
            ["1 is a int; the notebook wants bool"],
        ),
        ("vary: {database.cores: [1, 2]}\nnotebooks: {notebook: 00_reprot}\n", 5, ["did you mean 00_report"]),
        ("vary: {database.cores: [1, 2]}\nnotebooks: {notebook: 00_report, cases: [2]}\n", 5, ["there is no case 2"]),
    ],
)
def test_refused_with_line_and_hint(tmp_path: Path, text: str, line: int, words: list[str]):
    message = refused(tmp_path, START + text)
    for word in words:
        assert word in message
    if line > 1:
        assert message.startswith(f"{line}:")


def test_a_wrong_scenario_or_fixed_value_has_its_line(tmp_path: Path):
    text = "name: x\nscenario: novabnak\nvary: {database.cores: [1, 2]}\n"
    assert refused(tmp_path, text).startswith("2: scenario: novabnak")
    text = "name: x\nscenario: novabank\nfixed:\n  run.duration: 10\nvary: {database.cores: [1, 2]}\n"
    message = refused(tmp_path, text)
    assert message.startswith("4: fixed.run.duration")
    assert "no unit" in message


def test_values_that_hold_only_together_are_accepted_and_that_do_not_are_refused(tmp_path: Path):
    """Fargate sells 0.5 vCPU with 1 to 4 GB and 2 vCPU with 4 to 16 GB."""
    both = "name: x\nscenario: novabank-ecs\ndesign: list\ncases:\n"
    part = "services.core-api.resources"
    good = both + f"  - {{{part}.cpu_limit: 2, {part}.memory_limit: 4 GiB}}\n"
    file = tmp_path / "good.yaml"
    file.write_text(good, encoding="utf-8")
    assert len(planned(file).plan) == 1
    grid = (
        f"name: x\nscenario: novabank-ecs\nvary:\n  {part}.cpu_limit: [0.5, 2]\n  {part}.memory_limit: [1 GiB, 4 GiB]\n"
    )
    message = refused(tmp_path, grid)
    assert "variant" in message
    assert "4 to 16 GB" in message or "memory" in message
    assert message.startswith("3: vary")


def test_a_mapping_is_a_sweep_too():
    ready = planned(
        {"name": "x", "scenario": "novabank", "vary": {"traffic.peak": ["60 /s", "70 /s"]}, "seeds": [1, 2]}
    )
    assert [(case.overrides["traffic.peak"], case.seed) for case in ready.plan] == [
        ("60 /s", 1), ("60 /s", 2), ("70 /s", 1), ("70 /s", 2)
    ]  # fmt: skip
    assert ready.plan.basis.columns[0] == ("traffic.peak", "float", "1/s")
    with pytest.raises(UserError, match="YAML would not"):
        planned({"name": "x", "scenario": "novabank", "vary": {"traffic.peak": [object()]}})


@pytest.mark.parametrize("name", ["pools", "unknowns"])
def test_bundled_sweeps_are_valid(name: str):
    assert len(planned(name).plan) == {"pools": 48, "unknowns": 48}[name]


@pytest.mark.parametrize("file", sorted(SWEEPS.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_bundled_sweeps_are_valid(file: Path):
    assert len(planned(file).plan) > 1


def test_a_part_that_the_scenario_lacks_may_be_varied(tmp_path: Path):
    file = tmp_path / "sweep.yaml"
    file.write_text(START + "vary:\n  database.read_replicas.count: [1, 2, 3]\n", encoding="utf-8")
    assert len(planned(file).plan) == 3
    wrong = refused(tmp_path, START + "vary:\n  database.read_replicas.counts: [1, 2]\n")
    assert "nearest: database.read_replicas.count" in wrong
