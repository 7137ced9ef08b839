"""The installed command in a process of its own: streams, pipes, signals, speed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from novamodel.cli.progress import progress

START = "import sys; from novamodel.cli import main; sys.exit(main())"
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "CI"}


def novamodel(*words: str, cwd: Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-c", START, *words],
        cwd=cwd,
        env=ENVIRONMENT,
        text=True,
        timeout=120,
        check=False,
        **({"capture_output": True} | options),
    )


def test_help_needs_none_of_the_heavy_libraries(tmp_path: Path) -> None:
    code = (
        "import sys; from novamodel.cli import main; code = main(['run', '--help'])\n"
        "print([name for name in ('numpy', 'pandas', 'numba', 'simpy', 'plotly', 'papermill', 'rich.console')"
        " if name in sys.modules], file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert done.stdout.startswith("Usage: novamodel run")


def test_importing_the_command_line_imports_no_library(tmp_path: Path) -> None:
    code = "import sys, novamodel.cli; print([n for n in ('typer', 'click', 'rich', 'pydantic') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_mistake_is_one_line(tmp_path: Path) -> None:
    done = novamodel("run", "novabank", "--set", "traffic.peek=1/s", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: override path 'traffic.peek' does not exist (valid: nearest: traffic.peak")
    assert done.stderr.count("\n") == 1


def test_json_alone_on_stdout_from_worker_processes(tmp_path: Path) -> None:
    window = ("--set", "run.duration=5 s", "--set", "run.warm_up=1 s")
    words = ("run", "novabank", *window, "--replications", "2", "--engine", "simpy", "--json")
    first, second = (novamodel(*words, cwd=tmp_path) for _ in range(2))
    assert first.returncode == 0
    assert json.loads(first.stdout)["replications"] == 2
    assert first.stdout == second.stdout
    assert list(tmp_path.iterdir()) == []


def test_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        done = novamodel("schema", cwd=tmp_path, capture_output=False, stdout=closed, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_full_disk_is_said_in_one_line(tmp_path: Path) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = novamodel("schema", cwd=tmp_path, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (2, "error: No space left on device\n")


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_ends_it_at_once_with_one_line(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """With worker processes busy; as a terminal does, Ctrl-C goes to the whole group."""
    words = ("run", "novabank", "--engine", "simpy", "--set", "run.duration=10 h", "--replications", "2")
    process = subprocess.Popen(
        [sys.executable, "-c", START, *words],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stderr is not None
        assert process.stderr.readline().startswith(("simulating", "compiling"))  # named once it has lasted a second
        if number == signal.SIGINT:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        started = time.monotonic()
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert time.monotonic() - started < 20
    assert process.returncode == code
    assert out == ""
    assert [line for line in err.splitlines() if not line.startswith("simulating")] == [
        f"{'interrupted' if number == signal.SIGINT else 'terminated'}: nothing was left half-written"
    ]


def test_progress_says_a_stage_only_once_it_lasts(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr("novamodel.cli.progress.STAGE_S", 0.1)
    with progress("working") as tell:
        tell(0.0, "a short stage")
        tell(0.1, "a long stage")
        print("what a library prints")
        time.sleep(0.4)
        tell(0.5, "the last stage")
    time.sleep(0.3)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["what a library prints", "a long stage (10 % done)"]


def test_progress_is_quiet_in_ci(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr("novamodel.cli.progress.STAGE_S", 0.0)
    with progress("working") as tell:
        tell(0.0, "a stage")
        time.sleep(0.1)
    assert capsys.readouterr() == ("", "")


def test_doctor(tmp_path: Path) -> None:
    done = novamodel("doctor", "--json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert [check for check in found["checks"] if check["level"] == "fail"] == []
    assert found["ok"] is True
    assert done.returncode == 0
    assert {"python", "scenario", "engine simpy", "engine compiled", "kernel"} <= {c["name"] for c in found["checks"]}
    assert str(tmp_path) not in done.stdout


def test_doctor_names_what_is_broken(tmp_path: Path) -> None:
    """With no notebook kernel to be found."""
    hide = "import novamodel.cli.doctor as d\ndef _notebooks():\n    raise RuntimeError('no kernel')\n    yield\n"
    code = f"{hide}d.PARTS = (d._versions, _notebooks)\nimport sys; sys.exit(d.doctor())"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "FAIL  notebooks" in done.stdout
    assert done.stdout.endswith("broken: notebooks\n")
