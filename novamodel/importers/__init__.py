"""Real configuration files to a scenario: what they say, with file and line, and what they get wrong."""

from novamodel.importers.assemble import import_folder, importer
from novamodel.importers.report import ImportReport

__all__ = ["ImportReport", "import_folder", "importer"]
