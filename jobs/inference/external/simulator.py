#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Radioactive counts over a background, as an external simulator: three counts a row, at times 0, 1 and 2.

Reads lines `seed,activity,lifetime` until there are no more, and answers each with a line `x_1,x_2,x_3`.
All random numbers come from the seed, so that a run can be repeated to the last bit.
"""
import math
import random
import sys

BACKGROUND = 5.0


def poisson(numbers, mean):
    """How many events of a process of rate 1 come before `mean`."""
    count, time = 0, numbers.expovariate(1.0)
    while time < mean:
        count, time = count + 1, time + numbers.expovariate(1.0)
    return count


for line in sys.stdin:
    seed, activity, lifetime = line.split(",")
    numbers = random.Random(int(seed))
    counts = [poisson(numbers, BACKGROUND + float(activity) * math.exp(-t / float(lifetime))) for t in range(3)]
    print(*counts, sep=",", flush=True)  # every answer must leave at once; messages go to standard error
