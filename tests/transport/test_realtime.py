"""Real-time priority: taken where it may be, said where it may not, never passed on."""

import shutil
import subprocess
import sys
from typing import Final

import pytest

TAKE: Final = """
import os, subprocess, sys, threading
from engine import log
from engine.transport.realtime import take_priority
log.configure("INFO")
take_priority(int(sys.argv[1]))
print(os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK, os.sched_getparam(0).sched_priority)
thread = threading.Thread(target=lambda: print(os.sched_getscheduler(0)))
thread.start()
thread.join()
subprocess.run([sys.executable, "-c", "import os; print(os.sched_getscheduler(0))"])
"""
UNPRIVILEGED: Final = ("setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice")
NORMAL, REALTIME = "0 0", "2 1"


def taken(*, priority: int, within: tuple[str, ...] = ()) -> tuple[str, list[str]]:
    """What a process of its own logs, and what it says of its thread, of one it begins, of a process it begins."""
    command = [*within, sys.executable, "-u", "-c", TAKE, str(priority)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stderr, done.stdout.splitlines()


def may_take() -> bool:
    return subprocess.run(["chrt", "--rr", "1", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not may_take(), reason="needs CAP_SYS_NICE or RLIMIT_RTPRIO")
def test_the_thread_alone_has_it() -> None:
    log, states = taken(priority=1)
    assert "real_time_priority" in log
    assert states == [REALTIME, "0", "0"]


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv (util-linux)")
def test_where_it_may_not_all_stays_as_it_is() -> None:
    log, states = taken(priority=1, within=UNPRIVILEGED)
    assert "no_real_time_priority" in log
    assert "LimitRTPRIO=" in log
    assert states == [NORMAL, "0", "0"]


def test_nobody_has_it_unasked() -> None:
    assert taken(priority=0) == ("", [NORMAL, "0", "0"])
