# SPDX-License-Identifier: Apache-2.0
"""An external simulator with two parameters, mean and deviation, and two columns, that can misbehave.

    simulator_worker.py MODE [FILE]

Modes with "once" misbehave until FILE exists, which they make. What goes wrong does so at rows whose mean is 13.
"""
import os
import random
import signal
import sys
import time

mode = sys.argv[1]
unlucky = 13.0


def first_time():
    if os.path.exists(sys.argv[2]):
        return False
    open(sys.argv[2], "w").close()
    return True


def say(line):
    sys.stdout.write(line)
    sys.stdout.flush()


def misbehave():
    if mode == "exit" or (mode == "exit_once" and first_time()):
        print("about to give up", file=sys.stderr, flush=True)
        sys.exit(3)
    if mode == "signal":
        os.kill(os.getpid(), signal.SIGSEGV)
    if mode == "hang" or (mode == "hang_once" and first_time()):
        time.sleep(1000)
    if mode == "half_line":
        say("1.0,")
        time.sleep(1000)
    if mode == "close":
        os.close(1)
        time.sleep(1000)
    answers = {"short": "1\n", "long": "1,2,3\n", "nan": "1,nan\n", "inf": "inf,1\n", "word": "1,two\n",
               "empty": "\n", "semicolons": "1;2\n", "bytes": "\x01\x02garbage\n", "extra": "1,2\n1,2\n"}
    if mode == "short_once":
        return say("1\n") if first_time() else False
    if mode in answers:
        return say(answers[mode])
    return False


if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode == "banner":
    say("welcome\n")
if mode == "chatty":  # more than any pipe holds, before the first answer
    sys.stderr.write("some progress\n" * 70000)
if mode == "grandchild":
    import subprocess
    child = subprocess.Popen(["sleep", "1000"])
    with open(sys.argv[2], "w") as file:
        file.write(str(child.pid))

rows = 0
for line in sys.stdin:
    seed, mean, deviation = line.split(",")
    mean, deviation = float(mean), float(deviation)
    if mode == "slow":
        time.sleep(0.01)
    if mean == unlucky and misbehave() is not False:
        continue
    if mode == "wide":
        say(",".join([repr(mean)] + [str(i) for i in range(1, 50000)]) + "\n")
        continue
    numbers = random.Random(int(seed))
    say("%r,%r\n" % (numbers.gauss(mean, deviation), numbers.gauss(-mean, deviation)))
    rows += 1
    if mode == "one_shot":
        break
if mode in ("stubborn", "grandchild"):
    time.sleep(1000)
