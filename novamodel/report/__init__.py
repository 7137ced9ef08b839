"""What people read: tables, the one-screen answer, the self-contained HTML report."""

from novamodel.report.conclusion import Conclusion, conclusion
from novamodel.report.hourly import cost_per_hour
from novamodel.report.html import export_html, notebook_html
from novamodel.report.operating import operating_tables
from novamodel.report.screen import print_screen, screen_text
from novamodel.report.tables import (
    Table,
    assumptions_table,
    beside_table,
    bill_table,
    findings_table,
    import_table,
    origins_table,
    value_text,
)

__all__ = [
    "Conclusion",
    "Table",
    "assumptions_table",
    "beside_table",
    "bill_table",
    "conclusion",
    "cost_per_hour",
    "export_html",
    "findings_table",
    "import_table",
    "notebook_html",
    "operating_tables",
    "origins_table",
    "print_screen",
    "screen_text",
    "value_text",
]
