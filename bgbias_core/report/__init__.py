"""What an evaluation found, as one page that can be sent, printed and read without anything else."""

from bgbias_core.report.content import Report, gather
from bgbias_core.report.document import page_html, report_texts, write_report
from bgbias_core.report.twin import document

__all__ = ["Report", "document", "gather", "page_html", "report_texts", "write_report"]
