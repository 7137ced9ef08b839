"""The one error that a user's mistake becomes.

Library code raises `UserError`; the command line prints it as one line `error: ...` on standard
error and exits with `UserError.exit_code`. A fault of ours is any other exception.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import PurePath
from typing import ClassVar

_MOST_VALID_SHOWN = 12
_LONGEST_NAME = 200


MOST_SHOWN = 1000
"""Characters of a message; of a longer one the beginning and the end are shown."""


def one_line(text: str) -> str:
    """Return `text` on one line of bearable length: white space becomes one space, what does not print a `?`."""
    if len(text) > 4 * MOST_SHOWN:
        text = f"{text[:MOST_SHOWN]} ... {text[-MOST_SHOWN:]}"
    plain = "".join(char if char.isprintable() or char.isspace() else "?" for char in text)
    line = " ".join(plain.split())
    return line if len(line) <= MOST_SHOWN else f"{line[: MOST_SHOWN // 2]} ... {line[-MOST_SHOWN // 2 :]}"


def near(word: str, names: Iterable[str], most: int = 3, cutoff: float = 0.6) -> list[str]:
    """Names that a word may be a slip of; none for what is longer than any name."""
    return get_close_matches(word, list(names), n=most, cutoff=cutoff) if len(word) <= _LONGEST_NAME else []


class UserError(Exception):
    """A mistake in what the user gave us: what is wrong, where, and what would be valid.

    `message` says what is wrong. Where it is: `file`, `line` (counted from 1) and `path` (the dotted
    place in a scenario, such as `services.core-api.replicas`), each optional. `valid` is what would be
    accepted: a sentence, or the accepted names (the nearest to `given` is named first).
    `str(error)` is always one line.
    """

    exit_code: ClassVar[int] = 2

    def __init__(
        self,
        message: str,
        *,
        file: str | PurePath | None = None,
        line: int | None = None,
        path: str | None = None,
        valid: str | Iterable[object] | None = None,
        given: object | None = None,
    ) -> None:
        self.message = one_line(message)
        self.file = None if file is None else str(file)
        self.line = line
        self.path = path
        self.valid = _valid_text(valid, given)
        super().__init__(self.message)

    @property
    def where(self) -> str:
        """The place of the mistake, `file:line: path`, or an empty string where none is known."""
        place = "" if self.file is None else self.file
        if self.line is not None:
            place = f"{place}:{self.line}" if place else f"line {self.line}"
        return one_line(": ".join(part for part in (place, self.path or "") if part))

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text} (valid: {self.valid})" if self.valid else text

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by the finished parts, so that the error survives a process pool unchanged."""
        return (_rebuild, (self.message, self.file, self.line, self.path, self.valid))


def _rebuild(message: str, file: str | None, line: int | None, path: str | None, valid: str) -> UserError:
    return UserError(message, file=file, line=line, path=path, valid=valid or None)


def _valid_text(valid: str | Iterable[object] | None, given: object | None) -> str:
    """Write what would be valid as one line; a long list of names is cut and says how many are left out."""
    if valid is None:
        return ""
    if isinstance(valid, str):
        return one_line(valid)
    names = [str(name) for name in valid]
    nearest = near(str(given), names, 1) if given is not None else []
    ordered = nearest + [name for name in names if name not in nearest]
    shown = ", ".join(ordered[:_MOST_VALID_SHOWN])
    left_out = len(ordered) - _MOST_VALID_SHOWN
    shown = f"{shown} and {left_out} more" if left_out > 0 else shown
    return one_line(f"did you mean {nearest[0]}? one of {shown}" if nearest else shown)
