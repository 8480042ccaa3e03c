"""The embedded servers: restart, crash, two at once, and death with their owner."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from ops.embedded.account import Account, reachable, server_account
from ops.embedded.errors import EmbeddedServerError
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.valkey import EmbeddedValkey

ROOT = Path(__file__).parents[2]
OWNER = """
import sys, time
from pathlib import Path
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.valkey import EmbeddedValkey
postgres, valkey = EmbeddedPostgres(Path(sys.argv[1]) / "postgres"), EmbeddedValkey(Path(sys.argv[1]) / "valkey")
postgres.start(); valkey.start()
print("started", flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def one(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


def alive(url: str) -> bool:
    try:
        return one(url, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def gone_within(seconds: float, url: str) -> bool:
    deadline = time.monotonic() + seconds
    while alive(url) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(url)


def test_postgres_keeps_its_data_has_pgvector_and_leaves_nothing_running(folder: Path) -> None:
    with EmbeddedPostgres(folder / "postgres") as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
            connection.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT '[1,2]'::vector AS v, 'їжак' AS word")
        assert one(server.url, "SHOW server_encoding") == "UTF8"
        assert one(server.url, "SELECT upper('їжак')") == "ЇЖАК"
    assert not alive(server.url)
    with EmbeddedPostgres(folder / "postgres") as server:
        assert one(server.url, "SELECT word FROM kept") == "їжак"


def test_a_second_callctl_gets_a_server_of_its_own(folder: Path) -> None:
    with EmbeddedPostgres(folder / "postgres") as first:
        with EmbeddedPostgres(folder / "postgres") as second:
            assert first.url != second.url
            assert one(second.url, "SELECT to_regclass('kept') IS NULL") is True
            temporary = second._claim.path
        assert alive(first.url)
        assert not temporary.exists()


def test_the_server_survives_the_thread_that_started_it(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    thread = threading.Thread(target=server.start)
    thread.start()
    thread.join()
    assert alive(server.url)
    server.stop()
    server.stop()


def test_servers_die_with_their_owner_even_when_it_is_killed(folder: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(folder)], stdout=subprocess.PIPE, cwd=ROOT)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"started\n"
    postgres, valkey = EmbeddedPostgres(folder / "postgres"), EmbeddedValkey(folder / "valkey")
    client = redis.Redis.from_url(valkey.url)
    assert alive(postgres.url)
    assert client.ping()
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert gone_within(5, postgres.url)
    with postgres, valkey:  # at once: the old Valkey may still be on its way out
        assert alive(postgres.url)
        assert client.ping()
    with pytest.raises(redis.ConnectionError):
        client.ping()
    client.close()


def test_a_server_that_lost_its_owner_is_stopped_by_the_next(folder: Path) -> None:
    data = next((folder / "postgres").glob("data-*"))
    with EmbeddedPostgres(folder / "postgres") as orphan:
        pid = int((data / "postmaster.pid").read_text().split()[0])
        # what is left after our process and the watchdog were killed together: no lock, a running server
        orphan._claim.release()
        with EmbeddedPostgres(folder / "postgres") as server:
            assert alive(server.url)
            assert server._claim.path == folder / "postgres"
            assert int((data / "postmaster.pid").read_text().split()[0]) != pid


def test_a_stale_pid_file_that_names_a_stranger_is_removed(folder: Path) -> None:
    data = next((folder / "postgres").glob("data-*"))
    with EmbeddedPostgres(folder / "postgres"):
        lines = (data / "postmaster.pid").read_text().splitlines()
    (data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    with EmbeddedPostgres(folder / "postgres") as server:
        assert alive(server.url)


def test_a_crash_is_recovered_from(folder: Path) -> None:
    data = next((folder / "postgres").glob("data-*"))
    with EmbeddedPostgres(folder / "postgres") as server:
        os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        assert gone_within(5, server.url)
    with EmbeddedPostgres(folder / "postgres") as server:
        assert one(server.url, "SELECT word FROM kept") == "їжак"


def test_what_prevents_a_start_is_in_the_error(folder: Path) -> None:
    data = next((folder / "postgres").glob("data-*"))
    configuration = data / "postgresql.conf"
    good = configuration.read_text()
    configuration.write_text(good + "\nno_such_setting = 1\n")
    with pytest.raises(EmbeddedServerError, match="no_such_setting"):
        EmbeddedPostgres(folder / "postgres").start()
    configuration.write_text(good)


def test_long_paths_are_no_obstacle(folder: Path) -> None:
    with EmbeddedValkey(folder / ("d" * 100) / "valkey") as server:
        client = redis.Redis.from_url(server.url)
        assert client.set("a", 1, ex=5)
        client.close()


def test_binaries_an_account_cannot_reach_are_copied_once(tmp_path: Path) -> None:
    secret = tmp_path / "home" / "bin"
    secret.mkdir(parents=True)
    (secret / "tool").write_text("v1")
    (tmp_path / "home").chmod(0o700)
    other = Account("other", 65534, 65534, switch=True)
    copies = tmp_path / "copies"
    copies.mkdir()
    assert reachable(secret, other, copies, name="tool-1") == copies / "tool-1"
    (secret / "tool").write_text("v2")
    assert (reachable(secret, other, copies, name="tool-1") / "tool").read_text() == "v1"
    assert reachable(secret, server_account_of_mine(), copies, name="tool-1") == secret


def server_account_of_mine() -> Account:
    account = server_account()
    return Account(account.name, account.uid, account.gid, switch=False)
