"""How long a killed container waits before it starts again."""

from __future__ import annotations


def restart_delay(
    number: int, *, base_s: float = 10.0, factor: float = 2.0, cap_s: float = 300.0, first_immediate: bool = True
) -> float:
    """Seconds before restart ``number`` (1 = the first) in a row.

    Defaults: the kubelet's (kubernetes.io, Pod Lifecycle, container restarts): at once, then 10, 20, 40 ... 300 s.
    Docker's restart policy: base 0.1 s, cap 60 s, the first not at once.
    """
    if first_immediate:
        if number <= 1:
            return 0.0
        number -= 1
    return min(base_s * factor ** (number - 1), cap_s)
