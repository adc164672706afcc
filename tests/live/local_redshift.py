"""The local Redshift (tests/redshift) with the shop's tables and views, for tests that hold it against its source.

The source is a database of its own in the same PostgreSQL server. Both are read by psycopg, row by row and column by column.
"""

import decimal
import json
import os
import subprocess
import sys
import urllib.request

import psycopg

import cloud
import compare

SERVER = os.environ.get("SLUICE_TEST_DSN", "")
# As the stand-in sets it for its own sessions.
SESSION = "-c timezone=UTC -c redshift.string_bytes=16000000 -c redshift.super_bytes=16000000"
INSTANT = "CASE WHEN isfinite({0}) THEN trunc(extract(epoch FROM {0}) * 1000000)::text END"
TEXT = {"date": "CASE WHEN isfinite({0}) THEN ({0} - DATE '1970-01-01')::text END",
        "timestamp without time zone": INSTANT, "timestamp with time zone": INSTANT,
        "time without time zone": "trunc(extract(epoch FROM {0}) * 1000000)::text",
        "interval": "trunc(extract(epoch FROM {0}) * 1000000)::text", "bytea": "encode({0}, 'hex')",
        "redshift.super": "CASE WHEN {0} IS NOT NULL THEN redshift.json_serialize({0}) END"}
# What of the source docs/types.md says is not in a view: infinite dates.
SOURCE_TEXT = {**{base: way[0].replace("{c}", "{0}") for base, way in compare.TYPES.items()},
               "date": TEXT["date"], "timestamp without time zone": INSTANT, "timestamp with time zone": INSTANT}


def make_source(name):
    """The DSN of a new, empty database beside the one that plays Redshift."""
    with psycopg.connect(SERVER, autocommit=True) as maker:
        maker.execute(f"CREATE DATABASE {name}")
    return SERVER.replace("dbname=postgres", f"dbname={name}")


def number(text):
    return None if text is None else str(decimal.Decimal(text).normalize() + 0)


def content(text):
    return None if text is None else json.dumps(json.loads(text, parse_int=number, parse_float=number), sort_keys=True)


# By the type in the view, what of a value counts; of all others every character does.
COUNTS = {"redshift.super": content, "real": number, "double precision": number, "numeric": number}


def read(dsn, relation, texts, options, chosen):
    """Its columns' types by their names, and its rows as texts in the order of the names."""
    with psycopg.connect(dsn, options=options) as connection:
        columns = connection.execute(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
            "AND NOT attisdropped AND (%s::text[] IS NULL OR attname = ANY(%s)) ORDER BY attname",
            (compare.quoted(relation), chosen, chosen)).fetchall()
        select = ", ".join(texts.get(kind, "{0}::text").format(compare.quoted(name)) for name, kind in columns)
        rows = connection.execute(f"SELECT {select} FROM {compare.quoted(relation)}".replace("%", "%%")).fetchall()
    return dict(columns), rows


def differences(source, tables, chosen=None):
    """What the views of the tables show otherwise than the source has it, in words, and the number of rows compared; of all
    columns, or of the chosen ones."""
    found, total = [], 0
    for table in tables:
        columns, wanted = read(source, table, SOURCE_TEXT, "-c timezone=UTC", chosen)
        shown, got = read(SERVER, f"{table}_current", TEXT, SESSION, chosen)
        if list(columns) != list(shown):
            found.append(f"{table}: the columns {list(shown)}, not {list(columns)}")
            continue
        ways = [COUNTS.get(kind, str) for kind in shown.values()]

        def spelled(rows):
            return sorted(str([None if cell is None else way(cell) for way, cell in zip(ways, row)]) for row in rows)

        wanted, got = spelled(wanted), spelled(got)
        total += len(wanted)
        found += [f"{table}: not shown: {row[:300]}" for row in sorted(set(wanted) - set(got))[:3]]
        found += [f"{table}: not in the source: {row[:300]}" for row in sorted(set(got) - set(wanted))[:3]]
        if len(wanted) != len(got):
            found.append(f"{table}: {len(got)} rows, not {len(wanted)}")
    return found, total


class Redshift:
    """The stand-in as a process of its own, whose COPY reads from the S3 of `s3`, a Cloud."""

    def __init__(self, s3=None, **settings):
        with psycopg.connect(SERVER, autocommit=True) as maker:
            maker.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        words = [sys.executable, cloud.ROOT / "tests/redshift/server.py", "--dsn", SERVER]
        words += ["--s3-endpoint", s3.url] if s3 else []
        for name, value in settings.items():
            words += ["--set", f"{name}={json.dumps(value)}"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        env={**os.environ, **(s3.credentials if s3 else {})})
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise AssertionError("the local Redshift does not start")
        self.client = cloud.client("redshift-data", self.url)

    def control(self, **request):
        call = urllib.request.Request(self.url + "/_control", json.dumps(request).encode(), method="POST")
        with urllib.request.urlopen(call) as reply:
            return json.load(reply)

    def run_script(self, text):
        """Statements that end in ";" at a line's end, as sluice prints them, one after the other."""
        for sql in text.split(";\n"):
            if not sql.strip() or all(line.startswith("--") for line in sql.strip().splitlines()):
                continue
            made = self.client.execute_statement(WorkgroupName="shop", Database="dev", Sql=sql.strip())["Id"]
            state = cloud.wait_for("a statement", lambda: self.ended(made))
            if state["Status"] != "FINISHED":
                raise AssertionError(f"{state.get('Error')}\n{sql}")

    def ended(self, statement):
        state = self.client.describe_statement(Id=statement)
        return state if state["Status"] in ("FINISHED", "FAILED", "ABORTED") else None

    def make_log_and_views(self, sluice, catalog):
        """As docs/lambda.md says: by the texts that sluice prints. Without a catalog the log alone."""
        views = [["views", "--catalog", catalog, "--dialect", "redshift", "--print"]] if catalog else []
        for words in [["schema", "--dialect", "redshift"], *views]:
            self.run_script(subprocess.run([sluice, *words], capture_output=True, text=True, check=True).stdout)

    def positions(self):
        """{(shard, sequence number)} of every row, the shard without its stream."""
        with psycopg.connect(SERVER) as connection:
            rows = connection.execute("SELECT DISTINCT shard_id, sequence_number FROM public.cdc_events").fetchall()
        return {(shard.split("/")[-1], sequence) for shard, sequence in rows}

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()
