# SPDX-License-Identifier: Apache-2.0
"""Rates of a piece of work, and the medians of several."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

CLOCKS = {"cpu": time.process_time, "wall": time.perf_counter}


def rate(work: Callable[[], object], items: int, seconds: float, clock: str) -> float:
    """Items a second of `work`, which handles so many; one call goes before, uncounted.

    The clock "cpu" is the processor time of the process, all its threads together: on one thread it does not see what other
    processes do to the machine.
    """
    now = CLOCKS[clock]
    work()
    start = now()
    calls = 0
    while (elapsed := now() - start) < seconds or calls == 0:
        work()
        calls += 1
    return items * calls / elapsed


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Median, lowest and highest."""
    return statistics.median(values), min(values), max(values)
