#include "app/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "app/units.h"
#include "base/text.h"

namespace sluice::app {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kGiB = int64_t{1} << 30;
constexpr int64_t kTiB = int64_t{1} << 40;
constexpr int64_t kDayMs = 86'400'000;
// Everything that talks to Redshift.
constexpr unsigned kRedshift = kRun | kRetry | kViews | kQuarantine | kRekey | kCatalogDiff | kCatalogLearn |
                               kProbe | kFunction | kRedrive;

constexpr std::array kSettings = {
    Setting{"from", Kind::Text, "SOURCE", "",
            "where records come from: kinesis:STREAM (name or ARN), file:PATH, or file:- for standard input",
            kRun},
    Setting{"to", Kind::Text, "DESTINATION", "",
            "where rows go: duckdb:PATH, postgres:DSN or redshift:WORKGROUP/DATABASE",
            kRun | kRetry | kMultilang | kRekey | kProbe | kFunction | kRedrive},
    Setting{"db", Kind::Text, "STORE", "",
            "the DuckDB file, postgres:DSN or redshift:WORKGROUP/DATABASE to look into; what `to` names if "
            "absent",
            kQuery | kViews | kQuarantine | kRetry | kCatalogDiff | kCatalogLearn | kVerifyCurrent},
    Setting{"follow", Kind::Switch, "", "false",
            "wait for more at the end of the source instead of stopping there", kRun},
    Setting{"start", Kind::Text, "PLACE", "trim-horizon",
            "where a store's first run begins in a stream: trim-horizon, latest, or at:2026-09-21T14:00:00Z",
            kRun},
    Setting{"region", Kind::Text, "REGION", "",
            "the AWS Region; otherwise that of the stream's ARN, AWS_REGION, the profile's or the instance's",
            kRun | kKinesis | kMultilang | kRedshift | kDsql},
    Setting{"profile", Kind::Text, "NAME", "",
            "the profile of the shared AWS files, before keys in the environment",
            kRun | kKinesis | kMultilang | kRedshift | kDsql},
    Setting{"endpoint_url", Kind::Text, "URL", "", "where AWS is, for emulators and private endpoints",
            kRun | kKinesis | kMultilang | kRedshift},
    Setting{"stream", Kind::Text, "STREAM", "",
            "the stream that the MultiLangDaemon reads (name or ARN), as its properties name it", kMultilang},
    Setting{"read_ahead", Kind::Size, "SIZE", "64MiB",
            "memory for what was read from a stream and waits for its transaction", kRun, 10 << 20, kGiB},
    Setting{"catalog", Kind::Text, "CATALOG", "",
            "the source's tables with types and keys, as `sluice catalog read` writes them: a file, "
            "s3://BUCKET/KEY, or toml: or gzip: (base64) and the text itself",
            kRun | kViews | kRetry | kMultilang | kCatalogDiff | kRekey | kFunction | kRedrive},
    Setting{"keys", Kind::Keys, "TABLE=COLUMNS", "",
            "the columns that identify a row, for example public.order_items=order_id,line_no",
            kRun | kRetry | kMultilang | kFunction | kRedrive},
    Setting{
        "quarantine", Kind::Text, "PLACE", "",
        "where the Lambda function keeps records that can never be rows: s3://BUCKET/PREFIX or a queue's URL",
        kFunction | kRedrive | kQuarantine | kRetry},
    Setting{"fragments", Kind::Text, "s3://BUCKET/PREFIX", "",
            "where the Lambda function's processes share the pieces of oversized records",
            kFunction | kRedrive | kRetry},
    Setting{"repeats", Kind::Choice, "CHOICE", "land",
            "what becomes of a change that is in the log already; the views are right either way",
            kRun | kRetry | kMultilang, 0, 0, "land|skip"},
    Setting{"strict", Kind::Switch, "", "false",
            "exit with 4 when something went to quarantine or a table has no key", kRun},
    Setting{"progress", Kind::Choice, "CHOICE", "auto",
            "a line that rewrites itself, plain lines, JSON lines or nothing, on standard error", kRun, 0, 0,
            "auto|plain|json|none"},
    Setting{"log", Kind::Choice, "CHOICE", "text",
            "how notices and errors are written on standard error; json has a time and a level", kRun, 0, 0,
            "text|json"},
    Setting{"listen", Kind::Text, "ADDRESS:PORT", "",
            "serve /healthz and /metrics (Prometheus) there, for example 127.0.0.1:9464", kRun},
    Setting{"unhealthy_after", Kind::Duration, "TIME", "5min",
            "/healthz fails when records wait this long and nothing becomes durable", kRun, 1000, kDayMs},
    Setting{"batch_rows", Kind::Count, "N", "245760", "records in one transaction at most", kRun | kRetry, 1,
            10'000'000},
    Setting{"batch_bytes", Kind::Size, "SIZE", "96MiB", "bytes of records in one transaction at most",
            kRun | kRetry, 64 << 10, kGiB},
    Setting{"batch_ms", Kind::Millis, "TIME", "1000", "the longest that a record waits for its transaction",
            kRun | kRetry, 1, 3'600'000},
    Setting{"incomplete_after", Kind::Duration, "TIME", "8d",
            "how long the pieces of an oversized record wait for the rest before they go to quarantine",
            kRun | kRetry | kMultilang | kFunction | kRedrive, 1000, 3650 * kDayMs},
    Setting{"fragment_memory", Kind::Size, "SIZE", "64MiB",
            "memory for waiting pieces; beyond it they are read back from the file",
            kRun | kRetry | kMultilang, 0, kTiB},
    Setting{"max_record_bytes", Kind::Size, "SIZE", "32MiB", "a longer line stops the run with an error",
            kRun, 1024, kGiB},
    Setting{"memory_limit", Kind::Size, "SIZE", "192MB", "memory that DuckDB may take",
            kRun | kQuery | kViews | kQuarantine | kRetry | kCatalogDiff | kCatalogLearn | kRekey |
                kVerifyCurrent,
            64 * kMiB, kTiB},
    Setting{"threads", Kind::Count, "N", "2", "threads that DuckDB may take",
            kRun | kQuery | kViews | kQuarantine | kRetry | kCatalogDiff | kCatalogLearn | kRekey |
                kVerifyCurrent,
            1, 256},
    Setting{"format", Kind::Choice, "CHOICE", "table", "how the rows of a query are written", kQuery, 0, 0,
            "table|csv|json|ndjson"},
    Setting{"max_rows", Kind::Count, "N", "1000",
            "rows that a table on a terminal shows at most; elsewhere every row is written", kQuery, 1,
            1'000'000},
    Setting{"state", Kind::Text, "FILE", "",
            "the DuckDB file for ledger, waiting pieces and quarantine of a run to Redshift, which takes the "
            "rows",
            kRedshift & ~(kProbe | kFunction | kRedrive)},
    Setting{"redshift_secret", Kind::Text, "ARN", "",
            "the secret of Secrets Manager that has Redshift's user and password; otherwise the AWS identity",
            kRedshift},
    Setting{"redshift_user", Kind::Text, "NAME", "",
            "the database user of a provisioned cluster without a secret", kRedshift},
    Setting{"redshift_schema", Kind::Text, "NAME", "public", "the schema of cdc_events in Redshift",
            kRedshift},
    Setting{"redshift_shape", Kind::Choice, "CHOICE", "packed",
            "how rows travel to Redshift: one JSON parameter, a parameter per value, or files on S3 and COPY",
            kRedshift, 0, 0, "packed|values|copy"},
    Setting{"redshift_statement_bytes", Kind::Count, "N", "90000",
            "SQL and parameters of one statement at most; Redshift takes 100,000 or 200,000 bytes", kRedshift,
            4096, 16'000'000},
    Setting{"redshift_string_bytes", Kind::Count, "N", "65535",
            "the longest string in a row; 16000000 where enable_large_strings_opt_in is on", kRedshift, 1,
            16'000'000},
    Setting{"redshift_parameters", Kind::Count, "N", "200", "parameters of one statement at most", kRedshift,
            20, 32'767},
    Setting{"redshift_in_flight", Kind::Count, "N", "4", "statements that run at the same time at most",
            kRedshift, 1, 200},
    Setting{"redshift_calls_per_second", Kind::Count, "N", "20",
            "calls of the Data API that this process makes; the whole account has 30 submissions", kRedshift,
            1, 100},
    Setting{"redshift_wait", Kind::Duration, "TIME", "20s",
            "how long one call waits for a statement's end; 0s asks again and again instead", kRedshift, 0,
            30'000},
    Setting{"redshift_copy", Kind::Text, "s3://BUCKET/PREFIX", "",
            "where files for COPY go: for rows that no statement carries, large batches, and the shape copy",
            kRedshift},
    Setting{"redshift_copy_role", Kind::Text, "ROLE", "default",
            "the role that Redshift reads those files with: default, or an ARN", kRedshift},
    Setting{"redshift_copy_bytes", Kind::Size, "SIZE", "8MiB",
            "a batch with more bytes of images goes by COPY when redshift_copy is set", kRedshift, 1, kGiB},
    Setting{"redshift_patience", Kind::Duration, "TIME", "5min",
            "how long a Redshift that does not answer is waited for; then the run stops and loses nothing",
            kRedshift & ~kProbe, 1000, kDayMs},
    Setting{"postgres", Kind::Secret, "DSN", "",
            "the PostgreSQL database: a URI or key=value pairs, as libpq reads them",
            kPostgres | kCatalogDiff},
    Setting{"dsql", Kind::Text, "ENDPOINT", "",
            "the Aurora DSQL cluster, for example abc0def1ghi2jkl3mno4pqr5st.dsql.us-east-1.on.aws", kDsql},
    Setting{"dsql_user", Kind::Text, "NAME", "admin",
            "the database role there; admin needs dsql:DbConnectAdmin, any other dsql:DbConnect", kDsql},
    Setting{"dsql_port", Kind::Count, "N", "5432", "the cluster's port", kDsql, 1, 65'535},
    Setting{"dsql_ca", Kind::Text, "FILE", "",
            "the certificates that TLS believes there; otherwise SSL_CERT_FILE or the system's", kDsql},
};

std::string with_hyphens(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

}  // namespace

std::span<const Setting> all_settings() { return kSettings; }

const Setting* find_setting(std::string_view name) {
  const auto* found = std::find_if(kSettings.begin(), kSettings.end(),
                                   [&](const Setting& setting) { return setting.name == name; });
  return found == kSettings.end() ? nullptr : found;
}

std::string flag_of(const Setting& setting) {
  return setting.kind == Kind::Keys ? "--key" : "--" + with_hyphens(setting.name);
}

std::string environment_name_of(const Setting& setting) {
  std::string text = "SLUICE_";
  for (const char c : setting.name) text.push_back(static_cast<char>(std::toupper(c)));
  return text;
}

std::string expectation_of(const Setting& setting) {
  switch (setting.kind) {
    case Kind::Choice: {
      std::string text = "one of ";
      for (const char c : setting.choices) {
        if (c == '|') {
          text += ", ";
        } else {
          text += c;
        }
      }
      return text;
    }
    case Kind::Switch:
      return "true or false";
    case Kind::Count:
      if (setting.most == INT64_MAX) return fmt::format("a whole number from {}", setting.least);
      return fmt::format("a whole number from {} to {}", setting.least, setting.most);
    case Kind::Ratio:
      return "a number from 0 to 1, for example 0.01";
    case Kind::Size:
      return fmt::format("a size from {} to {}, for example 64MiB", size_text(setting.least),
                         size_text(setting.most));
    case Kind::Duration:
    case Kind::Millis:
      return fmt::format("a time from {} to {} with its unit, for example 500ms, 5s or 8d",
                         duration_text(setting.least), duration_text(setting.most));
    case Kind::Keys:
      return "schema.table=column,column";
    case Kind::Text:
    case Kind::Secret:
      return "a text";
  }
  return {};
}

}  // namespace sluice::app
