"""pyproject.toml, environment.yml and requirements.lock name the same packages in the same ranges."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ENVIRONMENT = YAML(typ="safe").load((ROOT / "environment.yml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")

# conda-forge's name -> the name in pyproject.toml, where they differ.
CONDA_NAMES = {"python-build": "build"}


def declared() -> dict[str, SpecifierSet]:
    """Every package of pyproject.toml, run time, extras and tests, with its range."""
    project = PYPROJECT["project"]
    lines = [*project["dependencies"], *(line for group in project["optional-dependencies"].values() for line in group)]
    requirements = [Requirement(line) for line in lines]
    assert len({canonicalize_name(r.name) for r in requirements}) == len(lines), "a package is named twice"
    return {canonicalize_name(r.name): r.specifier for r in requirements}


def conda_lines() -> list[str]:
    return [line for line in ENVIRONMENT["dependencies"] if isinstance(line, str)]


def pip_lines() -> list[str]:
    (section,) = [entry["pip"] for entry in ENVIRONMENT["dependencies"] if isinstance(entry, dict)]
    return list(section)


def environment() -> dict[str, SpecifierSet]:
    """Every package of environment.yml under pyproject.toml's name, with its range."""
    found = {}
    for line in conda_lines():
        name, _, spec = line.partition(" ")
        found[canonicalize_name(CONDA_NAMES.get(name, name))] = SpecifierSet(spec)
    for line in pip_lines():
        if not line.startswith("-e"):
            requirement = Requirement(line)
            found[canonicalize_name(requirement.name)] = requirement.specifier
    return found


def locked() -> list[Requirement]:
    return [Requirement(line) for line in LOCK.splitlines() if line.strip() and not line.startswith("#")]


def test_environment_has_the_names_and_ranges_of_pyproject():
    found = environment()
    python, pip = found.pop("python"), found.pop("pip")
    assert found == declared()
    assert str(pip), "pip needs a range too"
    lowest = PYPROJECT["project"]["requires-python"]
    assert lowest in str(python).split(","), "the lowest Python is not the one of pyproject.toml"
    versions = re.findall(r"Python :: (\d\.\d+)", "\n".join(PYPROJECT["project"]["classifiers"]))
    assert versions
    assert all(python.contains(version) for version in versions)


def test_environment_installs_the_project_itself_last():
    assert pip_lines()[-1] == "-e ."


def test_lock_pins_every_package_once_a_python_and_inside_its_range():
    pins = locked()
    for pin in pins:
        assert [s.operator for s in pin.specifier] == ["=="], f"{pin} is not pinned"
    for name, specifier in declared().items():
        versions = [next(iter(pin.specifier)).version for pin in pins if canonicalize_name(pin.name) == name]
        assert versions, f"{name} is missing from requirements.lock: run make lock"
        for version in versions:
            assert specifier.contains(version), f"{name} is locked at {version}, outside {specifier}"


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0", "3.13.0"])
def test_lock_has_one_version_of_each_package_for_a_python(python: str):
    place = {"python_full_version": python, "python_version": python.rpartition(".")[0]}
    names = [canonicalize_name(p.name) for p in locked() if p.marker is None or p.marker.evaluate({**place})]
    assert len(names) == len(set(names))
    assert set(declared()) <= set(names)


@pytest.mark.parametrize("file", ["pyproject.toml", "environment.yml", "requirements.lock"])
def test_no_address_in_a_dependency_file(file: str):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"(?m)^\s*--?(i|index-url|extra-index-url|find-links)\b", text)


def test_every_range_says_why():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    ranges = [line for line in text.splitlines() if re.match(r'    "[a-z0-9.-]+[><=]', line)]
    assert len(ranges) == len(declared())
    assert [line for line in ranges if not re.search(r'",\s+# \w+', line)] == []


@pytest.mark.parametrize("line", conda_lines())
def test_conda_reads_the_line(line: str):
    rattler = pytest.importorskip("rattler")
    spec = rattler.MatchSpec(line, strict=True)
    assert spec.name.normalized == line.split()[0]
    assert spec.version is not None


def test_every_library_that_the_code_imports_is_declared():
    project = PYPROJECT["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["dask"]]
    runtime = {canonicalize_name(Requirement(line).name) for line in lines}
    providers = packages_distributions()
    undeclared = set()
    for file in (ROOT / "novamodel").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                modules = [node.module or ""]
            else:
                continue
            for top in {module.partition(".")[0] for module in modules}:
                if top in sys.stdlib_module_names or top == "novamodel":
                    continue
                names = {canonicalize_name(name) for name in providers.get(top, [top])}
                if names.isdisjoint(runtime):
                    undeclared.add(f"{file.relative_to(ROOT)} imports {top}")
    assert undeclared == set()
