"""Statements of the stand-in: their states, their tokens, and running them on PostgreSQL."""

import csv
import dataclasses
import gzip
import io
import json
import re
import threading
import time
import uuid

import psycopg
import psycopg.sql
from sqlglot import exp

from translate import Unknown, translate

csv.field_size_limit(20_000_000)
FINAL = ("FINISHED", "FAILED", "ABORTED")
SETTINGS_OF_SESSIONS = ("enable_case_sensitive_identifier", "enable_case_sensitive_super_attribute",
                        "search_path", "timezone")


@dataclasses.dataclass
class Statement:
    id: str
    sqls: list
    parameters: dict
    batch: bool = False
    mode: str = "TRANSACTION"
    session: str = ""
    place: dict = dataclasses.field(default_factory=dict)
    status: str = "SUBMITTED"
    error: str = ""
    rows: int = -1
    created: float = dataclasses.field(default_factory=time.time)
    updated: float = dataclasses.field(default_factory=time.time)
    started: float = 0.0
    columns: list = None
    result: list = None
    subs: list = dataclasses.field(default_factory=list)
    rule: dict = dataclasses.field(default_factory=dict)
    cancelled: bool = False
    pid: int = 0
    waiters: int = 0

    def is_final(self):
        return self.status in FINAL


class Failed(Exception):
    """The statement FAILED, with these words."""


class Session:
    """A connection and what SET has changed on it."""

    def __init__(self, engine):
        self.connection = psycopg.connect(engine.dsn, autocommit=True, cursor_factory=psycopg.ClientCursor)
        self.connection.execute(f"SET redshift.string_bytes = {engine.settings['string_bytes']}")
        self.connection.execute(f"SET redshift.super_bytes = {engine.settings['super_bytes']}")
        self.connection.execute("SET timezone = 'UTC'; SET search_path = public, redshift")
        self.case_sensitive = False
        self.lock = threading.Lock()
        self.closes = 0.0


