"""A disk that is really full: a tmpfs of 160 KiB, mounted in a mount namespace of its own, which leaves nothing behind.

`test_running.py` stands in for it with a largest file size, which needs no rights.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from novamodel.batch import read, status
from novamodel.batch.store import Store

CASES = 30
SWEEP = """
name: disk
scenario: novabank
fixed: {run.duration: 1 s, run.warm_up: 0 s}
vary: {services.core-api.pool.max: {from: 5, to: 34, steps: 30}}
replications: 1
record: {metrics: [p99], cost: false, slo: false}
"""
ON_A_SMALL_DISK = """
set -eu
sweep() {
  "$PYTHON" -m novamodel sweep "$KEPT/sweep.yaml" --workers 2 --out store >/dev/null 2>"$KEPT/$1" || echo "exit $?"
}
mount -t tmpfs -o size=160k small "$DISK"
cd "$DISK"
cat /dev/zero >somebody-elses 2>/dev/null || true
sweep full-before
truncate -s 96k somebody-elses
sweep full-meanwhile
cp -r store "$KEPT/full"
rm somebody-elses
sweep resumed
cp -r store "$KEPT/whole"
"""
NAMESPACES = (["unshare", "-m"], ["unshare", "-rm"])  # for root, and for a user who may have namespaces


@pytest.fixture(scope="module")
def namespace(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The words before a command that may mount a tmpfs which nobody else sees."""
    why = "no unshare here"
    for words in NAMESPACES:
        mount = [*words, "mount", "-t", "tmpfs", "none", str(tmp_path_factory.mktemp("mount"))]
        try:
            tried = subprocess.run(mount, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            break
        if tried.returncode == 0:
            return words
        why = tried.stderr.strip()
    pytest.skip(f"a tmpfs can be mounted neither as root nor in a user's namespace: {why}")


def test_a_full_disk_loses_and_doubles_nothing_and_the_sweep_goes_on_when_there_is_room(
    tmp_path: Path, namespace: list[str]
):
    (tmp_path / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    (tmp_path / "disk").mkdir()
    places = {"PYTHON": sys.executable, "DISK": str(tmp_path / "disk"), "KEPT": str(tmp_path)}
    words = [*namespace, "bash", "-c", ON_A_SMALL_DISK]
    done = subprocess.run(words, env=os.environ | places, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "exit 2\nexit 2\n", "")
    for said in ("full-before", "full-meanwhile"):
        assert (tmp_path / said).read_text(encoding="utf-8") == (
            "error: store: No space left on device; every finished case is kept (valid: make room (or move the folder "
            "and name it with --out), then run the same sweep again)\n"
        )
    early, whole = Store(tmp_path / "full"), Store(tmp_path / "whole")
    finished = set(early.keys())
    assert 0 < len(finished) < CASES
    assert status(early.folder) == ("disk", CASES, len(finished), 0, 0)
    assert all(early.find(key) == whole.find(key) for key in finished)  # kept, and not run again: took_s is the same
    assert status(whole.folder) == ("disk", CASES, CASES, 0, 0)
    assert list(read(whole.folder)["case"]) == list(range(CASES))
