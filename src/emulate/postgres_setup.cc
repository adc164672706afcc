#include "emulate/postgres_setup.h"

#include <chrono>
#include <string>
#include <thread>

#include "base/text.h"

namespace sluice::emulate {
namespace {

using catalog::Connection;
using catalog::Rows;

constexpr std::string_view kInsufficientPrivilege = "42501";
constexpr std::string_view kObjectInUse = "55006";
constexpr std::string_view kCommentStart = "sluice emulate: written up to commit time ";

// Named after the slot, and never a schema that somebody else may have.
std::string schema_of(const PostgresOptions& options) {
  return options.slot.starts_with("sluice_") ? options.slot : "sluice_" + options.slot;
}

// A reader that has just gone holds its slot until the server has noticed.
Result<void> drop_slot(Connection& connection, const std::string& slot) {
  constexpr int kTries = 50;
  for (int tried = 1;; ++tried) {
    const auto dropped = connection.run(
        "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots "
        "WHERE slot_name = $1",
        {slot});
    if (dropped.ok()) return {};
    if (dropped.error().reason != kObjectInUse || tried == kTries) return dropped.error();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

Result<void> check_server(Connection& connection) {
  const Rows level = TRY(connection.run("SHOW wal_level"));
  if (level.text(0, 0) != "logical") {
    return refused(
        "PostgreSQL's wal_level is " + level.text(0, 0) +
        "; emulating needs logical. Run ALTER SYSTEM SET wal_level = logical and restart the server.");
  }
  return {};
}

Result<bool> exists(Connection& connection, const std::string& sql, const std::string& name) {
  const Rows rows = TRY(connection.run(sql, {name}));
  return rows.size() > 0;
}

Result<void> make_publication(Connection& connection, const std::string& name) {
  if (TRY(exists(connection, "SELECT 1 FROM pg_catalog.pg_publication WHERE pubname = $1", name))) return {};
  Result<Rows> made = connection.run("CREATE PUBLICATION " + connection.identifier(name) +
                                     " FOR ALL TABLES WITH (publish_via_partition_root = true)");
  if (made) return {};
  Error error = made.error();
  if (error.reason == kInsufficientPrivilege) {
    error.message += ". Connect as a superuser, or make it yourself: CREATE PUBLICATION " + name +
                     " FOR TABLE ... WITH (publish_via_partition_root = true)";
  }
  return error;
}

// The schema carries the comment of saved_commit_ns() and the event trigger's function.
Result<void> make_schema(Connection& connection, const std::string& name) {
  if (TRY(exists(connection, "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", name))) return {};
  TRY(connection.run("CREATE SCHEMA " + connection.identifier(name)));
  return {};
}

// Tables made later get a full replica identity in the transaction that makes them. Only superusers may have
// event triggers; without one a later table's first changes may lack their old rows, which is noticed.
Result<void> make_event_trigger(Connection& connection, const PostgresOptions& options) {
  const Rows rights = TRY(connection.run("SHOW is_superuser"));
  if (rights.text(0, 0) != "on") {
    if (options.notice) {
      options.notice(
          "not a superuser: tables made from now on need ALTER TABLE ... REPLICA IDENTITY FULL by hand");
    }
    return {};
  }
  if (TRY(exists(connection, "SELECT 1 FROM pg_catalog.pg_event_trigger WHERE evtname = $1", options.slot))) {
    return {};
  }
  const std::string function = connection.identifier(schema_of(options)) + ".set_full_replica_identity";
  TRY(connection.run("CREATE OR REPLACE FUNCTION " + function +
                     "() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $body$\n"
                     "DECLARE made record;\n"
                     "BEGIN\n"
                     "  FOR made IN SELECT c.oid::regclass AS name FROM pg_event_trigger_ddl_commands() d\n"
                     "    JOIN pg_class c ON c.oid = d.objid WHERE d.classid = 'pg_class'::regclass\n"
                     "    AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND c.relreplident <> 'f'\n"
                     "  LOOP EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', made.name); END LOOP;\n"
                     "END $body$"));
  TRY(connection.run("CREATE EVENT TRIGGER " + connection.identifier(options.slot) +
                     " ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO') "
                     "EXECUTE FUNCTION " +
                     function + "()"));
  return {};
}

// Partitions are listed too: their own identity counts when the parent's changes are told.
constexpr const char* kNotFull = R"sql(
SELECT n.nspname, c.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND c.relreplident <> 'f'
  AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
  AND (SELECT p.puballtables FROM pg_catalog.pg_publication p WHERE p.pubname = $1)
UNION
SELECT n.nspname, c.relname
FROM pg_catalog.pg_publication_tables t
JOIN pg_catalog.pg_namespace top ON top.nspname = t.schemaname
JOIN pg_catalog.pg_class root ON root.relnamespace = top.oid AND root.relname = t.tablename
LEFT JOIN LATERAL pg_catalog.pg_partition_tree(root.oid) part ON true
JOIN pg_catalog.pg_class c ON c.oid = coalesce(part.relid, root.oid)
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE t.pubname = $1 AND c.relreplident <> 'f'
)sql";

Result<void> set_full_identities(Connection& connection, const std::string& publication) {
  const Rows tables = TRY(connection.run(kNotFull, {publication}));
  for (int row = 0; row < tables.size(); ++row) {
    TRY(connection.run("ALTER TABLE " + connection.identifier(tables.text(row, 0)) + "." +
                       connection.identifier(tables.text(row, 1)) + " REPLICA IDENTITY FULL"));
  }
  return {};
}

Result<void> make_slot(Connection& connection, const PostgresOptions& options) {
  const Rows slots = TRY(connection.run(
      "SELECT coalesce(plugin, ''), coalesce(database, ''), pg_catalog.current_database() FROM "
      "pg_catalog.pg_replication_slots WHERE slot_name = $1",
      {options.slot}));
  if (slots.size() == 0) {
    TRY(connection.run("SELECT pg_catalog.pg_create_logical_replication_slot($1, 'pgoutput')",
                       {options.slot}));
    if (options.notice) {
      options.notice("made the replication slot " + options.slot + "; changes are seen from now on");
    }
    return {};
  }
  if (slots.text(0, 0) != "pgoutput" || slots.text(0, 1) != slots.text(0, 2)) {
    return refused("the replication slot " + options.slot +
                   " belongs to another plugin or another database; name another slot");
  }
  return {};
}

}  // namespace

Result<void> prepare_database(Connection& connection, const PostgresOptions& options) {
  TRY(check_server(connection));
  // Setting a replica identity waits for the table's transactions; not for ever.
  TRY(connection.run("SET lock_timeout = '15s'"));
  TRY(connection.run("SET synchronous_commit = on"));
  TRY(make_publication(connection, options.publication));
  TRY(make_schema(connection, schema_of(options)));
  TRY(make_event_trigger(connection, options));
  TRY(set_full_identities(connection, options.publication));
  return make_slot(connection, options);
}

Result<int64_t> saved_commit_ns(Connection& connection, const PostgresOptions& options) {
  const Rows rows =
      TRY(connection.run("SELECT pg_catalog.obj_description(oid, 'pg_namespace') FROM "
                         "pg_catalog.pg_namespace WHERE nspname = $1",
                         {schema_of(options)}));
  if (rows.size() == 0) return int64_t{0};
  const std::string comment = rows.text(0, 0);
  if (!comment.starts_with(kCommentStart)) return int64_t{0};
  return parse_int64(std::string_view(comment).substr(kCommentStart.size())).value_or(0);
}

Result<void> save_commit_ns(Connection& connection, const PostgresOptions& options, int64_t commit_ns) {
  TRY(connection.run("COMMENT ON SCHEMA " + connection.identifier(schema_of(options)) + " IS " +
                     connection.literal(std::string(kCommentStart) + std::to_string(commit_ns))));
  return {};
}

Result<pgoutput::Lsn> current_position(Connection& connection) {
  // Its commit flushes the log behind everything before it; nobody is told of the message.
  TRY(connection.run("SELECT pg_catalog.pg_logical_emit_message(true, 'sluice', '')"));
  const Rows rows = TRY(connection.run("SELECT pg_catalog.pg_current_wal_flush_lsn()"));
  const std::optional<pgoutput::Lsn> position = pgoutput::parse_lsn(rows.text(0, 0));
  if (!position) return refused("PostgreSQL gave no position of its log");
  return *position;
}

Result<void> drop_emulation(const PostgresOptions& options) {
  Connection connection = TRY(Connection::open(options.dsn));
  TRY(connection.run("SET client_min_messages = error"));
  TRY(connection.run("DROP EVENT TRIGGER IF EXISTS " + connection.identifier(options.slot)));
  const std::string schema = connection.identifier(schema_of(options));
  TRY(connection.run("DROP FUNCTION IF EXISTS " + schema + ".set_full_replica_identity()"));
  TRY(connection.run("DROP SCHEMA IF EXISTS " + schema));
  TRY(connection.run("DROP PUBLICATION IF EXISTS " + connection.identifier(options.publication)));
  return drop_slot(connection, options.slot);
}

}  // namespace sluice::emulate
