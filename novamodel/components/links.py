"""Doubly linked lists over columns: append, and removal from anywhere, in constant time.

``first`` and ``last`` have a row a list, ``next`` and ``previous`` a row an item; an item is in one list at most.
"""

from __future__ import annotations

from novamodel.components.columns import Column
from novamodel.components.rule import rule

NONE = -1
OUT = -2
"""`next` and `previous` of an item that is in no list."""


@rule
def link_last(first: Column, last: Column, next_of: Column, previous_of: Column, row: int, item: int) -> None:
    """Append an item that is in no list."""
    before = last[row]
    next_of[item] = NONE
    previous_of[item] = before
    if before == NONE:
        first[row] = item
    else:
        next_of[before] = item
    last[row] = item


@rule
def unlink(first: Column, last: Column, next_of: Column, previous_of: Column, row: int, item: int) -> None:
    """Take an item out of its list, wherever it stands."""
    before = previous_of[item]
    behind = next_of[item]
    if before == NONE:
        first[row] = behind
    else:
        next_of[before] = behind
    if behind == NONE:
        last[row] = before
    else:
        previous_of[behind] = before
    next_of[item] = OUT
    previous_of[item] = OUT


@rule
def link_first(first: Column, last: Column, next_of: Column, previous_of: Column, row: int, item: int) -> None:
    """Put an item that is in no list in front of the others."""
    behind = first[row]
    previous_of[item] = NONE
    next_of[item] = behind
    if behind == NONE:
        last[row] = item
    else:
        previous_of[behind] = item
    first[row] = item
