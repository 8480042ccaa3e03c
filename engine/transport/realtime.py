"""Real-time priority for the thread that sends audio: nothing else on the machine, a database or a model at work, then
makes a frame late."""

import os

from engine.log import get_logger

log = get_logger("transport.realtime")


def take_priority(priority: int) -> None:
    """For the thread that calls, 1 to 99 by sched(7), or 0 for none. Threads and processes begun afterwards do not
    inherit it. Where the system refuses, that is logged and all stays as it is."""
    if not priority:
        return
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
    except OSError as error:
        log.warning(
            "no_real_time_priority", asked=priority, error=error.strerror,
            remedy="LimitRTPRIO= in the unit, or CALL_REALTIME_PRIORITY=0",
        )  # fmt: skip
    else:
        log.info("real_time_priority", priority=priority)
