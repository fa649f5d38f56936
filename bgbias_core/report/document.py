"""A report as one HTML file that needs nothing else, and its numbers as JSON beside it."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import partial
from pathlib import Path

from bgbias_core.errors import ConfigError
from bgbias_core.evaluation import Evaluation
from bgbias_core.paths import replace_file
from bgbias_core.report.content import Progress, Report, gather
from bgbias_core.report.figures import plotly_script
from bgbias_core.report.markup import Html, join, tag
from bgbias_core.report.sections import sections
from bgbias_core.report.style import SCRIPT, STYLE
from bgbias_core.report.twin import document


def write_report(evaluation: Evaluation, path: Path, *, progress: Progress | None = None) -> Path:
    """Write a report: one HTML file, and beside it the same numbers as JSON.

    The same evaluation, data and libraries give the same bytes.

    Args:
        evaluation: Of what.
        path: The file, ending in ``.html``; the numbers go to the same name ending in ``.json``.
        progress: Called with (steps done, all of them).

    Returns:
        The file.

    Raises:
        ConfigError: The file's name ends otherwise.
    """
    if path.suffix != ".html":
        raise ConfigError(f"A report is an HTML file, got '{path}'; let its name end in .html.")
    page, numbers = report_texts(evaluation, progress=progress)
    for file, text in ((path.with_suffix(".json"), numbers), (path, page)):
        replace_file(file, partial(Path.write_text, data=text, encoding="utf-8"))
    return path


def report_texts(evaluation: Evaluation, *, progress: Progress | None = None) -> tuple[str, str]:
    """The page, and the same numbers as JSON; arguments as for :func:`write_report`."""
    report = gather(evaluation, progress=progress)
    return page_html(report), json.dumps(document(report), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def page_html(report: Report) -> str:
    """The whole page; only its own two scripts may run, and it may load nothing at all."""
    scripts = [plotly_script(), SCRIPT]
    allowed = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    policy = (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}; base-uri 'none'; "
        "form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{report.header.title} · background reliance"),
        tag("style", Html(STYLE)),
    )
    body = tag("body", *sections(report), *(tag("script", Html(script)) for script in scripts))
    return join([Html("<!DOCTYPE html>\n"), tag("html", head, body, lang="en"), "\n"])


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
