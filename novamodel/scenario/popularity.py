"""How often each of many is asked for: evenly, or by Zipf's law."""

from __future__ import annotations

import re


def zipf_exponent(popularity: str) -> float:
    """``"zipf 0.8"`` -> 0.8, ``"uniform"`` -> 0."""
    match = re.fullmatch(r"zipf\s+(\d*\.?\d+)|uniform", popularity.strip())
    if not match:
        raise ValueError(f"{popularity!r} is not a popularity; write 'zipf 0.8' or 'uniform'")
    exponent = float(match[1]) if match[1] else 0.0
    if exponent > 4:
        raise ValueError(f"a zipf exponent of {exponent:g} is outside 0 to 4")
    return exponent
