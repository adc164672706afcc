#include "sink/postgres/connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "catalog/connect_failure.h"
#include "catalog/postgres_connection.h"

namespace sluice::sink::postgres {
namespace {

using catalog::one_line;
using Holder = std::unique_ptr<PGresult, void (*)(PGresult*)>;

class ResultRows final : public Rows {
 public:
  explicit ResultRows(Holder result) : result_(std::move(result)) {}
  int size() const override { return PQntuples(result_.get()); }
  int columns() const override { return PQnfields(result_.get()); }
  std::optional<std::string_view> value(int row, int column) const override {
    if (PQgetisnull(result_.get(), row, column) != 0) return std::nullopt;
    return std::string_view(PQgetvalue(result_.get(), row, column),
                            static_cast<size_t>(PQgetlength(result_.get(), row, column)));
  }
  int64_t touched() const override { return parse_int64(PQcmdTuples(result_.get())).value_or(0); }

 private:
  Holder result_;
};

// What to do about the states that a person can put right.
std::string_view advice(std::string_view state) {
  struct Advice {
    std::string_view state;
    std::string_view text;
  };
  static constexpr std::array<Advice, 5> kAdvice = {{
      {"42501",
       " Grant the role CREATE and USAGE on the schema, or name another one in the connection string: "
       "options=-csearch_path=NAME."},
      {"3F000", " Make the schema first, or name another one: options=-csearch_path=NAME."},
      {"53100", " The server's disk is full; make room and run it again."},
      {"25006", " It is a replica or set read-only; name the server that takes writes."},
      {"42P07", " Something of that name is there already; name another database or schema."},
  }};
  const auto* found = std::ranges::find(kAdvice, state, &Advice::state);
  return found == kAdvice.end() ? "" : found->text;
}

// Whether the same statement may succeed later without anybody changing anything.
bool is_passing(std::string_view state) {
  static constexpr std::array<std::string_view, 10> kPassing = {kSerializationFailure,
                                                                kDeadlock,
                                                                kLockTimeout,
                                                                "57014",
                                                                "57P01",
                                                                "57P02",
                                                                "57P03",
                                                                "53300",
                                                                "25P03",
                                                                "57P05"};
  return state.starts_with("08") || std::ranges::find(kPassing, state) != kPassing.end();
}

class LibpqConnection final : public Connection {
 public:
  explicit LibpqConnection(PGconn* connection) : connection_(connection, &PQfinish) {
    const auto known = [](const char* text) { return text == nullptr ? "" : text; };
    place_ = fmt::format("{}:{}/{}", known(PQhost(connection)), known(PQport(connection)),
                         known(PQdb(connection)));
  }

  Result<std::unique_ptr<Rows>> run(const std::string& sql, const std::vector<Parameter>& values) override {
    std::vector<const char*> texts;
    texts.reserve(values.size());
    for (const Parameter& value : values) texts.push_back(value ? value->c_str() : nullptr);
    PGconn* raw = connection_.get();
    Holder result(values.empty() ? PQexec(raw, sql.c_str())
                                 : PQexecParams(raw, sql.c_str(), static_cast<int>(texts.size()), nullptr,
                                                texts.data(), nullptr, nullptr, 0),
                  &PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return error_of(result.get());
    return std::unique_ptr<Rows>(std::make_unique<ResultRows>(std::move(result)));
  }

  Result<void> copy_in(const std::string& sql,
                       const std::function<Result<void>(const CopySink& out)>& write) override {
    PGconn* raw = connection_.get();
    const Holder begun(PQexec(raw, sql.c_str()), &PQclear);
    if (PQresultStatus(begun.get()) != PGRES_COPY_IN) return error_of(begun.get());
    const Result<void> written = write([&](std::string_view bytes) -> Result<void> {
      // libpq takes the length as an int.
      constexpr size_t kMost = size_t{1} << 20;
      for (; !bytes.empty(); bytes.remove_prefix(std::min(kMost, bytes.size()))) {
        const auto length = static_cast<int>(std::min(kMost, bytes.size()));
        if (PQputCopyData(raw, bytes.data(), length) != 1) return error_of(nullptr);
      }
      return {};
    });
    PQputCopyEnd(raw, written.ok() ? nullptr : "given up");
    Result<void> ended = written;
    while (const Holder result{PQgetResult(raw), &PQclear}) {
      if (PQresultStatus(result.get()) != PGRES_COMMAND_OK && ended.ok()) ended = error_of(result.get());
    }
    return ended;
  }

  bool is_lost() const override { return PQstatus(connection_.get()) != CONNECTION_OK; }
  const std::string& place() const override { return place_; }
  int server_version() const override { return PQserverVersion(connection_.get()); }

 private:
  Error error_of(const PGresult* result) const {
    const char* state_text = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const std::string state = state_text == nullptr ? "" : state_text;
    if (is_lost() || state.empty()) {
      return unavailable(fmt::format("the connection to PostgreSQL at {} was lost: {}", place_,
                                     one_line(PQerrorMessage(connection_.get()))));
    }
    const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    return {is_passing(state) ? ErrorKind::Unavailable : ErrorKind::Refused, state,
            fmt::format("PostgreSQL at {} says: {} (SQLSTATE {}).{}", place_,
                        one_line(primary == nullptr ? "no reason given" : primary), state, advice(state))};
  }

  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
  std::string place_;
};

struct Keywords {
  std::vector<std::string> names;
  std::vector<std::string> values;
  void set_default(const std::string& name, const std::string& value) {
    if (std::ranges::find(names, name) == names.end()) set(name, value);
  }
  void set(const std::string& name, const std::string& value) {
    names.push_back(name);
    values.push_back(value);
  }
};

Result<Keywords> keywords_of(const std::string& dsn) {
  char* problem = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed(
      PQconninfoParse(dsn.c_str(), &problem), &PQconninfoFree);
  PQfreemem(problem);  // it may quote a piece of the string, and so a password
  if (!parsed) {
    return refused(
        "what follows postgres: is not a connection string that libpq understands; write for example "
        "postgres:'host=127.0.0.1 port=5432 dbname=shop user=me' or "
        "postgres:postgresql://me@127.0.0.1/shop.");
  }
  Keywords keywords;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr && std::string_view(option->keyword) != "client_encoding")
      keywords.set(option->keyword, option->val);
  }
  return keywords;
}

constexpr std::string_view kConnectAdvice =
    "Check user, password and database of the connection string; a password is best kept in ~/.pgpass or "
    "PGPASSWORD.";

// How long the server waits for us and we for it: a writer that hangs must not hold locks for ever. Times are
// UTC, as everywhere in Sluice, and a commit that was answered is on disk.
constexpr const char* kSessionSettings =
    "SET lock_timeout = '2min'; "
    "SET idle_in_transaction_session_timeout = '5min'; SET TimeZone = 'UTC'; SET client_min_messages = "
    "warning; "
    "SET standard_conforming_strings = on; SET bytea_output = hex; SET extra_float_digits = 1; "
    "SET default_transaction_isolation = 'read committed'; "
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = "
    "'off'";

}  // namespace

