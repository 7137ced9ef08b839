"""Compiled code on disk: never stale, never in the way, and not needed.

Most of it is tried on a small entry (a queue behind the CPU gate), whose rules live in other files than itself, as
the compiled engine's do; NOVAMODEL_SLOW_TESTS=1 tries two cold starts of the whole engine as well.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import novamodel
from novamodel.components import kernel_cache
from novamodel.simulation import simulate
from novamodel.verify import cpu as cpu_cases

PACKAGE = Path(novamodel.__file__).parent
QUEUE = {
    "arrival_rate_per_s": 50,
    "cpu_ms_mean": 5,
    "service_distribution": "exponential",
    "quota_ms": 50,
    "period_ms": 100,
}
SMALL = f"""
from novamodel.verify import cpu as cpu_cases
print(repr(cpu_cases.answer("open_poisson", dict({QUEUE}, jobs=400))["mean_ms"]))
stats = getattr(cpu_cases._serve, "stats", None)
print("loaded" if stats and sum(stats.cache_hits.values()) else "compiled")
"""


def start(code, package_parent, **environment):
    """A process of its own that imports novamodel from a folder."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("XDG", "NUMBA"))}
    variables |= {"PYTHONPATH": str(package_parent), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=variables,
        cwd=package_parent,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def printed(process):
    """The words it printed; it must have ended well."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out.split()


@pytest.fixture
def copied(tmp_path):
    """A copy of the package, and of the one data file that importing it opens."""
    data = tmp_path / "install" / "data"
    data.mkdir(parents=True)
    shutil.copy(PACKAGE.parent / "data" / "machines.json", data)
    home = tmp_path / "install" / "novamodel"
    shutil.copytree(PACKAGE, home, ignore=shutil.ignore_patterns("__pycache__"))
    return home


def test_changed_rule_is_never_served_from_a_stale_cache(copied, tmp_path):
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    first, how = printed(start(SMALL, copied.parent, **cache))
    assert how == "compiled"
    assert printed(start(SMALL, copied.parent, **cache)) == [first, "loaded"]
    rules = copied / "components" / "cpu" / "cpu_gate.py"
    text = rules.read_text(encoding="utf-8")
    assert text.count("            return at + work\n") == 1
    rules.write_text(
        text.replace("            return at + work\n", "            return at + 3.0 * work\n"), encoding="utf-8"
    )
    changed, how = printed(start(SMALL, copied.parent, **cache))
    assert how == "compiled"
    assert float(changed) > 1.5 * float(first)


def test_two_cold_processes_at_once(copied, tmp_path):
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    one, other = start(SMALL, copied.parent, **cache), start(SMALL, copied.parent, **cache)
    assert printed(one)[0] == printed(other)[0]
    assert printed(start(SMALL, copied.parent, **cache))[1] == "loaded"


NOWHERE = {"XDG_CACHE_HOME": "/dev/null/cache", "HOME": "/dev/null"}


def test_read_only_install_and_no_folder_to_write_to(copied):
    installed = sorted(copied.rglob("*"))
    for path in installed:
        path.chmod(0o555 if path.is_dir() else 0o444)
    expected = cpu_cases.answer("open_poisson", {**QUEUE, "jobs": 400})["mean_ms"]
    try:
        assert printed(start(SMALL, copied.parent, **NOWHERE)) == [repr(expected), "compiled"]
        assert sorted(copied.rglob("*")) == installed  # root may write everywhere: nothing was
    finally:
        for path in installed:
            path.chmod(0o755)


def test_old_versions_are_removed_and_others_left_alone(tmp_path):
    kernels = tmp_path / "kernels"
    for age in range(6):
        folder = kernels / f"version{age}"
        folder.mkdir(parents=True)
        os.utime(folder, (1e9 - age, 1e9 - age))
    kernel_cache._prune(kernels / "version5")
    left = {folder.name for folder in kernels.iterdir()}
    assert left == {"version0", "version1", "version2", "version5"}


WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = None
import importlib.util
spec = importlib.util.spec_from_file_location("conftest", sys.argv[1])
conftest = importlib.util.module_from_spec(spec)
from hypothesis import settings
settings.register_profile("novamodel")
spec.loader.exec_module(conftest)
from novamodel.errors import UserError
from novamodel.simulation import simulate
scenario = conftest.plain_scenario({"run": {"duration": "3 s"}})
result = simulate(scenario)
print(result.engine, result.digest)
try:
    simulate(scenario, engine="compiled")
except UserError as problem:
    print("numba" in str(problem))
"""


def test_without_numba_the_reference_answers(plain):
    expected = simulate(plain({"run": {"duration": "3 s"}}), engine="compiled").digest
    code = WITHOUT_NUMBA.replace("sys.argv[1]", repr(str(Path(__file__).parent / "conftest.py")))
    assert printed(start(code, PACKAGE.parent)) == ["simpy", expected, "True"]


WHOLE = """
from pathlib import Path
from novamodel.loading import importer
from novamodel.scenario.load import load_scenario
from novamodel.simulation import simulate
scenario = load_scenario(Path("params/novabank.yaml"), importer)
print(simulate(scenario.override({"run.duration": "5 s", "run.replications": 1}), engine="compiled").digest)
"""


@pytest.mark.skipif(not os.environ.get("NOVAMODEL_SLOW_TESTS"), reason="compiles the whole engine twice")
def test_two_cold_starts_of_the_whole_engine(tmp_path):
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    one, other = start(WHOLE, PACKAGE.parent, **cache), start(WHOLE, PACKAGE.parent, **cache)
    assert printed(one) == printed(other)


@pytest.mark.skipif(not os.environ.get("NOVAMODEL_SLOW_TESTS"), reason="compiles the whole engine")
def test_whole_engine_without_a_folder_to_write_to():
    expected = printed(start(WHOLE.replace('"compiled"', '"simpy"'), PACKAGE.parent))
    assert printed(start(WHOLE, PACKAGE.parent, **NOWHERE)) == expected
