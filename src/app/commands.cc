// Reason for length: one table of every command, its arguments and its help.
#include "app/commands.h"

#include <array>

namespace sluice::app {
namespace {

constexpr std::array kRunArguments = {
    Setting{"json", Kind::Switch, "", "false", "print the summary as one JSON object on standard output"},
    Setting{"verbose", Kind::Switch, "", "false", "show every shard in the summary, also when they are many"},
};

constexpr std::string_view kDialects = "duckdb|postgres|redshift|athena";

constexpr std::array kViewsArguments = {
    Setting{"dialect", Kind::Choice, "DIALECT", "", "whose SQL; what the store speaks if absent", 0, 0, 0,
            kDialects},
    Setting{"print", Kind::Switch, "", "false", "print the statements; this is the default"},
    Setting{"diff", Kind::Switch, "", "false", "say which views differ from those that are there"},
    Setting{"apply", Kind::Switch, "", "false", "run them in one transaction"},
    Setting{"check", Kind::Switch, "", "false", "count the values that a view shows as NULL, per column"},
    Setting{"drop", Kind::Switch, "", "false", "drop the views that sluice has made; no data"},
    Setting{"grant", Kind::Text, "ROLE", "",
            "let this role read the views and nothing else, for example IAMR:analyst"},
    Setting{"grant_public", Kind::Switch, "", "false", "let everybody read the views"},
};

constexpr std::array kSchemaArguments = {
    Setting{"dialect", Kind::Choice, "DIALECT", "", "whose SQL; what the store speaks if absent", 0, 0, 0,
            kDialects},
    Setting{"print", Kind::Switch, "", "false", "print the statements; this is the default"},
    Setting{"diff", Kind::Switch, "", "false", "say what differs from what is there"},
    Setting{"apply", Kind::Switch, "", "false", "make the event log, or bring an older one up to date"},
    Setting{"location", Kind::Text, "s3://BUCKET/PREFIX/", "s3://bucket/prefix/",
            "where Athena's tables live"},
};

constexpr std::array kListArguments = {
    Setting{"reason", Kind::Text, "REASON", "", "only records with this reason"},
    Setting{"limit", Kind::Count, "N", "100", "at most this many, oldest first", 0, 1, 1'000'000},
    Setting{"json", Kind::Switch, "", "false", "one JSON object per record and line"},
};

constexpr std::array kShowArguments = {
    Setting{"json", Kind::Switch, "", "false", "one JSON object, with the bytes in base64"},
    Setting{"raw", Kind::Switch, "", "false", "only the record's bytes, exactly as they came"},
};

constexpr std::array kRetryArguments = {
    Setting{"reason", Kind::Text, "REASON", "", "try every record with this reason"},
    Setting{"all", Kind::Switch, "", "false", "try every record"},
    Setting{"json", Kind::Switch, "", "false", "print the outcome as one JSON object"},
};

constexpr std::array kExportArguments = {
    Setting{"out", Kind::Text, "FILE", "-", "where to write; - is standard output"},
    Setting{"reason", Kind::Text, "REASON", "", "only records with this reason"},
};

constexpr std::array kRedriveArguments = {
    Setting{"queue", Kind::Text, "URL", "", "the on-failure queue, emptied of what is durable then"},
    Setting{"from", Kind::Text, "FILE", "", "one on-failure document instead"},
};

constexpr std::array kGenerateArguments = {
    Setting{"seed", Kind::Count, "N", "1", "the same seed and flags give the same bytes", 0, 0},
    Setting{"changes", Kind::Count, "N", "", "how many row changes to make", 0, 1, 1'000'000'000},
    Setting{"tables", Kind::Text, "NAMES", "", "only these of its tables, separated by commas"},
    Setting{"duplicates", Kind::Ratio, "P", "0", "the share of records that are delivered again"},
    Setting{"reorder", Kind::Text, "N|all", "0",
            "how many records late one may come; all shuffles everything"},
    Setting{"oversize", Kind::Ratio, "P", "0", "the share of changes whose image is split into fragments"},
    Setting{"oversize_bytes", Kind::Size, "SIZE", "64KiB", "records longer than this are split", 0, 64,
            int64_t{64} << 20},
    Setting{"poison", Kind::Ratio, "P", "0", "the share of records that are broken, in every way there is"},
    Setting{"unusual", Kind::Ratio, "P", "0.01", "the share of images and envelopes that are legal but rare"},
    Setting{"schema_changes", Kind::Ratio, "P", "0.002", "the share of transactions that change a table"},
    Setting{"updates", Kind::Ratio, "P", "0.45", "the share of statements that update"},
    Setting{"deletes", Kind::Ratio, "P", "0.1",
            "the share that delete; the rest insert, and each table's key is taught by one delete anyway"},
    Setting{"rows", Kind::Count, "N", "20000", "rows of a table at most; fewer are changed more often", 0, 1,
            4'294'967'295},
    Setting{"statements", Kind::Count, "N", "200", "statements of one transaction at most", 0, 1, 200},
    Setting{"preview", Kind::Switch, "", "false",
            "records as before general availability: no type, txId, ts_ns"},
    Setting{"out", Kind::Text, "FILE", "", "where the records go; - is standard output"},
    Setting{"to", Kind::Text, "kinesis:STREAM", "",
            "put the records into this stream (a name or an ARN) instead"},
    Setting{"truth", Kind::Text, "FILE", "", "where the final state of every table goes, as NDJSON"},
    Setting{"catalog_out", Kind::Text, "FILE", "", "where the tables with types and keys go, for --catalog"},
    Setting{"summary", Kind::Text, "FILE", "", "where the counts of what was made go, as JSON"},
};

constexpr std::array kEmulateArguments = {
    Setting{"out", Kind::Text, "FILE", "", "where the records go; - is standard output"},
    Setting{"to", Kind::Text, "kinesis:STREAM", "",
            "put the records into this stream (a name or an ARN) instead"},
    Setting{"duplicates", Kind::Ratio, "P", "0", "the share of records that are delivered again"},
    Setting{"reorder", Kind::Text, "N", "0", "how many records late one may come"},
    Setting{"oversize_bytes", Kind::Size, "SIZE", "9MiB", "records longer than this are split", 0, 64,
            int64_t{64} << 20},
    Setting{"seed", Kind::Count, "N", "1", "of the adversarial delivery", 0, 0},
    Setting{"follow", Kind::Switch, "", "false", "wait for more changes instead of stopping at the newest"},
    Setting{"slot", Kind::Text, "NAME", "sluice_emulate", "the replication slot, made when it is missing"},
    Setting{"drop", Kind::Switch, "", "false", "remove the slot and what else emulate made, and stop"},
};

constexpr std::array kDriveArguments = {
    Setting{"rate", Kind::Count, "N", "50", "transactions a second; 0 is as fast as it goes", 0, 0, 100'000},
    Setting{"seconds", Kind::Count, "N", "10", "how long; 0 is until Ctrl-C", 0, 0, 31'536'000},
    Setting{"seed", Kind::Count, "N", "1", "of its choices", 0, 0},
    Setting{"schema_only", Kind::Switch, "", "false", "make the tables and stop"},
};

constexpr std::array kCatalogArguments = {
    Setting{"out", Kind::Text, "FILE", "-", "where the catalog goes; - is standard output"},
};

constexpr std::array kCatalogDiffArguments = {
    Setting{"against", Kind::Text, "FILE", "", "another catalog file to compare with"},
    Setting{"json", Kind::Switch, "", "false", "one JSON object"},
};

constexpr std::array kRekeyArguments = {
    Setting{"table", Kind::Text, "TABLE", "", "the source's table, for example public.order_items"},
    Setting{"key", Kind::Text, "COLUMNS", "",
            "its key from now on, separated by commas; otherwise the configuration's, the catalog's or the "
            "store's"},
    Setting{"dry_run", Kind::Switch, "", "false", "only tell what would change"},
    Setting{"json", Kind::Switch, "", "false", "one JSON object"},
};

constexpr std::array kVerifyCurrentArguments = {
    Setting{"json", Kind::Switch, "", "false", "one JSON object per table and line"},
};

constexpr std::array kProbeLambdaArguments = {
    Setting{"function", Kind::Text, "NAME", "",
            "the function: its name, NAME:ALIAS when the mapping names an alias, or its ARN"},
    Setting{"json", Kind::Switch, "", "false", "one JSON object"},
};

constexpr std::array kConfigArguments = {
    Setting{"json", Kind::Switch, "", "false", "one JSON object"},
};

constexpr std::array kCommands = {
    Command{
        .words = "run",
        .summary = "take a change stream into an analytics file, until its end or for good",
        .usage = "--from kinesis:STREAM|file:PATH --to duckdb:PATH|postgres:DSN [flags]",
        .about =
            "Appends every change to cdc_events and keeps the *_current views. Everything that is read is\n"
            "accounted for: it has landed, repeats what is there, is in quarantine or waits for the rest of "
            "an\n"
            "oversized record. Stop it when you like, also with kill -9: the next run continues at the same "
            "place.",
        .examples = "  sluice run --from kinesis:shop-cdc --to duckdb:shop.duckdb --follow\n"
                    "  sluice run --from file:orders.ndjson.gz --to duckdb:shop.duckdb\n"
                    "  sluice emulate --postgres \"$DSN\" --follow --out - | sluice run --from file:- --to "
                    "duckdb:shop.duckdb\n"
                    "  sluice run --config shop.toml --key public.order_items=order_id,line_no --strict",
        .settings = kRun,
        .arguments = kRunArguments,
        .positional = {},
        .many_positionals = false},
    Command{
        .words = "multilang",
        .summary = "take one shard from Amazon's KCL, as the child of its MultiLangDaemon",
        .usage = "--stream STREAM --to postgres:DSN [flags]",
        .about =
            "For more than one machine: the daemon leases the shards of a stream to its workers and starts "
            "this\n"
            "program once per shard. It speaks the daemon's protocol on standard input and output; you do "
            "not\n"
            "start it yourself. A record is checkpointed when it is durable. deploy/kcl/README.md is the "
            "guide.",
        .examples =
            "  executableName = sluice multilang          (in the daemon's properties file, with\n"
            "                                              SLUICE_STREAM and SLUICE_TO in its environment)",
        .settings = kMultilang,
        .arguments = {},
        .positional = {},
        .many_positionals = false},
    Command{
        .words = "query",
        .summary = "ask the file a question in SQL",
        .usage = "--db PATH \"SQL\" [--format table|csv|json|ndjson]",
        .about =
            "Opens the file read-only. - instead of the SQL reads it from standard input. In JSON, integers\n"
            "and floats are numbers with all their digits; decimals, times and NaN are strings.",
        .examples =
            "  sluice query --db shop.duckdb \"SELECT status, sum(total) FROM orders_current GROUP BY 1\"\n"
            "  sluice query --db shop.duckdb --format csv \"FROM orders_as_of(now() - INTERVAL 1 HOUR)\"\n"
            "  echo \"SHOW TABLES\" | sluice query --db shop.duckdb -",
        .settings = kQuery,
        .arguments = {},
        .positional = "SQL statement",
        .many_positionals = false},
    Command{
        .words = "views",
        .summary = "print, compare, make, check or drop the views of every table",
        .usage = "--db STORE|--catalog FILE [--dialect D] [--print|--diff|--apply|--check|--drop] [flags]",
        .about =
            "Per table orders_current, orders_as_of, orders_history and orders_changes, and a view for each\n"
            "array that [table.…] of the configuration unnests. `sluice run` keeps the views itself. Use "
            "this\n"
            "after you changed the catalog or the configuration, or for a database that sluice does not "
            "write\n"
            "to: with --catalog alone no database is needed. --diff and --check exit with 4 when they find\n"
            "something.",
        .examples = "  sluice views --db shop.duckdb --print\n"
                    "  sluice views --db shop.duckdb --catalog shop.catalog.toml --apply\n"
                    "  sluice views --catalog shop.catalog.toml --dialect redshift --grant IAMR:analyst\n"
                    "  sluice views --db shop.duckdb --catalog shop.catalog.toml --check\n"
                    "  sluice views --config shop.toml --db postgres:dbname=shop --apply --grant analyst",
        .settings = kViews,
        .arguments = kViewsArguments,
        .positional = {},
        .many_positionals = false},
    Command{
        .words = "schema",
        .summary = "print, compare or make the event log",
        .usage = "--dialect D|--db STORE [--print|--diff|--apply]",
        .about =
            "cdc_events, cdc_transactions and what the views are written with. `sluice run` makes them in a\n"
            "DuckDB file and in PostgreSQL; for Redshift and Athena print them and run them there.",
        .examples = "  sluice schema --dialect redshift\n"
                    "  sluice schema --dialect athena --location s3://shop-lake/cdc/\n"
                    "  sluice schema --db shop.duckdb --diff",
        .settings = kViews,
        .arguments = kSchemaArguments,
        .positional = {},
        .many_positionals = false},
    Command{.words = "quarantine list",
            .summary = "what is in quarantine, and why",
            .usage = "--db PATH|--quarantine s3://BUCKET/PREFIX [--reason REASON] [--json]",
            .about = "A record that cannot be read as a change is kept with its bytes, its place in the "
                     "source and the\n"
                     "reason. docs/OPERATIONS.md says what each reason means and what to do.",
            .examples = "  sluice quarantine list --db shop.duckdb\n"
                        "  sluice quarantine list --db shop.duckdb --reason crc-mismatch --json\n"
                        "  sluice quarantine list --quarantine s3://shop-cdc/",
            .settings = kQuarantine,
            .arguments = kListArguments,
            .positional = {},
            .many_positionals = false},
    Command{.words = "quarantine show",
            .summary = "one record with its bytes",
            .usage = "ID --db PATH [--raw|--json]",
            .about = "The only command that shows what a quarantined record holds; what a terminal might "
                     "obey is escaped.",
            .examples = "  sluice quarantine show 7 --db shop.duckdb\n"
                        "  sluice quarantine show 7 --db shop.duckdb --raw > record.json",
            .settings = kQuarantine,
            .arguments = kShowArguments,
            .positional = "ID",
            .many_positionals = false},
    Command{
        .words = "quarantine retry",
        .summary = "try records again after a fix; what lands leaves the quarantine",
        .usage = "[ID...|--reason REASON|--all] --db PATH [flags of run]",
        .about =
            "Takes the same keys, catalog and configuration as `sluice run`. Each record lands and leaves "
            "the\n"
            "quarantine in one transaction, or stays. The pieces of one oversized record are tried "
            "together.\n"
            "With --quarantine it is the Lambda function's quarantine: its records go the function's way, "
            "with\n"
            "the function's settings, and leave the bucket when they are durable.",
        .examples =
            "  sluice quarantine retry --all --db shop.duckdb\n"
            "  sluice quarantine retry --reason keyless-delete --key public.notes=note_id --db shop.duckdb\n"
            "  sluice quarantine retry 7 8 --db shop.duckdb\n"
            "  sluice quarantine retry --all --quarantine s3://shop-cdc/ --fragments s3://shop-cdc/ \\\n"
            "    --to redshift:shop/dev --catalog shop.catalog.toml",
        .settings = kRetry,
        .arguments = kRetryArguments,
        .positional = "ID",
        .many_positionals = true},
    Command{
        .words = "quarantine export",
        .summary = "all of it as NDJSON, for another tool or a colleague",
        .usage = "--db PATH [--reason REASON] [--out FILE]",
        .about =
            "One JSON object per record: id, shard, sequence, reason, message, chunk_id, first_seen and the\n"
            "bytes in base64. It holds the records as they came: treat it like the data itself.",
        .examples = "  sluice quarantine export --db shop.duckdb --out quarantine.ndjson",
        .settings = kQuarantine,
        .arguments = kExportArguments,
        .positional = {},
        .many_positionals = false},
    Command{
        .words = "redrive",
        .summary = "land what a Lambda event source mapping gave up",
        .usage = "--queue URL|--from FILE --to redshift:WORKGROUP/DATABASE [flags]",
        .about =
            "Reads exactly the records that each on-failure document points at from the stream, lands them "
            "as\n"
            "the function would, and removes the message when all of them are durable. What has expired is\n"
            "told, and its message stays. docs/lambda.md is the guide.",
        .examples = "  sluice redrive --queue https://sqs.eu-west-1.amazonaws.com/123456789012/shop-dead \\\n"
                    "    --to redshift:shop/dev --quarantine s3://shop-cdc/ --fragments s3://shop-cdc/\n"
                    "  sluice redrive --from document.json --to redshift:shop/dev",
        .settings = kRedrive,
        .arguments = kRedriveArguments,
        .positional = {},
        .many_positionals = false},
    Command{
        .words = "generate",
        .summary = "make a change stream from a seed, together with the state it must lead to",
        .usage = "--seed N --changes N --out FILE|-|--to kinesis:STREAM --truth FILE [flags]",
        .about =
            "A model source: transactions, composite keys, every type, schema changes, repeats, disorder,\n"
            "oversized and broken records, each as strong as you ask. Needs no database.",
        .examples = "  sluice generate --seed 7 --changes 10000 --out changes.ndjson --truth truth.ndjson\n"
                    "  sluice generate --seed 7 --changes 200000 --duplicates 0.05 --reorder all --oversize "
                    "0.001 \\\n"
                    "      --oversize-bytes 4KiB --poison 0.001 --out changes.ndjson --truth truth.ndjson\n"
                    "  sluice generate --seed 7 --changes 10000 --to kinesis:shop-cdc --truth truth.ndjson",
        .settings = kKinesis,
        .arguments = kGenerateArguments,
        .positional = {},
        .many_positionals = false},
    Command{
        .words = "emulate",
        .summary = "turn a PostgreSQL database's changes into DSQL-shaped records",
        .usage = "--postgres DSN --out FILE|-|--to kinesis:STREAM [--follow] [flags]",
        .about = "Reads logical decoding (wal_level=logical, pgoutput) and writes one record per row and\n"
                 "transaction, as Aurora DSQL does. It sets REPLICA IDENTITY FULL on every table, now and "
                 "when one "
                 "is\n"
                 "made later: without it an update lacks the large values that it left alone. The slot "
                 "stays, so a\n"
                 "later call continues where this one stopped; --drop removes it. Only for databases that "
                 "exist for\n"
                 "trying things out.",
        .examples = "  sluice emulate --postgres \"$DSN\" --out changes.ndjson\n"
                    "  sluice emulate --postgres \"$DSN\" --follow --duplicates 0.1 --reorder 100 --out - |\n"
                    "      sluice run --from file:- --to duckdb:shop.duckdb\n"
                    "  sluice emulate --postgres \"$DSN\" --follow --to kinesis:shop-cdc",
        .settings = kPostgres | kKinesis,
        .arguments = kEmulateArguments,
        .positional = {},
        .many_positionals = false},
    Command{
        .words = "drive",
        .summary = "run a small shop on a PostgreSQL database, so that something changes",
        .usage = "--postgres DSN [--rate N] [--seconds N] [--schema-only]",
        .about =
            "Makes customers, products, orders and order_items if they are not there, then inserts, updates\n"
            "and deletes in transactions. Only for databases that exist for trying things out.",
        .examples = "  sluice drive --postgres \"$DSN\" --schema-only\n"
                    "  sluice drive --postgres \"$DSN\" --rate 200 --seconds 30",
        .settings = kPostgres,
        .arguments = kDriveArguments,
        .positional = {},
        .many_positionals = false},
    Command{
        .words = "catalog read",
        .summary = "write the source's tables, types and keys to a file",
        .usage = "--postgres DSN|--dsql ENDPOINT --out FILE",
        .about =
            "With it the views have real types and every key is known from the first record. Keep the file\n"
            "under version control and give it to `sluice run --catalog`.",
        .examples = "  sluice catalog read --postgres \"$DSN\" --out shop.catalog.toml\n"
                    "  sluice catalog read --dsql abc0def1ghi2jkl3mno4pqr5st.dsql.us-east-1.on.aws --out "
                    "shop.catalog.toml",
        .settings = kPostgres | kDsql,
        .arguments = kCatalogArguments,
        .positional = {},
        .many_positionals = false},
    Command{
        .words = "catalog diff",
        .summary = "what has changed since the catalog file was written, and whether to do something",
        .usage = "--catalog FILE --postgres DSN|--dsql ENDPOINT|--against FILE|--db STORE [--json]",
        .about =
            "Compares the file with a database, with another file, or with what a store's events have "
            "really\n"
            "shown. Names new, gone and renamed-looking tables, new, dropped, renamed-looking and retyped\n"
            "columns, keys that changed and tables without one. Exits with 4 when something needs doing, "
            "with 0\n"
            "when nothing does, so that a nightly job can tell.",
        .examples = "  sluice catalog diff --catalog shop.catalog.toml --postgres \"$DSN\"\n"
                    "  sluice catalog diff --catalog shop.catalog.toml --db shop.duckdb --json\n"
                    "  sluice catalog diff --catalog shop.catalog.toml --against new.catalog.toml",
        .settings = kCatalogDiff | kDsql,
        .arguments = kCatalogDiffArguments,
        .positional = {},
        .many_positionals = false},
    Command{
        .words = "catalog learn",
        .summary = "write a catalog from what a store's events have shown, where no database can be asked",
        .usage = "--db STORE --out FILE",
        .about = "Every entry is marked as learned: a number may be a date or a time, a string a numeric, "
                 "and the key\n"
                 "is what the deletes named, or empty while none did. A learned key gives way to the first "
                 "delete\n"
                 "that says otherwise, a learned type to the values. Correct the file by hand, then remove "
                 "the mark.",
        .examples = "  sluice catalog learn --db shop.duckdb --out shop.catalog.toml",
        .settings = kCatalogLearn,
        .arguments = kCatalogArguments,
        .positional = {},
        .many_positionals = false},
    Command{.words = "rekey",
            .summary = "give the rows of a table other record ids, after its key was learned or changed late",
            .usage = "--to DESTINATION --table TABLE [--key COLUMNS] [--dry-run] [--json]",
            .about = "Computes record_id anew from every image in the log, in one transaction, and keeps the "
                     "key as if it\n"
                     "were configured. A run that has the key in its configuration or its catalog does the "
                     "same by itself;\n"
                     "this is for doing it now, and with --dry-run for seeing first how many rows change and "
                     "whether ids\n"
                     "come together that should not. Other writers of a PostgreSQL store may go on.",
            .examples =
                "  sluice rekey --to duckdb:shop.duckdb --table public.order_items --key order_id,line_no "
                "--dry-run\n"
                "  sluice rekey --to \"postgres:$DSN\" --table orders --catalog shop.catalog.toml",
            .settings = kRekey,
            .arguments = kRekeyArguments,
            .positional = {},
            .many_positionals = false},
    Command{.words = "verify-current",
            .summary = "hold the maintained tables against the log",
            .usage = "--db STORE [--json]",
            .about = "For tables with current = \"table\" in the configuration: finds the newest event of "
                     "every row in the\n"
                     "log, in other words than the views do, and compares it with what is kept. Reads the "
                     "whole log of those\n"
                     "tables. Exits with 4 when they differ.",
            .examples = "  sluice verify-current --db shop.duckdb",
            .settings = kVerifyCurrent,
            .arguments = kVerifyCurrentArguments,
            .positional = {},
            .many_positionals = false},
    Command{.words = "probe redshift",
            .summary = "measure what a Redshift workgroup takes, and print it as settings",
            .usage = "--to redshift:WORKGROUP/DATABASE",
            .about =
                "AWS leaves some limits open: how large a statement may be, whether parameters count, large "
                "strings,\n"
                "long polling, what a repeated token does. A dozen small statements find out; no table is "
                "touched. The\n"
                "output is a configuration file, with the answers as comments.",
            .examples =
                "  sluice probe redshift --to redshift:shop/dev > redshift.toml\n"
                "  sluice run --config redshift.toml --from kinesis:shop-cdc --to redshift:shop/dev --state "
                "shop.state.duckdb",
            .settings = kProbe,
            .arguments = {},
            .positional = {},
            .many_positionals = false},
    Command{.words = "probe lambda",
            .summary = "say what about a Lambda function and its mappings can lose changes or stop a shard",
            .usage = "--function NAME [--json]",
            .about =
                "A mapping does what it was told, also where that loses changes without a word. This reads\n"
                "the settings of the function and of what feeds it, changes nothing, and exits with 4 when\n"
                "changes can be lost or stand still. It needs lambda:GetFunctionConfiguration,\n"
                "lambda:ListEventSourceMappings and kinesis:DescribeStreamSummary.",
            .examples = "  sluice probe lambda --function shop-sluice",
            .settings = kKinesis,
            .arguments = kProbeLambdaArguments,
            .positional = {},
            .many_positionals = false},
    Command{.words = "config show",
            .summary = "every setting in force and where its value came from",
            .usage = "[--config FILE] [--json] [any flag of run]",
            .about =
                "A flag wins over the environment, the environment over the file, the file over the default.",
            .examples = "  sluice config show --config shop.toml\n"
                        "  SLUICE_BATCH_ROWS=1000 sluice config show --json",
            .settings = ~0U,
            .arguments = kConfigArguments,
            .positional = {},
            .many_positionals = false},
};

}  // namespace

std::span<const Command> all_commands() { return kCommands; }

const Command& function_command() {
  static constexpr Command kFunctionCommand{.words = "lambda",
                                            .summary = {},
                                            .usage = {},
                                            .about = {},
                                            .examples = {},
                                            .settings = kFunction,
                                            .arguments = {},
                                            .positional = {},
                                            .many_positionals = false};
  return kFunctionCommand;
}

std::vector<const Setting*> flags_of(const Command& command) {
  std::vector<const Setting*> flags;
  for (const Setting& setting : all_settings()) {
    if ((setting.commands & command.settings) != 0) flags.push_back(&setting);
  }
  for (const Setting& argument : command.arguments) flags.push_back(&argument);
  return flags;
}

}  // namespace sluice::app
