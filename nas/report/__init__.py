"""The report of a run: one self-contained HTML page with its result, its evidence and its facts."""

from nas.report.page import report_html

__all__ = ["report_html"]
