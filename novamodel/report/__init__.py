"""What people read: tables, the one-screen answer, the self-contained HTML report."""

from novamodel.report.conclusion import Conclusion, advice_table, conclusion
from novamodel.report.hourly import cost_per_hour
from novamodel.report.html import export_html, notebook_html
from novamodel.report.operating import operating_tables
from novamodel.report.resting import MARK, MARKED_LINES, mark_of, rests_sentence, rests_table
from novamodel.report.screen import print_screen, screen_text
from novamodel.report.tables import (
    Table,
    assumptions_table,
    beside_table,
    bill_table,
    findings_table,
    import_table,
    not_modelled_table,
    origins_table,
    value_text,
)

__all__ = [
    "MARK",
    "MARKED_LINES",
    "Conclusion",
    "Table",
    "advice_table",
    "assumptions_table",
    "beside_table",
    "bill_table",
    "conclusion",
    "cost_per_hour",
    "export_html",
    "findings_table",
    "import_table",
    "mark_of",
    "not_modelled_table",
    "notebook_html",
    "operating_tables",
    "origins_table",
    "print_screen",
    "rests_sentence",
    "rests_table",
    "screen_text",
    "value_text",
]
