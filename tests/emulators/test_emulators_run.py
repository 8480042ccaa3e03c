"""The emulators as a process of their own: where they listen, and that they never outlive their parent."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest


def end_of_stdin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()


def terminate(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("end", [end_of_stdin, terminate])
def test_all_emulators_listen_until_told_to_stop(end: Callable[[subprocess.Popen[str]], None]) -> None:
    command = [sys.executable, "-m", "ops.emulators.run", "--until-stdin-closes"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            addresses = json.loads(process.stdout.readline())
            assert set(addresses) == {"speech", "tts", "anthropic", "store", "embeddings", "control"}
            state = httpx.get(f"{addresses['control']}/control").json()
            assert set(state) == {"speech", "tts", "anthropic", "store", "embeddings"}
            assert all(set(emulator) == {"faults", "settings", "counters"} for emulator in state.values())
            for name in ("speech", "tts"):
                host, port = addresses[name].split(":")
                socket.create_connection((host, int(port)), timeout=5).close()
            end(process)
            assert process.wait(10) == 0
        finally:
            process.kill()
