"""The same work on many things by several processes."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
from types import ModuleType
from typing import TypeVar

import cv2

Job = TypeVar("Job")
Result = TypeVar("Result")


def in_processes(function: Callable[[Job], Result], jobs: Sequence[Job], workers: int) -> Iterator[Result]:
    """What a function makes of each job, in the order of the jobs, as soon as it is there.

    Args:
        function: A function of a module; what it takes and gives travels between processes.
        jobs: What it is called with; each should take a good part of a second.
        workers: How many processes work at a time; with one the work is done in this very process.
    """
    if workers == 1 or len(jobs) <= 1:
        yield from map(function, jobs)
        return
    # Spawned, never forked: a fork of a process that runs torch's threads can lock up.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(workers, len(jobs)), mp_context=context, initializer=_begin)
    try:
        with _without_main():
            results = pool.map(function, jobs)
        yield from results
    finally:
        pool.shutdown(cancel_futures=True)  # where one has failed, the rest is not wanted


def _begin() -> None:
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_starter, daemon=True).start()


def _end_with_starter() -> None:
    """End this process once the one that started it is gone: killed outright, that one cannot say so any more."""
    starter = multiprocessing.parent_process()
    if starter is not None:
        wait([starter.sentinel])
        os._exit(1)


@contextmanager
def _without_main() -> Iterator[None]:
    """Start processes that do not run the caller's script again: it may be a page, a notebook or a slow import."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
