"""What was proved about a choice, and what was not, in the sentence that every output shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

CLOSE = 0.02
"""A choice that costs at most this share more than the cheapest is as good."""
METHOD = "Bonferroni's bound"


class Left(NamedTuple):
    """What a search left without a simulation: listed sizes that are ``cheaper`` by over `CLOSE`, and the largest
    chance to hold that the closed forms, corrected by what was simulated, give to one of them."""

    cheaper: int
    hope: float


class Proof(NamedTuple):
    """A choice's probability of being right, and among what.

    ``right``: that the choice keeps every objective, and that no other simulated size does for over `CLOSE` less.
    ``verdicts``: how many verdicts that takes; ``simulated`` and ``legal``: sizes. ``unseen``: cheaper ones (by over
    `CLOSE`) that closed forms alone ruled out, as far as they were listed; ``hope``: the largest chance to hold that
    the closed forms, corrected by what was simulated, give to one of these. ``beside``: objectives that no size moves,
    which it does not speak of.
    """

    right: float
    verdicts: int
    simulated: int
    legal: int
    unseen: int
    hope: float
    beside: tuple[str, ...] = ()
    where: str = "in the window at the peak"


def among_tried(cost: Sequence[float], doubts: Sequence[float], held: Sequence[bool], chosen: int, where: str) -> str:
    """The sentence of a choice (its place) among sizes that were all simulated.

    ``cost``: USD a month; ``doubts``: probability that the verdict of each is wrong; ``held``: the verdicts.
    """
    limit = cost[chosen] * (1 - CLOSE)
    rivals = [doubt for usd, doubt, kept in zip(cost, doubts, held, strict=True) if usd < limit and not kept]
    right = max(0.0, 1.0 - doubts[chosen] - sum(rivals))
    return sentence(Proof(right, 1 + len(rivals), len(cost), len(cost), 0, 0.0, where=where), held[chosen])


def sentence(proof: Proof, kept: bool) -> str:
    """What the probability covers, then what it does not; ``kept``: whether any simulated size holds."""
    if not kept:
        return (
            f"None of the {proof.simulated} simulated sizes keeps every objective that a size can move. {_rest(proof)}"
        )
    others = proof.simulated - 1
    verdicts = f"{METHOD} over {proof.verdicts} verdict{'s' if proof.verdicts != 1 else ''}"
    among = (
        f", and none of the {others} other simulated sizes does for over {CLOSE * 100:.0f} % less" if others > 1 else
        f", and the other simulated size does not for over {CLOSE * 100:.0f} % less" if others == 1 else ""
    )  # fmt: skip
    sure, but = percent(proof.right), f" but {', '.join(proof.beside)}" if proof.beside else ""
    covered = (
        f"With probability {sure} the choice keeps every objective{but} {proof.where}{among}"
        f" ({verdicts}; replications normal and independent, settings outside the variables as stated)."
    )
    return f"{covered} {_rest(proof)}"


def _rest(proof: Proof) -> str:
    rest = proof.legal - proof.simulated
    if rest <= 0:
        return "Every size in question was simulated."
    text = f"Not covered: the {legal_count(rest)} other legal sizes, which were screened by closed forms only"
    if proof.unseen and proof.hope > 0:
        listed = f"To the likeliest of those listed ({legal_count(proof.unseen)})"
        chance = f"the closed forms, corrected by what was simulated, give {percent(proof.hope)}"
        return f"{text}: a cheaper one may hold. {listed} {chance}."
    return f"{text}: they leave no cheaper one that may hold, if they are right."


def percent(share: float) -> str:
    """In whole percent, and never more sure than it is."""
    if share > 0.995:
        return "above 99 %"
    return f"{share * 100:.0f} %" if share >= 0.01 else "below 1 %"


def legal_count(number: int) -> str:
    """``1,234``; ``2.7 x 10^16`` where nobody reads the digits."""
    if number < 10**9:
        return f"{number:,}"
    digits = str(number)
    mantissa, power = f"{int(digits[:3]) / 100:.1f}", len(digits) - 1
    return f"1.0 x 10^{power + 1}" if mantissa == "10.0" else f"{mantissa} x 10^{power}"
