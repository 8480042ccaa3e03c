"""What runs until it is told to stop: the first SIGTERM or Ctrl-C asks, the second insists."""

import signal

import trio


async def stop_on_signal(
    stop: trio.Event, work: trio.CancelScope, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Set `stop` at the first signal, cancel `work` at the second."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _ in signals:
            if stop.is_set():
                work.cancel()
            stop.set()
