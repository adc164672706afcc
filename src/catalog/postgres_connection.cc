#include "catalog/postgres_connection.h"

#include <algorithm>

#include "base/text.h"
#include "catalog/connect_failure.h"

namespace sluice::catalog {
namespace {

// libpq's parameters: those of the dsn, then ours over them.
struct Parameters {
  std::vector<std::string> names;
  std::vector<std::string> values;

  void set(const std::string& name, const std::string& value) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      names.push_back(name);
      values.push_back(value);
      return;
    }
    std::string& old = values[static_cast<size_t>(found - names.begin())];
    old = name == "options" && !old.empty() ? old + " " + value : value;
  }
};

Result<Parameters> parameters_of(const std::string& dsn) {
  char* problem = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed(
      PQconninfoParse(dsn.c_str(), &problem), &PQconninfoFree);
  PQfreemem(problem);  // it may quote a piece of the string, and so a password
  if (!parsed) {
    return refused(
        "--postgres is not a connection string that libpq understands; write for example "
        "'host=127.0.0.1 port=5432 dbname=shop user=me' or postgresql://me@127.0.0.1:5432/shop");
  }
  Parameters parameters;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) parameters.set(option->keyword, option->val);
  }
  return parameters;
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) line += c == '\n' || c == '\t' ? ' ' : c;
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::optional<std::string_view> Rows::value(int row, int column) const {
  if (PQgetisnull(result_.get(), row, column) != 0) return std::nullopt;
  return std::string_view(PQgetvalue(result_.get(), row, column),
                          static_cast<size_t>(PQgetlength(result_.get(), row, column)));
}

std::string Rows::text(int row, int column) const { return std::string(value(row, column).value_or("")); }

int64_t Rows::touched() const { return parse_int64(PQcmdTuples(result_.get())).value_or(0); }

Result<Connection> Connection::open(const std::string& dsn,
                                    const std::vector<std::pair<std::string, std::string>>& settings,
                                    const std::string& what) {
  Parameters parameters = TRY(parameters_of(dsn));
  parameters.set("fallback_application_name", "sluice");
  parameters.set("client_encoding", "UTF8");
  for (const auto& [name, value] : settings) parameters.set(name, value);
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const std::string& name : parameters.names) names.push_back(name.c_str());
  for (const std::string& value : parameters.values) values.push_back(value.c_str());
  names.push_back(nullptr);
  values.push_back(nullptr);
  Connection connection(PQconnectdbParams(names.data(), values.data(), 0));
  if (connection.raw() == nullptr || PQstatus(connection.raw()) != CONNECTION_OK) {
    return connect_failure(connection.last_error(), what);
  }
  PQsetNoticeProcessor(
      connection.raw(), [](void*, const char*) {}, nullptr);
  return connection;
}

Result<Rows> Connection::run(const std::string& sql, std::initializer_list<Parameter> values) {
  return run(sql, std::vector<Parameter>(values));
}

Result<Rows> Connection::run(const std::string& sql, const std::vector<Parameter>& values) {
  std::vector<const char*> texts;
  texts.reserve(values.size());
  for (const Parameter& value : values) texts.push_back(value ? value->c_str() : nullptr);
  // Without values the simple protocol, which is also what a replication connection takes.
  PGresult* result = values.empty() ? PQexec(raw(), sql.c_str())
                                    : PQexecParams(raw(), sql.c_str(), static_cast<int>(texts.size()),
                                                   nullptr, texts.data(), nullptr, nullptr, 0);
  Rows rows(result);
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    return postgres_error(*this, result, "a statement failed");
  }
  return rows;
}

std::string Connection::identifier(std::string_view name) const {
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

std::string Connection::literal(std::string_view text) const {
  char* quoted = PQescapeLiteral(raw(), text.data(), text.size());
  CHECK(quoted != nullptr);
  std::string copy(quoted);
  PQfreemem(quoted);
  return copy;
}

std::string Connection::last_error() const {
  return raw() == nullptr ? "out of memory" : one_line(PQerrorMessage(raw()));
}

Error postgres_error(const Connection& connection, const PGresult* result, const std::string& doing) {
  if (PQstatus(connection.raw()) != CONNECTION_OK) {
    return unavailable("the connection to PostgreSQL was lost: " + connection.last_error());
  }
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  Error error =
      refused("PostgreSQL: " + doing + ": " + one_line(primary == nullptr ? "no reason given" : primary));
  if (state != nullptr) {
    error.message += std::string(" (SQLSTATE ") + state + ")";
    error.reason = state;
  }
  return error;
}

// NOLINTNEXTLINE(readability-function-size): a table of types, one line each
std::optional<ColumnType> column_type_from_oid(uint32_t oid, int32_t modifier) {
  ColumnType type;
  constexpr int32_t kHeaderBytes = 4;  // VARHDRSZ, which modifiers of varchar, bpchar and numeric include
  switch (oid) {
    case 16:
      type.type = Type::Boolean;
      break;
    case 17:
      type.type = Type::Bytea;
      break;
    case 18:
      type.type = Type::QuotedChar;
      break;
    case 19:
      type.type = Type::Name;
      break;
    case 20:
      type.type = Type::BigInt;
      break;
    case 21:
      type.type = Type::SmallInt;
      break;
    case 23:
      type.type = Type::Integer;
      break;
    case 25:
      type.type = Type::Text;
      break;
    case 26:
      type.type = Type::Oid;
      break;
    case 30:
      type.type = Type::OidVector;
      break;
    case 114:
      type.type = Type::Json;
      break;
    case 700:
      type.type = Type::Real;
      break;
    case 701:
      type.type = Type::DoublePrecision;
      break;
    case 1042:
      type.type = Type::Char;
      break;
    case 1043:
      type.type = Type::Varchar;
      break;
    case 1082:
      type.type = Type::Date;
      break;
    case 1083:
      type.type = Type::Time;
      break;
    case 1114:
      type.type = Type::Timestamp;
      break;
    case 1184:
      type.type = Type::TimestampTz;
      break;
    case 1186:
      type.type = Type::Interval;
      break;
    case 1266:
      type.type = Type::TimeTz;
      break;
    case 1700:
      type.type = Type::Numeric;
      break;
    case 2950:
      type.type = Type::Uuid;
      break;
    case 3802:
      type.type = Type::Jsonb;
      break;
    default:
      return std::nullopt;
  }
  if (modifier >= kHeaderBytes && type.type == Type::Numeric) {
    // numeric.c: precision in the upper 16 bits, the scale as 11 bits in two's complement below.
    const int32_t packed = modifier - kHeaderBytes;
    type.precision = (packed >> 16) & 0xFFFF;
    type.scale = ((packed & 0x7FF) ^ 1024) - 1024;
  } else if (modifier > kHeaderBytes && (type.type == Type::Varchar || type.type == Type::Char)) {
    type.length = modifier - kHeaderBytes;
  }
  return type;
}

}  // namespace sluice::catalog
