"""The server's side: a real PostgreSQL where it is installed."""

import os
import pwd
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from dms_load_test.errors import ConfigError
from dms_load_test.monitor.postgres import Postgres

psycopg = pytest.importorskip("psycopg", reason="no PostgreSQL driver here: pip install '.[postgres]'")
POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
LOCKED = ("ungranted_locks", "lock_waiting_connections", "idle_in_transaction_connections")


def unprivileged(folder):
    """PostgreSQL does not run as root: the user that its package makes runs it."""
    if os.getuid():
        return []
    owner = pwd.getpwnam("postgres")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return ["runuser", "-u", "postgres", "--"]


@contextmanager
def started(free_port, until, *more):
    """Run a server of our own; give the URL of a database."""
    if POSTGRES is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    folder, port = Path(tempfile.mkdtemp(prefix="dms-load-test-pg-")), free_port()
    run = unprivileged(folder)
    data = folder / "data"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    subprocess.run(
        [*run, POSTGRES / "initdb", "-D", data, "-U", "tester", "--auth=trust", "--no-sync"], check=True, **quiet
    )
    options = ("listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off", *more)
    switches = [part for option in options for part in ("-c", option)]
    server = subprocess.Popen([*run, POSTGRES / "postgres", "-D", data, "-p", str(port), *switches], **quiet)
    url = f"postgresql://tester@127.0.0.1:{port}/postgres"
    try:
        until(lambda: psycopg.connect(url, autocommit=True).close() is None, errors=psycopg.Error)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION pg_stat_statements")
        yield url
    finally:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, 2)
        server.wait(30)
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def database(free_port, until):
    """The URL of a database with a table and the extension for statements."""
    with started(free_port, until, "shared_preload_libraries=pg_stat_statements") as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE student (id int PRIMARY KEY, name text)")
        yield url


@pytest.fixture
def postgres(database):
    source = Postgres(database)
    yield source
    source.close()


def write(connection, first, count):
    for number in range(first, first + count):
        connection.execute("INSERT INTO student VALUES (%s, %s)", (number, "secret-name"))


def test_transactions_rows_and_cache_become_rates(database, postgres, until):
    (before,) = postgres.read(100.0)
    with psycopg.connect(database, autocommit=True) as connection:
        write(connection, 0, 200)
        connection.execute("SELECT pg_stat_force_next_flush()")

    def grown():
        (reading,) = postgres.read(110.0)
        return reading if reading.values.get("rows_written_per_s", 0) > 0 else None

    reading = until(grown)
    assert "commits_per_s" not in before.values
    assert reading.source == "postgres"
    assert reading.values["commits_per_s"] >= 20
    assert 0 < reading.values["cache_hit_ratio"] <= 1
    assert reading.values["size_bytes"] > 1_000_000
    assert reading.values["deadlocks"] == 0


def test_connections_that_wait_for_a_lock_are_seen(database, postgres, until):
    with psycopg.connect(database) as one, psycopg.connect(database) as other:
        one.execute("LOCK TABLE student IN ACCESS EXCLUSIVE MODE")
        waiting = threading.Thread(target=lambda: other.execute("LOCK TABLE student"))
        waiting.start()

        def seen():
            (reading,) = postgres.read(time.monotonic())
            return reading if {1.0} == {reading.values[name] for name in LOCKED} else None

        values = until(seen).values
        one.rollback()
        waiting.join(10)
        other.rollback()

    assert values["connections"] == 2


def test_the_costliest_statements_are_told_without_their_values(database, postgres):
    with psycopg.connect(database, autocommit=True) as connection:
        write(connection, 1000, 50)
        connection.execute("SELECT count(*) FROM student WHERE name = 'secret-name'")
        connection.execute("ALTER ROLE tester PASSWORD 'hunter2'")

    statements = postgres.statements()

    inserts = [s for s in statements if s.text.startswith("INSERT INTO student")]
    assert [(s.calls, s.rows) for s in inserts] == [(50, 50)]
    assert all(s.total_ms >= 0 for s in statements)
    assert not any(secret in s.text for s in statements for secret in ("hunter2", "secret-name"))


def test_a_lost_connection_is_made_again(database, postgres):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dms-load-test'"
        )

    with pytest.raises(OSError, match=r"terminat|clos|connection"):
        postgres.read(1.0)
    assert postgres.read(2.0)[0].values["connections"] >= 0


def test_a_database_that_cannot_be_reached_is_told_without_the_password(free_port):
    with pytest.raises(ConfigError, match="POSTGRES_URL") as told:
        Postgres(f"postgresql://tester:hunter2@127.0.0.1:{free_port()}/postgres")
    assert "hunter2" not in str(told.value)


SPECIAL = {
    "a percent sign": "postgresql://mon:hun%ter2@127.0.0.1:{port}/edfi",
    "a blank": "postgresql://mon:hun ter2@127.0.0.1:{port}/edfi",
    "an at sign": "postgresql://mon:hun@ter2@127.0.0.1:{port}/edfi",
    "a slash": "postgresql://mon:hun/ter2@127.0.0.1:{port}/edfi",
    "a question mark and an at sign": "postgresql://mon:hun?x@ter2@127.0.0.1:{port}/edfi",
    "as a parameter": "postgresql://127.0.0.1:{port}/edfi?password=hun%ter2",
    "cut by an ampersand": "postgresql://127.0.0.1:{port}/edfi?password=hun&ter2=",
    "in a list of words": "host=127.0.0.1 port={port} password=hun ter2",
    "in the place of a port": "postgresql://mon:hunter2/edfi",
}


@pytest.mark.parametrize("url", SPECIAL.values(), ids=SPECIAL)
def test_a_password_with_special_characters_is_never_quoted(url, free_port):
    with pytest.raises(ConfigError, match=r"POSTGRES_URL.*percent-encode.*PGPASSWORD") as told:
        Postgres(url.format(port=free_port()))

    chain = [told.value]
    while (cause := chain[-1].__cause__) is not None:
        chain.append(cause)
    assert not [error for error in chain if "hun" in str(error) or "ter2" in str(error)]


@pytest.mark.parametrize("password", ["hun%25ter%402", "hunter?2#[:]", "h\u00fcnter2"])
def test_a_password_that_can_be_read_is_sent_to_the_server(password, free_port):
    with pytest.raises(ConfigError, match="refused"):
        Postgres(f"postgresql://mon:{password}@127.0.0.1:{free_port()}/edfi")


def test_statements_that_are_not_collected_are_no_reason_to_refuse_a_server(free_port, until):
    """The extension was created, but the server does not load it at its start."""
    with started(free_port, until) as url:
        source = Postgres(url)
        (reading,) = source.read(1.0)
        statements = source.statements()
        source.close()

    assert reading.values["size_bytes"] > 1_000_000
    assert statements == []
