"""What a training will take here: measured by its own command beside the page, which does not wait for it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import streamlit as st

from bgbias_core import jobs
from bgbias_core.paths import REPOSITORY
from bgbias_core.spelling import spell_seconds
from pages.components.verdicts import plain

_CONFIG = "{config}"
_GIB = 2**30
_MEMORY_SHARE = 0.9


@dataclass(frozen=True)
class Measurement:
    """An estimate under way or finished.

    Attributes:
        process: The command that measures.
        folder: Its configuration and what it prints.
    """

    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def running(self) -> bool:
        """Whether it still measures."""
        return self.process.poll() is None

    @property
    def refusal(self) -> str:
        """Why it could not measure, in a sentence; empty where it could."""
        if self.process.returncode == 0:
            return ""
        said = (self.folder / "errors").read_text(errors="replace").strip().splitlines()
        sentences = [line.removeprefix("Error: ") for line in said if line.startswith("Error: ")]
        return sentences[-1] if sentences else "The measurement broke off; start the training to see why in its log."

    @property
    def runs(self) -> list[dict[str, Any]]:
        """One estimate for each run; see ``bgbias_core.training.Estimate``."""
        return list(json.loads((self.folder / "estimates").read_text()).values())


def measure(what: str, arguments: Sequence[str], config: str = "") -> Measurement | None:
    """Begin to measure, or look at what was begun.

    One at a time, or each would slow the other down: what comes second waits; another configuration of the same ends
    the measurement of the one before.

    Args:
        what: Tells apart what is measured; each is measured for the last configuration asked for.
        arguments: Arguments of the command ``train``; ``{config}`` stands for the configuration's file.
        config: The configuration as JSON.

    Returns:
        The measurement, or ``None`` while it waits for another.
    """
    known: dict[str, dict[str, Measurement]] = st.session_state.setdefault("measurements", {})
    if config not in known.setdefault(what, {}):
        for other in [key for key, one in known[what].items() if one.running]:
            known[what].pop(other).process.terminate()
        if any(one.running for others in known.values() for one in others.values()):
            return None
        known[what][config] = _begin(arguments, config)
    return known[what][config]


def _begin(arguments: Sequence[str], config: str) -> Measurement:
    folder = Path(tempfile.mkdtemp(prefix="bgbias-estimate-"))
    file = folder / "config.json"
    file.write_text(config, encoding="utf-8")
    words = [str(file) if word == _CONFIG else word for word in arguments]
    with (folder / "estimates").open("wb") as said, (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603 - this project's own program
            [sys.executable, "-m", "bgbias_core", "train", *words, "--estimate", "--json"],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=errors,
        )
    return Measurement(process, folder)


def pending(measurement: Measurement | None) -> bool:
    """Whether there is nothing to show yet."""
    return measurement is None or measurement.running


def show_estimate(measurement: Measurement | None) -> bool:
    """Say what the training will take; whether it can be started now."""
    if measurement is None or measurement.running:
        st.markdown(":material/timer: Measuring time and memory on this machine …")
        return False
    if measurement.refusal:
        st.error(plain(measurement.refusal), icon=":material/block:")
        return False
    runs = measurement.runs
    needed, there = max(run["memory_bytes"] for run in runs), psutil.virtual_memory().total
    st.markdown(f":material/timer: {_sentence(runs, needed, there)}")
    if any(job.state == "running" for job in jobs.list_jobs()):
        st.caption("Measured while another job ran, so it may come out shorter.")
    if needed > _MEMORY_SHARE * there:
        st.error(
            f"It needs {needed / _GIB:.1f} GiB of memory and this machine has {there / _GIB:.0f}: take a smaller batch "
            "size, smaller pictures or a smaller backbone.",
            icon=":material/memory_alt:",
        )
        return False
    return True


def _sentence(runs: Sequence[Mapping[str, Any]], needed: int, there: int) -> str:
    seconds, preparing = (sum(run[key] for run in runs) for key in ("seconds", "seconds_preparing"))
    steps = sum(run["steps"] for run in runs)
    training = sum(run["steps"] * run["seconds_a_step"] for run in runs)
    return (
        f"About **{spell_seconds(seconds)}** and **{needed / _GIB:.1f} GiB** of memory (of {there / _GIB:.0f}), "
        f"measured on this machine ({runs[0]['device']}): {spell_seconds(preparing)} to prepare the pictures, "
        f"{steps:,} steps that take {spell_seconds(training)}, the rest to check on held-back pictures."
    )
