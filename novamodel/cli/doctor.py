"""`novamodel doctor`: does this installation work?"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from novamodel.cli.options import Json

Level = Literal["ok", "warn", "FAIL"]
ESSENTIAL = (
    "numpy",
    "pandas",
    "scipy",
    "simpy",
    "pydantic",
    "ruamel.yaml",
    "plotly",
    "papermill",
    "ipykernel",
    "nbconvert",
)
OPTIONAL = ("numba", "jupyterlab", "ipywidgets")
TINY = {"run.duration": "5 s", "run.warm_up": "0 s", "run.replications": 1, "run.seed": 1}
"""A run short enough for a check."""


class Check(NamedTuple):
    """One thing that was looked at; `where` is a path of this machine, which JSON leaves out."""

    name: str
    level: Level
    detail: str
    where: str = ""


def doctor(json: Json = False) -> int:
    """Check versions, the compiled engine and its cache, the notebook kernel, and where files may be written.

    Exit 0 when everything essential works, 1 when something is broken.

    \b
    Examples:
      novamodel doctor
      novamodel doctor --json
    """
    from novamodel.cli.output import say, say_json
    from novamodel.cli.progress import progress

    with progress("checking") as tell:
        found = []
        for number, part in enumerate(PARTS):
            tell(number / len(PARTS), f"checking {part.__name__.strip('_')}")
            found += _safely(part)
    broken = [check.name for check in found if check.level == "FAIL"]
    if json:
        rows = [{"name": check.name, "level": check.level.lower(), "detail": check.detail} for check in found]
        say_json({"ok": not broken, "checks": rows})
    else:
        width = max(len(check.name) for check in found)
        for check in found:
            place = f" ({check.where})" if check.where else ""
            say(f"{check.level:<4}  {check.name:<{width}}  {check.detail}{place}")
        say(f"broken: {', '.join(broken)}" if broken else "all that is essential works")
    return 1 if broken else 0


def _safely(part: Callable[[], Iterator[Check]]) -> list[Check]:
    """The checks of one part; what stops it is a broken check."""
    found: list[Check] = []
    try:
        for check in part():
            found.append(check)
    except Exception as problem:
        text = " ".join(f"{type(problem).__name__}: {problem}".split())
        found.append(Check(part.__name__.strip("_"), "FAIL", text[:300]))
    return found


def _versions() -> Iterator[Check]:
    from importlib.metadata import PackageNotFoundError, version

    from novamodel import __version__

    yield Check("novamodel", "ok", __version__, str(Path(__file__).parents[1]))
    enough = sys.version_info >= (3, 11)
    detail = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Check(
        "python", "ok" if enough else "FAIL", detail if enough else f"{detail}: 3.11 or newer is needed", sys.executable
    )
    for name in (*ESSENTIAL, *OPTIONAL):
        try:
            yield Check(name, "ok", version(name))
        except PackageNotFoundError:
            yield Check(name, "FAIL" if name in ESSENTIAL else "warn", "not installed")


def _data() -> Iterator[Check]:
    """The files that travel with the package."""
    from novamodel.loading import load
    from novamodel.resources import data_dir, notebooks_dir, params_dir

    for folder in (data_dir(), params_dir(), notebooks_dir()):
        there = folder.is_dir() and any(folder.iterdir())
        yield Check(f"{folder.name}/", "ok" if there else "FAIL", "found" if there else "missing", str(folder))
    scenario = load("novabank")
    yield Check("scenario", "ok", f"novabank reads, {len(scenario.findings)} findings in its files")


def _engines() -> Iterator[Check]:
    """Both engines on a few seconds of NovaBank: they must give the same requests."""
    from novamodel.loading import load
    from novamodel.simulation import simulate

    scenario = load("novabank").override(TINY)
    reference = simulate(scenario, engine="simpy")
    yield Check("engine simpy", "ok", f"digest {reference.digest[:12]}")
    try:
        import numba
    except ImportError:
        yield Check("engine compiled", "warn", "numba is not installed: runs take the slower simpy engine")
        return
    told: list[str] = []
    compiled = simulate(scenario, engine="compiled", progress=lambda share, text: told.append(text))
    same = compiled.digest == reference.digest
    detail = "same requests as simpy" if same else f"digest {compiled.digest[:12]} differs from simpy's"
    yield Check("engine compiled", "ok" if same else "FAIL", f"numba {numba.__version__}, {detail}")
    fresh = any("compiling" in text for text in told)
    yield Check("compiled code", "ok", "was compiled just now" if fresh else "was kept from an earlier run")


def _folders() -> Iterator[Check]:
    """Where files are written: compiled code, temporary files, reports."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    places = [
        ("cache", cache, "compiled code is kept here", "each run compiles anew (10 to 15 s)", "warn"),
        ("temporary files", Path(tempfile.gettempdir()), "writable", "not writable: notebooks cannot run", "FAIL"),
        ("current folder", Path(), "writable: reports go to reports/ below it", "not writable: give --out", "warn"),
    ]
    for name, folder, good, bad, level in places:
        works = _writable(folder)
        yield Check(name, "ok" if works else level, good if works else bad, str(folder.absolute()))  # type: ignore[arg-type]


def _writable(folder: Path) -> bool:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _notebooks() -> Iterator[Check]:
    """A cell executed in the kernel that reports run in: it must be this Python's."""
    import nbformat.v4 as nb
    from jupyter_client.kernelspec import KernelSpecManager
    from papermill.engines import papermill_engines

    spec = KernelSpecManager().get_kernel_spec("python3")
    yield Check("kernel python3", "ok", spec.display_name, spec.resource_dir)
    papermill_engines.get_engine(None)
    from nbclient import NotebookClient

    code = "import sys, novamodel\nprint(sys.prefix, novamodel.__version__, sep='\\n')"
    notebook = nb.new_notebook(cells=[nb.new_code_cell(code)])
    quiet = ["--IPKernelApp.log_level=40"]
    NotebookClient(notebook, timeout=60, kernel_name="python3", extra_arguments=quiet).execute()
    prefix, version = notebook.cells[0].outputs[0]["text"].split("\n")[:2]
    if Path(prefix).resolve() != Path(sys.prefix).resolve():
        fix = f"run {sys.executable} -m ipykernel install --sys-prefix"
        yield Check("kernel", "warn", f"another Python with novamodel {version} runs the notebooks: {fix}", prefix)
    else:
        yield Check("kernel", "ok", "executes cells in this Python")


PARTS: tuple[Callable[[], Iterator[Check]], ...] = (_versions, _data, _engines, _folders, _notebooks)
