"""Cheap stand-ins for a case, in a module that a worker process imports in no time."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

Overrides = dict[str, Any]


def quick(number: int, overrides: Overrides, seed: int) -> dict[str, Any]:
    """A result that depends on the case alone."""
    a, b = overrides["a"], overrides["b"]
    estimates = {"p99": [a * b, a * b - 1, None]}
    return {"status": "done", "parameters": overrides, "estimates": estimates, "took_s": 0.0}


def some_ms(number: int, overrides: Overrides, seed: int, started: str) -> dict[str, Any]:
    """A case of some milliseconds that notes that it began."""
    with open(started, "a", encoding="utf-8") as file:
        file.write(f"{number}\n")
    time.sleep(0.004)
    return quick(number, overrides, seed)


def endless(number: int, overrides: Overrides, seed: int) -> dict[str, Any]:
    """Case 3 never ends; case 5 kills its worker; case 7 raises."""
    if number == 3:
        time.sleep(3600)
    if number == 5:
        os.kill(os.getpid(), 9)
    if number == 7:
        raise ArithmeticError("seven")
    return quick(number, overrides, seed)


def dies_once(number: int, overrides: Overrides, seed: int, folder: str) -> dict[str, Any]:
    """Every worker dies of a case the first time."""
    mark = Path(folder) / str(number)
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), 9)
    return quick(number, overrides, seed)


def troubled(number: int, overrides: Overrides, seed: int, folder: str) -> dict[str, Any]:
    """`endless`, and case 4 kills its worker the first time."""
    if number == 4:
        return dies_once(number, overrides, seed, folder)
    return endless(number, overrides, seed)
