"""The published comparison in one go: train the strategies, evaluate them under every condition, tell the result."""

from bgbias_core.benchmark.plan import Arm, Plan, arms
from bgbias_core.benchmark.run import Result, benchmark_folder, run_benchmark
from bgbias_core.benchmark.table import Figure, TableRow, Verdict, as_markdown, make_table, make_verdicts
from bgbias_core.benchmark.trial import Trial, try_step

__all__ = [
    "Arm",
    "Figure",
    "Plan",
    "Result",
    "TableRow",
    "Trial",
    "Verdict",
    "arms",
    "as_markdown",
    "benchmark_folder",
    "make_table",
    "make_verdicts",
    "run_benchmark",
    "try_step",
]
