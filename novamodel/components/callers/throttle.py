"""Client-side adaptive throttling: a caller rejects its own calls when few of them are accepted."""

from __future__ import annotations

from novamodel.components.rule import handler


@handler
def reject_probability(k: float, requests: float, accepts: float) -> float:
    """Share of new calls to reject locally, after so many requests and accepts (SRE book: of the last two minutes).

    max(0, (requests - k * accepts) / (requests + 1)); Beyer et al., Site Reliability Engineering (O'Reilly 2016),
    ch. 21, "Client-Side Throttling". Requests rejected locally count as requests; k is 2 there.
    """
    over = requests - k * accepts
    return over / (requests + 1.0) if over > 0.0 else 0.0
