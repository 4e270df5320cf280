"""A PostgreSQL server's own statistics: connections, transactions, locks, cache, and the statements that cost most.

Everything is read from `pg_stat_*` views in one read-only connection; a user with the role `pg_monitor` sees all of it.
Source: PostgreSQL 13 and later, chapter "The Cumulative Statistics System"; module `pg_stat_statements`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dms_load_test.errors import ConfigError
from dms_load_test.monitor.reading import Rates, Reading, Statement, ratio

if TYPE_CHECKING:
    import psycopg

_CONNECT_S = 5
_STATEMENT_MS = 3000
_OLDEST = 130_000
_ACTIVITY = """
SELECT count(*),
       count(*) FILTER (WHERE state = 'active'),
       count(*) FILTER (WHERE state LIKE 'idle in transaction%'),
       count(*) FILTER (WHERE wait_event_type = 'Lock'),
       coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()
"""
_LOCKS = """
SELECT count(*), count(*) FILTER (WHERE NOT granted) FROM pg_locks
WHERE pid <> pg_backend_pid() AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_DATABASE = """
SELECT xact_commit, xact_rollback, deadlocks, blks_hit, blks_read, temp_bytes,
       tup_inserted + tup_updated + tup_deleted, tup_returned, pg_database_size(datname)
FROM pg_stat_database WHERE datname = current_database()
"""
_STATEMENTS = """
SELECT queryid::text, left(query, 300), calls, total_exec_time, rows FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND query ~* '^\\s*(select|insert|update|delete|merge|with)\\M'
  AND query !~ 'pg_stat_|pg_locks'
"""
"""Only statements on data: others, such as ALTER ROLE, keep their constants, which may be secrets."""
_MOST_STATEMENTS = 15
_PORTS = re.compile(r"[\d,]*")
_EXPECTED = "expected postgresql://user@host:5432/database"


class _MissingError(OSError):
    """The server answers, but does not have, or does not show, what was asked for."""


