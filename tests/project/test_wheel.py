"""The built wheel works on its own: installed into an empty environment, started from an empty folder."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUNDLE = "novamodel/_bundle"
ANSWER_KEYS = {
    "slo",
    "first_limit",
    "load_multiple_at_breach",
    "size",
    "cost",
    "findings",
    "digest",
    "prices_date",
}


def run(*command: str | Path, cwd: Path, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
    """Run a command without anything of this checkout on its path; fail with its output where it fails."""
    clean = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, f"{command} gave {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without network by the hatchling of this environment."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bin` of a fresh environment that holds the wheel; its dependencies are borrowed from this one.

    The borrowed folder comes after the environment's own on the path and its `.pth` files are not read, so
    the editable checkout is not seen.
    """
    home = tmp_path_factory.mktemp("installed") / "env"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", wheel, cwd=home)
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).stdout.strip())
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "borrowed.pth").write_text("\n".join(sorted(borrowed)), encoding="utf-8")
    return home / "bin"


@pytest.mark.parametrize("folder", ["data", "params", "notebooks"])
def test_wheel_holds_every_file_of_the_folder(wheel: Path, folder: str):
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith(f"{BUNDLE}/{folder}/")}
    tracked = run("git", "ls-files", "-z", folder, cwd=ROOT).stdout.split("\0")
    missing = {name for name in tracked if name and (ROOT / name).is_file() and f"{BUNDLE}/{name}" not in inside}
    assert inside
    assert missing == set()


def test_wheel_holds_the_package_and_no_tests(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    assert "novamodel/py.typed" in names
    assert any(name.endswith("entry_points.txt") for name in names)
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"novamodel"}


def test_installed_package_finds_its_bundle_and_not_the_checkout(installed: Path, tmp_path: Path):
    code = "import novamodel, novamodel.resources as r; print(novamodel.__file__, r.data_dir(), r.params_dir())"
    places = run(installed / "python", "-c", code, cwd=tmp_path).stdout.split()
    assert all(Path(place).is_relative_to(installed.parent) for place in places)
    assert all(Path(place).exists() for place in places)


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / "novamodel" / "cli").is_dir(), reason="the command line is not built yet")
def test_installed_report_runs_from_an_empty_folder(installed: Path, tmp_path: Path):
    code = "from novamodel.resources import params_dir; print(params_dir() / 'novabank.yaml')"
    scenario = run(installed / "python", "-c", code, cwd=tmp_path).stdout.strip()
    out = tmp_path / "out"
    done = run(
        installed / "novamodel",
        "report",
        scenario,
        "--out",
        out,
        "--quick",
        cwd=tmp_path,
    )
    written = {file.name for file in out.iterdir()}
    assert {"notebook.ipynb", "report.html", "bill.csv", "answer.json"} <= written
    assert set(json.loads((out / "answer.json").read_text(encoding="utf-8"))) >= ANSWER_KEYS
    assert "SLO" in done.stdout
    assert [file.name for file in tmp_path.iterdir()] == ["out"], "the report left files beside its folder"