class Engine:
    """Runs statements as they are submitted, each in its own time. Threads: any."""

    def __init__(self, dsn, settings, s3):
        self.dsn = dsn
        self.settings = settings
        self.s3 = s3
        self.changed = threading.Condition()
        self.statements = {}
        self.tokens = {}
        self.sessions = {}
        with psycopg.connect(dsn, autocommit=True) as connection:
            if connection.execute("SELECT to_regtype('redshift.super') IS NULL").fetchone()[0]:
                path = __file__.replace("engine.py", "super.sql")
                with open(path, encoding="utf-8") as file:
                    connection.execute(file.read())

    def active(self):
        return sum(not one.is_final() for one in self.statements.values())

    def make_principals(self, names):
        """user:NAME, role:NAME and group:NAME, as somebody made them with CREATE USER and the like."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for name in names:
                if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone() is None:
                    connection.execute(psycopg.sql.SQL("CREATE ROLE {}").format(psycopg.sql.Identifier(name)))

    def submit(self, statement, token, keep_alive):
        with self.changed:
            if keep_alive and not statement.session:
                statement.session = str(uuid.uuid4())
                self.sessions[statement.session] = Session(self)
            self.statements[statement.id] = statement
            if token:
                self.tokens[token] = (statement.id, time.time())
        threading.Thread(target=self.run, args=(statement,), daemon=True).start()

    def move(self, statement, status, error=""):
        with self.changed:
            if statement.is_final():
                return
            statement.status, statement.updated = status, time.time()
            if error:
                statement.error = error
            self.changed.notify_all()

    def wait(self, statement, seconds):
        with self.changed:
            self.changed.wait_for(statement.is_final, timeout=seconds)

    def cancel(self, statement):
        with self.changed:
            if statement.is_final():
                return False
            statement.cancelled = True
            if statement.pid:
                with psycopg.connect(self.dsn, autocommit=True) as connection:
                    connection.execute("SELECT pg_cancel_backend(%s)", (statement.pid,))
            self.changed.notify_all()
        return True

    def pause(self, statement, seconds):
        with self.changed:
            self.changed.wait_for(lambda: statement.cancelled, timeout=seconds)

    def run(self, statement):
        rule = statement.rule
        session = self.sessions.get(statement.session)
        try:
            self.pause(statement, self.settings["queue_ms"] / 1000)
            self.move(statement, "PICKED")
            statement.started = time.time()
            self.move(statement, "STARTED")
            self.pause(statement, rule.get("delay_ms", self.settings["statement_ms"]) / 1000)
            if rule.get("hang"):
                self.pause(statement, 86_400)
            if statement.cancelled or rule.get("abort"):
                return self.move(statement, "ABORTED")
            if rule.get("fail"):
                raise Failed(rule["fail"])
            if session is None:
                session = Session(self)
            with session.lock:
                statement.pid = session.connection.info.backend_pid
                self.execute(statement, session)
        except Failed as failed:
            return self.move(statement, "ABORTED" if statement.cancelled else "FAILED", str(failed))
        except psycopg.OperationalError as error:
            return self.move(statement, "FAILED", f"ERROR: connection to the stand-in's PostgreSQL: {error}")
        finally:
            statement.pid = 0
            if session is not None and not statement.session:
                session.connection.close()
        if "rows" in rule:
            statement.rows = rule["rows"]
        return self.move(statement, "FINISHED")

    def execute(self, statement, session):
        if not statement.batch:
            self.one(statement, session, statement.sqls[0], statement.parameters)
            return
        failed = None
        for number, sql in enumerate(statement.sqls, 1):
            sub = Statement(id=f"{statement.id}:{number}", sqls=[sql], parameters={})
            statement.subs.append(sub)
        if statement.mode == "TRANSACTION":
            session.connection.execute("BEGIN")
        for sub in statement.subs:
            used = {name: value for name, value in statement.parameters.items()
                    if name in translate(sub.sqls[0], session.case_sensitive).parameters}
            try:
                self.one(sub, session, sub.sqls[0], used)
                sub.status = "FINISHED"
            except Failed as error:
                sub.status, sub.error, failed = "FAILED", str(error), error
                if statement.mode == "TRANSACTION":
                    break
        if statement.mode == "TRANSACTION":
            session.connection.execute("ROLLBACK" if failed else "COMMIT")
            for sub in statement.subs:
                if sub.status == "SUBMITTED":
                    sub.status = "ABORTED"
        if failed:
            raise failed
        statement.rows = -1

    def one(self, statement, session, sql, parameters):
        try:
            text = translate(sql, session.case_sensitive)
        except Unknown as error:
            raise Failed(f"ERROR: {error}") from error
        if text.kind == "set":
            return self.set(session, text.tree)
        if text.kind == "transaction" and (not statement.session or statement.batch):
            raise Failed(f"ERROR: the stand-in knows {text.text} as a single statement of a session only")
        if text.kind == "transaction":
            session.connection.execute(text.text)
            return None
        if text.kind == "copy":
            statement.rows = self.copy(session, text.tree)
            return None
        try:
            with session.connection.cursor() as cursor, session.connection.transaction():
                before = self.view_columns(cursor, text.tree)
                cursor.execute(text.text, parameters)
                if before and before != self.view_columns(cursor, text.tree):
                    raise Failed("ERROR: cannot change number of columns in view")
                if cursor.description is not None:
                    statement.columns = [(column.name, column.type_code) for column in cursor.description]
                    statement.result = cursor.fetchall()
                statement.rows = cursor.rowcount if text.kind != "ddl" else 0
        except psycopg.errors.QueryCanceled as error:
            raise Failed("ERROR: Query cancelled on user's request") from error
        except psycopg.errors.UndefinedObject as error:
            words = re.sub(r'role "(user|group|role):', r'\1 "', error.diag.message_primary or str(error))
            raise Failed(f"ERROR: {words}") from error
        except psycopg.errors.CheckViolation as error:
            raise Failed("ERROR: Value too long for character type") from error
        except psycopg.errors.NotNullViolation as error:
            raise Failed(f"ERROR: Cannot insert a NULL value into column {error.diag.column_name}") from error
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            raise Failed(f"ERROR: {error.diag.message_primary or error}") from error
        return None

    def view_columns(self, cursor, tree):
        """Of what a CREATE OR REPLACE VIEW replaces: Redshift takes the identical columns only, PostgreSQL more as well."""
        if not isinstance(tree, exp.Create) or tree.kind != "VIEW":
            return None
        cursor.execute("SELECT attname, atttypid, atttypmod FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 "
                       "ORDER BY attnum", (tree.this.sql("postgres"),))
        return cursor.fetchall()

    def set(self, session, tree):
        item = tree.expressions[0].this
        name, value = item.this.name.lower(), item.expression.sql().lower()
        if name not in SETTINGS_OF_SESSIONS:
            raise Failed(f"ERROR: unrecognized configuration parameter {name}")
        if name.startswith("enable_case_sensitive"):
            session.case_sensitive = value in ("true", "on")
        elif name == "search_path":
            session.connection.execute(f"SET search_path = {value}, redshift")
        elif name != "timezone":
            raise Failed(f"ERROR: the stand-in does not know the setting {name}")

    # COPY table (columns) FROM 's3://bucket/key' IAM_ROLE ... FORMAT AS CSV [GZIP] [MANIFEST] [TIMEFORMAT 'auto']
    def copy(self, session, tree):
        words = " ".join(one.sql() for one in tree.args["params"]).upper()
        unknown = re.sub(r"FORMAT(?: AS)? CSV|GZIP|MANIFEST|TIMEFORMAT|'AUTO'|WITH|[(),]", "", words).strip()
        if "CSV" not in words or unknown:
            raise Failed(f"ERROR: the stand-in does not know this COPY: {unknown or 'no FORMAT AS CSV'}")
        if tree.args.get("credentials") is None:
            raise Failed("ERROR: COPY needs an IAM_ROLE")
        columns = [column.name.lower() for column in tree.this.expressions]
        table = tree.this.this.sql("postgres")
        urls = [tree.args["files"][0].name]
        if "MANIFEST" in words:
            entries = json.loads(self.fetch(urls[0], True))["entries"]
            urls = [entry["url"] for entry in entries if self.fetch(entry["url"], entry.get("mandatory", False)) is not None]
        rows = 0
        try:
            with session.connection.transaction(), session.connection.cursor() as cursor:
                cursor.execute("SET LOCAL redshift.super_bytes = 16000000")
                for url in urls:
                    data = self.fetch(url, True)
                    rows += self.load(cursor, table, columns, gzip.decompress(data) if "GZIP" in words else data)
        except psycopg.Error as error:
            raise Failed(f"ERROR: Load into table failed: {error.diag.message_primary}. Check 'sys_load_error_detail' "
                         "system table for details.") from error
        return rows

    def fetch(self, url, mandatory):
        data = self.s3(url) if self.s3 else None
        if data is None and mandatory:
            raise Failed(f"ERROR: S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey: {url}")
        return data

    def load(self, cursor, table, columns, data):
        """Lines of CSV; \\N without quotes is NULL, and a field for a SUPER column is JSON text."""
        names = ", ".join(f'"{name}"' for name in columns)
        values = ", ".join("redshift.json_parse(%s)" if name == "event_data" else "%s" for name in columns)
        rows = 0
        for line in csv.reader(io.StringIO(data.decode("utf-8"), newline="")):
            if len(line) != len(columns):
                raise Failed("ERROR: Load into table failed: Extra or missing columns. Check 'sys_load_error_detail'.")
            cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({values})",
                           [None if field == "\\N" else field for field in line])
            rows += cursor.rowcount
        return rows