class Postgres:
    """One database of a server. Raises: ConfigError: it cannot be reached, or is too old."""

    def __init__(self, url: str) -> None:
        driver = _driver()
        self._url = _readable(url)
        self._errors: tuple[type[Exception], ...] = (driver.Error,)
        not_loaded = driver.errors.ObjectNotInPrerequisiteState
        self._missing: tuple[type[Exception], ...] = (not_loaded, driver.ProgrammingError)
        self._connection: psycopg.Connection[Any] | None = None
        self._rates = Rates()
        self._cache = Rates()
        self._first: dict[str, Statement] = {}
        try:
            connection = self._connect()
            self.name = f"PostgreSQL at {connection.info.host}:{connection.info.port}/{connection.info.dbname}"
            if connection.info.server_version < _OLDEST:
                raise ConfigError(f"{self.name} is older than version 13; leave POSTGRES_URL out")
            self._has_statements = bool(self._row("SELECT count(*) FROM pg_extension WHERE extname = %s")[0])
            self._first = self._first_statements()
        except OSError as error:
            raise ConfigError(f"POSTGRES_URL: {error}; {_EXPECTED}") from error

    def _connect(self) -> psycopg.Connection[Any]:
        """Return the connection, opened if need be. Raises: OSError: the server cannot be reached."""
        if self._connection is None or self._connection.closed:
            try:
                made: psycopg.Connection[Any] = _driver().connect(
                    self._url,
                    autocommit=True,
                    connect_timeout=_CONNECT_S,
                    application_name="dms-load-test",
                    options=f"-c statement_timeout={_STATEMENT_MS} -c default_transaction_read_only=on",
                )
            except _driver().ProgrammingError:
                raise OSError("is no address of a database") from None  # the driver's message quotes it, password too
            except self._errors as error:
                raise OSError(_first_line(error)) from error
            self._connection = made
        return self._connection

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        connection = self._connect()
        try:
            parameters = ("pg_stat_statements",) if "%s" in query else None
            return connection.execute(query, parameters).fetchall()
        except self._missing as error:
            raise _MissingError(_first_line(error)) from error
        except self._errors as error:
            raise OSError(_first_line(error)) from error

    def _row(self, query: str) -> tuple[Any, ...]:
        (row,) = self._rows(query)
        return row

    def read(self, now_s: float) -> list[Reading]:
        """Return one reading: `postgres`. Raises: OSError."""
        connections, active, idle, waiting, oldest_s = self._row(_ACTIVITY)
        locks, ungranted = self._row(_LOCKS)
        commits, rollbacks, deadlocks, hit, read, temp, written, returned, size = self._row(_DATABASE)
        values = {
            "connections": connections,
            "active_connections": active,
            "idle_in_transaction_connections": idle,
            "lock_waiting_connections": waiting,
            "oldest_transaction_s": round(float(oldest_s), 3),
            "locks": locks,
            "ungranted_locks": ungranted,
            "deadlocks": deadlocks,
            "size_bytes": size,
        }
        rates = {
            "commits_per_s": commits,
            "rollbacks_per_s": rollbacks,
            "deadlocks_per_s": deadlocks,
            "rows_written_per_s": written,
            "rows_read_per_s": returned,
            "temp_bytes_per_s": temp,
        }
        values |= {name: round(rate, 3) for name, rate in self._rates.of(rates, now_s).items()}
        blocks = self._cache.of({"hit": hit, "read": read}, now_s)
        share = ratio(blocks.get("hit", 0.0), blocks.get("read", 0.0))
        if share is not None:
            values["cache_hit_ratio"] = round(share, 4)
        return [Reading("postgres", {name: float(value) for name, value in values.items()})]

    def statements(self) -> list[Statement]:
        """Return the statements that took most time since the beginning, the costliest first. Raises: OSError."""
        grown = []
        for key, now in self._all_statements().items():
            before = self._first.get(key, Statement(now.text, 0, 0.0, 0))
            calls, total_ms = now.calls - before.calls, now.total_ms - before.total_ms
            if calls > 0:
                grown.append(Statement(now.text, calls, round(total_ms, 3), now.rows - before.rows))
        return sorted(grown, key=lambda statement: -statement.total_ms)[:_MOST_STATEMENTS]

    def _first_statements(self) -> dict[str, Statement]:
        """Return all statements; none where the server does not load the extension, or hides it from the user."""
        try:
            return self._all_statements()
        except _MissingError:
            self._has_statements = False
            return {}

    def _all_statements(self) -> dict[str, Statement]:
        if not self._has_statements:
            return {}
        found: dict[str, Statement] = {}
        for key, text, calls, total_ms, rows in self._rows(_STATEMENTS):
            known = found.get(key, Statement("", 0, 0.0, 0))  # one row for each user
            words = " ".join(text.split())
            found[key] = Statement(words, known.calls + calls, known.total_ms + total_ms, known.rows + rows)
        return found

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()


def _driver() -> Any:
    try:
        import psycopg  # noqa: PLC0415 - an extra: most runs do without
    except ImportError as error:
        raise ConfigError(
            "POSTGRES_URL is set, but the PostgreSQL driver is not installed; "
            "pip install 'psycopg[binary]', or '.[postgres]' in the checkout"
        ) from error
    return psycopg


def _readable(url: str) -> str:
    """Return the URL. Raises: ConfigError: it would be taken apart within the password, and that quoted in errors."""
    driver = _driver()
    user_and_password = url.partition("://")[2].rpartition("@")[0]
    try:
        parts = driver.conninfo.conninfo_to_dict(url)
    except driver.ProgrammingError:
        parts = None
    if parts is None or set("@/") & set(user_and_password) or not _PORTS.fullmatch(str(parts.get("port", ""))):
        raise ConfigError(
            "POSTGRES_URL cannot be read; percent-encode special characters (% as %25, @ as %40, / as %2F, a blank "
            f"as %20), or leave the password out and set PGPASSWORD; {_EXPECTED}"
        )
    return url


def _first_line(error: Exception) -> str:
    """Return what went wrong; of a readable URL the driver's messages name host and user, never the password."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