std::string Rows::text(int row, int column) const { return std::string(value(row, column).value_or("")); }

int64_t Rows::number(int row, int column) const {
  const auto found = value(row, column);
  return found ? parse_int64(*found).value_or(0) : 0;
}

std::string Rows::bytes(int row, int column) const {
  const std::string_view hex = value(row, column).value_or("");
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  out.reserve(hex.size() / 2);
  for (size_t at = 2; at + 1 < hex.size(); at += 2)
    out.push_back(static_cast<char>(digit(hex[at]) * 16 + digit(hex[at + 1])));
  return out;
}

std::string shown_dsn(const std::string& dsn) {
  const Result<Keywords> keywords = keywords_of(dsn);
  if (!keywords.ok()) return "postgres:(not a connection string)";
  const auto value = [&](std::string_view name) {
    const auto found = std::ranges::find(keywords.value().names, name);
    if (found == keywords.value().names.end()) return std::string();
    return keywords.value().values[static_cast<size_t>(found - keywords.value().names.begin())];
  };
  const std::string port = value("port");
  return fmt::format("postgres:{}{}{}/{}", value("host"), port.empty() ? "" : ":", port, value("dbname"));
}

std::string array_text(const std::vector<std::string>& texts) {
  std::string out = "{";
  for (const std::string& text : texts) {
    out += out.size() > 1 ? ",\"" : "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out + "}";
}

std::string numbers_text(const std::set<uint32_t>& numbers) {
  std::string out = "{";
  for (const uint32_t number : numbers) out += fmt::format("{}{}", out.size() > 1 ? "," : "", number);
  return out + "}";
}

Result<std::unique_ptr<Connection>> connect(const std::string& dsn) {
  Keywords keywords = TRY(keywords_of(dsn));
  keywords.set("client_encoding", "UTF8");
  keywords.set_default("fallback_application_name", "sluice");
  keywords.set_default("connect_timeout", "10");
  keywords.set_default("keepalives_idle", "30");
  keywords.set_default("tcp_user_timeout", "60000");
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const std::string& name : keywords.names) names.push_back(name.c_str());
  for (const std::string& value : keywords.values) values.push_back(value.c_str());
  names.push_back(nullptr);
  values.push_back(nullptr);
  PGconn* raw = PQconnectdbParams(names.data(), values.data(), 0);
  if (raw == nullptr) return refused("cannot connect to PostgreSQL: out of memory.");
  auto connection = std::make_unique<LibpqConnection>(raw);
  if (connection->is_lost())
    return catalog::connect_failure(one_line(PQerrorMessage(raw)), "PostgreSQL", kConnectAdvice);
  PQsetNoticeProcessor(
      raw, [](void*, const char*) {}, nullptr);
  TRY(connection->run(kSessionSettings, {}));
  return std::unique_ptr<Connection>(std::move(connection));
}

}  // namespace sluice::sink::postgres
