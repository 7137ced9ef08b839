"""What is wrong in a folder's files: rules over everything that was read, grouped and ranked by what it costs."""

import sys
from pathlib import Path
from types import ModuleType

from novamodel.audit.forms import as_markdown, as_text
from novamodel.audit.groups import Audit, Group
from novamodel.audit.judging import audit, audited
from novamodel.audit.sarif import as_sarif

__all__ = ["Audit", "Group", "as_markdown", "as_sarif", "as_text", "audit", "audited"]


class _Room(ModuleType):
    """The room answers as its front door does, so that ``nm.audit(folder)`` and ``nm.audit.as_sarif`` both work."""

    def __call__(self, folder: str | Path = ".") -> Audit:
        """What is wrong in a folder's files."""
        return audit(folder)


sys.modules[__name__].__class__ = _Room
