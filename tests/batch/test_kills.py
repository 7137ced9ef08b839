"""A hundred times SIGKILL at random instants, to workers and to the parent: at most what is in flight is lost."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import fake_cases as fakes
import pytest
from fake_sweep import plan as fake_plan
from fake_sweep import run

from novamodel.batch import Processes, read, status
from novamodel.batch.store import Store

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
WORKER_KILLS, PARENT_KILLS = 75, 25
WORKERS, TRIES, CASES = 2, 2, 3000


def test_killed_workers_lose_at_most_the_case_in_flight(tmp_path: Path):
    chance, started = random.Random(5), tmp_path / "started"
    plan = fake_plan(CASES)
    killed, over = 0, threading.Event()

    def kill(processes: Processes) -> None:
        nonlocal killed
        while killed < WORKER_KILLS and not over.is_set():
            time.sleep(chance.uniform(0.02, 0.15))
            ids = processes.process_ids()
            if ids:
                os.kill(chance.choice(ids), signal.SIGKILL)
                killed += 1

    with Processes(WORKERS) as processes:
        killer = threading.Thread(target=kill, args=(processes,))
        killer.start()
        tally = run(plan, tmp_path / "store", fakes.some_ms, processes, str(started))
        over.set()
        killer.join()
    assert killed == WORKER_KILLS
    assert tally.done + tally.failed == CASES
    assert tally.failed <= 3  # the same case hit twice: recorded, with its error
    counts = Counter(started.read_text(encoding="utf-8").split())
    assert sum(counts.values()) - CASES <= WORKER_KILLS
    assert max(counts.values()) <= TRIES
    table = read(tmp_path / "store")
    assert list(table["case"]) == list(range(CASES))
    assert (table["error"].dropna().str.contains("tried 2 times")).all()


def test_a_killed_parent_loses_only_what_was_in_flight(tmp_path: Path):
    chance, count = random.Random(6), 3000
    plan, store = fake_plan(count), Store(tmp_path / "store")
    words = [sys.executable, str(Path(__file__).with_name("fake_sweep.py")), str(tmp_path), str(count)]
    finished: set[str] = set()
    for number in range(PARENT_KILLS):
        started = tmp_path / f"started{number}"
        process = subprocess.Popen([*words, str(started)], stderr=subprocess.PIPE, text=True)
        try:
            while not started.exists() and process.poll() is None:
                time.sleep(0.005)
            time.sleep(chance.uniform(0.0, 0.2))
        finally:
            process.kill()
        _, said = process.communicate()
        assert process.returncode == -signal.SIGKILL, said
        now = set(store.keys())
        assert finished <= now  # nothing that was finished is gone
        numbers = started.read_text(encoding="utf-8").split()
        assert len(numbers) <= len(now) - len(finished) + WORKERS + 2 * WORKERS  # nothing finished began again
        finished = now
    assert 0 < len(finished) < count
    assert status(tmp_path / "store").damaged == 0
    tally = run(plan, tmp_path / "store", fakes.quick)
    assert (tally.before, tally.done) == (len(finished), count - len(finished))
    assert list(read(tmp_path / "store")["case"]) == list(range(count))


def test_workers_of_a_killed_parent_end(tmp_path: Path):
    code = (
        "import json, time; from novamodel.batch import Processes; p = Processes(2);"
        "[p.submit(time.sleep, 60) for _ in range(2)];"
        "exec('while len(p.process_ids()) < 2: time.sleep(0.01)'); print(json.dumps(p.process_ids()), flush=True);"
        "time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    ids = json.loads(process.stdout.readline())
    process.kill()
    process.wait()
    until = time.monotonic() + 10
    while any(_alive(number) for number in ids) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(_alive(number) for number in ids)


def _alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc/self").exists()
