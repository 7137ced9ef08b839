"""A shell completes commands, options and choices: what its script asks is answered, in a real bash."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BASH = shutil.which("bash")
COMPLETE = """
eval "$({ours} --show-completion; true)"
COMP_WORDS=({words}); COMP_CWORD={place}
_novamodel_completion {ours}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(words: str, folder: Path) -> list[str]:
    """What bash offers for the last word of a line."""
    ours = folder / "novamodel"
    ours.write_text(f'#!{BASH}\nexec {sys.executable} -m novamodel "$@"\n', encoding="utf-8")
    ours.chmod(0o755)
    script = COMPLETE.format(ours=ours, words=words, place=len(words.split()) - 1)
    done = subprocess.run([BASH, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.skipif(BASH is None, reason="no bash here")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("novamodel ver", ["verify"]),
        ("novamodel run --eng", ["--engine"]),
        ("novamodel run shop --engine s", ["simpy"]),
        ("novamodel prices ref", ["refresh"]),
    ],
)
def test_bash_completes(words: str, offered: list[str], tmp_path: Path):
    assert completed(words, tmp_path) == offered
