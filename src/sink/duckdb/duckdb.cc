// Reason for length: everything that touches DuckDB's C API stands in this one file.
#include "sink/duckdb/duckdb.h"

#include <duckdb.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <fstream>
#include <thread>

#include "base/text.h"
#include "sql/quote.h"

namespace sluice::sink::duckdb {
namespace {

std::string text_of(const char* text) { return text == nullptr ? std::string() : std::string(text); }

// DuckDB's message as one of ours, by what the caller must do.
Error statement_error(const std::string& message) {
  const auto has = [&message](const char* part) { return message.find(part) != std::string::npos; };
  if (has("No space left on device") || has("Could not write") || has("File too large") ||
      has("disk quota")) {
    return refused(
        fmt::format("the disk is full or the file cannot grow; nothing of this batch was kept. Make room and "
                    "run again. DuckDB says: {}",
                    message));
  }
  return refused(fmt::format("DuckDB says: {}", message));
}

// The process id in "Conflicting lock is held in /usr/bin/sluice (PID 123)".
std::string lock_holder(const std::string& message) {
  const size_t at = message.find("(PID ");
  if (at == std::string::npos) return "another process";
  const size_t end = message.find(')', at);
  return fmt::format("another process (id {})", message.substr(at + 5, end - at - 5));
}

Error open_error(const OpenOptions& options, const std::string& message) {
  const auto has = [&message](const char* part) { return message.find(part) != std::string::npos; };
  const std::string name = "duckdb:" + options.path;
  if (has("Could not set lock") || has("Conflicting lock")) {
    return refused(
        fmt::format("cannot open {}: {} has it open, and a DuckDB file takes one program at a time. Wait for "
                    "it or stop it.",
                    name, lock_holder(message)));
  }
  if (has("not a valid DuckDB database file") || has("not a DuckDB database") ||
      has("scanner.duckdb_extension")) {
    return refused(fmt::format(
        "cannot open {}: it is not a DuckDB file. Name another file; this one was not touched.", name));
  }
  if (has("newer") || has("higher version") || has("Serialization Error") || has("storage version")) {
    return refused(
        fmt::format("cannot open {}: a newer DuckDB than {} wrote it. Use a newer sluice. DuckDB says: {}",
                    name, duckdb_library_version(), message));
  }
  if (has("Read-only file system"))
    return refused(fmt::format("cannot write to {}: the file system is read-only.", name));
  if (has("Permission denied"))
    return refused(
        fmt::format("cannot open {}: permission denied. Check the rights of the file and its folder.", name));
  if (has("No space left")) return refused(fmt::format("cannot write to {}: the disk is full.", name));
  if (has("No such file or directory"))
    return refused(fmt::format("cannot create {}: its folder does not exist.", name));
  return refused(fmt::format("cannot open {}: {}", name, message));
}

// The type's name as SQL spells it; nested types by their family.
// NOLINTNEXTLINE(readability-function-size): a table of types, one line each
std::string type_text(duckdb_logical_type type) {
  char* alias = duckdb_logical_type_get_alias(type);
  if (alias != nullptr) {
    std::string text(alias);
    duckdb_free(alias);
    return text;
  }
  switch (duckdb_get_type_id(type)) {
    case DUCKDB_TYPE_BOOLEAN:
      return "BOOLEAN";
    case DUCKDB_TYPE_TINYINT:
      return "TINYINT";
    case DUCKDB_TYPE_SMALLINT:
      return "SMALLINT";
    case DUCKDB_TYPE_INTEGER:
      return "INTEGER";
    case DUCKDB_TYPE_BIGINT:
      return "BIGINT";
    case DUCKDB_TYPE_UTINYINT:
      return "UTINYINT";
    case DUCKDB_TYPE_USMALLINT:
      return "USMALLINT";
    case DUCKDB_TYPE_UINTEGER:
      return "UINTEGER";
    case DUCKDB_TYPE_UBIGINT:
      return "UBIGINT";
    case DUCKDB_TYPE_HUGEINT:
      return "HUGEINT";
    case DUCKDB_TYPE_UHUGEINT:
      return "UHUGEINT";
    case DUCKDB_TYPE_FLOAT:
      return "FLOAT";
    case DUCKDB_TYPE_DOUBLE:
      return "DOUBLE";
    case DUCKDB_TYPE_DECIMAL:
      return fmt::format("DECIMAL({},{})", duckdb_decimal_width(type), duckdb_decimal_scale(type));
    case DUCKDB_TYPE_VARCHAR:
      return "VARCHAR";
    case DUCKDB_TYPE_BLOB:
      return "BLOB";
    case DUCKDB_TYPE_DATE:
      return "DATE";
    case DUCKDB_TYPE_TIME:
      return "TIME";
    case DUCKDB_TYPE_TIME_TZ:
      return "TIME WITH TIME ZONE";
    case DUCKDB_TYPE_TIMESTAMP:
      return "TIMESTAMP";
    case DUCKDB_TYPE_TIMESTAMP_S:
      return "TIMESTAMP_S";
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return "TIMESTAMP_MS";
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return "TIMESTAMP_NS";
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return "TIMESTAMP WITH TIME ZONE";
    case DUCKDB_TYPE_INTERVAL:
      return "INTERVAL";
    case DUCKDB_TYPE_UUID:
      return "UUID";
    case DUCKDB_TYPE_BIT:
      return "BIT";
    case DUCKDB_TYPE_ENUM:
      return "ENUM";
    case DUCKDB_TYPE_LIST:
      return "LIST";
    case DUCKDB_TYPE_ARRAY:
      return "ARRAY";
    case DUCKDB_TYPE_STRUCT:
      return "STRUCT";
    case DUCKDB_TYPE_MAP:
      return "MAP";
    case DUCKDB_TYPE_UNION:
      return "UNION";
    default:
      return "VARCHAR";
  }
}

bool is_numeric(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
      return true;
    default:
      return false;
  }
}

// A prepared statement, closed by its destructor.
class Prepared {
 public:
  Prepared() = default;
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  ~Prepared() { duckdb_destroy_prepare(&statement_); }

  Result<void> prepare(duckdb_connection connection, const std::string& sql) {
    if (duckdb_prepare(connection, sql.c_str(), &statement_) == DuckDBSuccess) return {};
    return statement_error(text_of(duckdb_prepare_error(statement_)));
  }
  Result<void> bind(const std::vector<Value>& parameters) {
    for (idx_t i = 0; i < parameters.size(); ++i) {
      if (bind_one(i + 1, parameters[i]) != DuckDBSuccess)
        return refused(fmt::format("parameter {} does not fit the statement", i + 1));
    }
    return {};
  }
  duckdb_prepared_statement get() { return statement_; }

 private:
  duckdb_state bind_one(idx_t at, const Value& value) {
    if (const auto* number = std::get_if<int64_t>(&value)) return duckdb_bind_int64(statement_, at, *number);
    if (const auto* text = std::get_if<std::string_view>(&value))
      return duckdb_bind_varchar_length(statement_, at, text->data(), text->size());
    if (const auto* blob = std::get_if<Bytes>(&value))
      return duckdb_bind_blob(statement_, at, blob->bytes.data(), blob->bytes.size());
    return duckdb_bind_null(statement_, at);
  }
  duckdb_prepared_statement statement_ = nullptr;
};

bool is_text_or_bigint(duckdb_type type) { return type == DUCKDB_TYPE_VARCHAR || type == DUCKDB_TYPE_BIGINT; }

// The rows of a result whose columns are all VARCHAR or BIGINT, chunk by chunk.
class TextRows final : public Rows {
 public:
  TextRows(duckdb_result result, std::vector<ResultColumn> columns)
      : result_(result), columns_(std::move(columns)), row_(columns_.size()) {}
  TextRows(const TextRows&) = delete;
  TextRows& operator=(const TextRows&) = delete;
  ~TextRows() override {
    duckdb_destroy_data_chunk(&chunk_);
    duckdb_destroy_result(&result_);
  }

  const std::vector<ResultColumn>& columns() const override { return columns_; }

  // For a statement that cannot stand inside a SELECT (EXPLAIN, CREATE, ...): its columns as they are, if
  // they are text; otherwise its rows are only a count, and there is nothing to show.
  void take_text_columns() {
    for (idx_t i = 0; i < duckdb_column_count(&result_); ++i) {
      if (duckdb_column_type(&result_, i) != DUCKDB_TYPE_VARCHAR) {
        columns_.clear();
        break;
      }
      columns_.push_back({text_of(duckdb_column_name(&result_, i)), "VARCHAR", false});
    }
    row_.resize(columns_.size());
  }

  Result<const std::vector<std::optional<std::string>>*> next() override {
    if (columns_.empty()) return static_cast<const std::vector<std::optional<std::string>>*>(nullptr);
    while (at_ >= size_) {
      duckdb_destroy_data_chunk(&chunk_);
      chunk_ = duckdb_fetch_chunk(result_);
      if (chunk_ == nullptr) {
        const std::string message = text_of(duckdb_result_error(&result_));
        if (!message.empty()) return statement_error(message);
        return static_cast<const std::vector<std::optional<std::string>>*>(nullptr);
      }
      size_ = duckdb_data_chunk_get_size(chunk_);
      at_ = 0;
    }
    for (idx_t column = 0; column < columns_.size(); ++column) {
      const duckdb_vector vector = duckdb_data_chunk_get_vector(chunk_, column);
      uint64_t* validity = duckdb_vector_get_validity(vector);
      if (validity != nullptr && !duckdb_validity_row_is_valid(validity, at_)) {
        row_[column].reset();
        continue;
      }
      void* const cells = duckdb_vector_get_data(vector);
      if (duckdb_column_type(&result_, column) == DUCKDB_TYPE_BIGINT) {
        row_[column] = std::to_string(static_cast<const int64_t*>(cells)[at_]);
        continue;
      }
      duckdb_string_t& cell = static_cast<duckdb_string_t*>(cells)[at_];
      row_[column].emplace(duckdb_string_t_data(&cell), duckdb_string_t_length(cell));
    }
    ++at_;
    return static_cast<const std::vector<std::optional<std::string>>*>(&row_);
  }

 private:
  duckdb_result result_;
  std::vector<ResultColumn> columns_;
  std::vector<std::optional<std::string>> row_;
  duckdb_data_chunk chunk_ = nullptr;
  idx_t size_ = 0;
  idx_t at_ = 0;
};

// Where one thread stands within a RowFeed.
struct FeedThread {
  size_t at = 0;
  size_t end = 0;
};

// What one registered row function knows; lives as long as its connection.
struct FeedDefinition {
  const RowFeed* feed = nullptr;
  std::vector<std::pair<std::string, ColumnKind>> columns;
  int threads = 1;
};

// What the threads of one statement share.
struct FeedScan {
  std::atomic<size_t> next_row{0};
};

duckdb_type column_type(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::Int64:
      return DUCKDB_TYPE_BIGINT;
    case ColumnKind::Timestamp:
      return DUCKDB_TYPE_TIMESTAMP;
    case ColumnKind::Text:
    case ColumnKind::Json:
      return DUCKDB_TYPE_VARCHAR;
    case ColumnKind::Blob:
      return DUCKDB_TYPE_BLOB;
  }
  return DUCKDB_TYPE_VARCHAR;
}

void bind_feed(duckdb_bind_info info) {
  const auto* definition = static_cast<const FeedDefinition*>(duckdb_bind_get_extra_info(info));
  for (const auto& [name, kind] : definition->columns) {
    duckdb_logical_type type = duckdb_create_logical_type(column_type(kind));
    // DuckDB's JSON is a text with this alias; without it every image would be parsed once more by a cast.
    if (kind == ColumnKind::Json) duckdb_logical_type_set_alias(type, "JSON");
    duckdb_bind_add_result_column(info, name.c_str(), type);
    duckdb_destroy_logical_type(&type);
  }
  duckdb_bind_set_cardinality(info, definition->feed->count(), true);
}

void start_feed(duckdb_init_info info) {
  const auto* definition = static_cast<const FeedDefinition*>(duckdb_init_get_extra_info(info));
  duckdb_init_set_max_threads(info, static_cast<idx_t>(definition->threads));
  duckdb_init_set_init_data(info, new FeedScan, [](void* scan) { delete static_cast<FeedScan*>(scan); });
}

void start_feed_thread(duckdb_init_info info) {
  duckdb_init_set_init_data(info, new FeedThread,
                            [](void* thread) { delete static_cast<FeedThread*>(thread); });
}

void fill_from_feed(duckdb_function_info info, duckdb_data_chunk chunk) {
  const auto* definition = static_cast<const FeedDefinition*>(duckdb_function_get_extra_info(info));
  auto* scan = static_cast<FeedScan*>(duckdb_function_get_init_data(info));
  auto* thread = static_cast<FeedThread*>(duckdb_function_get_local_init_data(info));
  const size_t rows = definition->feed->count();
  if (thread->at == thread->end) {
    thread->at = std::min(rows, scan->next_row.fetch_add(kRowGroupRows));
    thread->end = std::min(rows, thread->at + kRowGroupRows);
  }
  const size_t count = std::min<size_t>(duckdb_vector_size(), thread->end - thread->at);
  std::vector<void*> columns(definition->columns.size());
  for (idx_t i = 0; i < columns.size(); ++i)
    columns[i] = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, i));
  ChunkWriter writer(std::move(columns));
  if (count > 0) definition->feed->fill(writer, thread->at, count);
  thread->at += count;
  duckdb_data_chunk_set_size(chunk, count);
}

void call_text_function(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const auto* function = static_cast<const TextFunction*>(duckdb_scalar_function_get_extra_info(info));
  const idx_t rows = duckdb_data_chunk_get_size(input);
  const auto cells = [input](idx_t column) {
    return static_cast<duckdb_string_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, column)));
  };
  duckdb_string_t* first = cells(0);
  duckdb_string_t* second = cells(1);
  const auto view = [](duckdb_string_t& cell) {
    return std::string_view(duckdb_string_t_data(&cell), duckdb_string_t_length(cell));
  };
  for (idx_t row = 0; row < rows; ++row) {
    const std::string text = (*function)(view(first[row]), view(second[row]));
    duckdb_vector_assign_string_element_len(output, row, text.data(), text.size());
  }
}

// Runs the statement as duckdb_execute_prepared() does, but sleeps where that spins: while DuckDB's other
// threads have all that is left to do. Decoding wants the processor then.
duckdb_state execute_patiently(duckdb_prepared_statement statement, duckdb_result& result) {
  duckdb_pending_result pending = nullptr;
  if (duckdb_pending_prepared(statement, &pending) == DuckDBSuccess) {
    duckdb_pending_state state = DUCKDB_PENDING_RESULT_NOT_READY;
    while (!duckdb_pending_execution_is_finished(state)) {
      state = duckdb_pending_execute_task(pending);
      if (state == DUCKDB_PENDING_NO_TASKS_AVAILABLE)
        std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  }
  // The result carries the message of whatever failed before.
  const duckdb_state state = duckdb_execute_pending(pending, &result);
  duckdb_destroy_pending(&pending);
  return state;
}

class DuckDbDatabase final : public Database {
 public:
  explicit DuckDbDatabase(duckdb_database database) : database_(database) {}
  DuckDbDatabase(const DuckDbDatabase&) = delete;
  DuckDbDatabase& operator=(const DuckDbDatabase&) = delete;
  ~DuckDbDatabase() override { duckdb_close(&database_); }
  Result<std::unique_ptr<Connection>> connect() override;

 private:
  duckdb_database database_;
};

class DuckDbConnection final : public Connection {
 public:
  explicit DuckDbConnection(duckdb_connection connection) : connection_(connection) {}
  DuckDbConnection(const DuckDbConnection&) = delete;
  DuckDbConnection& operator=(const DuckDbConnection&) = delete;
  ~DuckDbConnection() override { duckdb_disconnect(&connection_); }

  Result<void> execute(const std::string& sql) override {
    duckdb_result result;
    const duckdb_state state = duckdb_query(connection_, sql.c_str(), &result);
    const std::string message =
        state == DuckDBSuccess ? std::string() : text_of(duckdb_result_error(&result));
    duckdb_destroy_result(&result);
    if (state != DuckDBSuccess) return statement_error(message);
    return {};
  }

  Result<int64_t> execute(const std::string& sql, const std::vector<Value>& parameters) override {
    Prepared statement;
    TRY(statement.prepare(connection_, sql));
    TRY(statement.bind(parameters));
    duckdb_result result;
    const duckdb_state state = execute_patiently(statement.get(), result);
    const std::string message =
        state == DuckDBSuccess ? std::string() : text_of(duckdb_result_error(&result));
    const auto changed = static_cast<int64_t>(duckdb_rows_changed(&result));
    duckdb_destroy_result(&result);
    if (state != DuckDBSuccess) return statement_error(message);
    return changed;
  }

  Result<std::unique_ptr<Rows>> query(const std::string& sql, const std::vector<Value>& parameters) override {
    Prepared original;
    TRY(original.prepare(connection_, sql));
    const bool is_select = duckdb_prepared_statement_type(original.get()) == DUCKDB_STATEMENT_TYPE_SELECT;
    std::vector<ResultColumn> columns = is_select ? result_columns(original) : std::vector<ResultColumn>();
    Prepared as_texts;
    const bool needs_casts = is_select && !is_read_as_it_is(original);
    if (needs_casts && !as_texts.prepare(connection_, as_text(sql, columns.size())).ok())
      return refused(
          "this statement cannot stand inside a SELECT, so its rows cannot be shown. Instead of PRAGMA "
          "name(...) write SELECT * FROM pragma_name(...).");
    Prepared& statement = needs_casts ? as_texts : original;
    TRY(statement.bind(parameters));
    duckdb_result result;
    if (duckdb_execute_prepared_streaming(statement.get(), &result) != DuckDBSuccess) {
      const std::string message = text_of(duckdb_result_error(&result));
      duckdb_destroy_result(&result);
      return statement_error(message);
    }
    // DuckDB knows the columns in advance only when it knows every parameter's type.
    CHECK(!is_select || duckdb_column_count(&result) == columns.size());
    for (idx_t i = 0; is_select && i < columns.size(); ++i)
      CHECK(is_text_or_bigint(duckdb_column_type(&result, i)));
    auto rows = std::make_unique<TextRows>(result, std::move(columns));
    if (!is_select) rows->take_text_columns();
    return std::unique_ptr<Rows>(std::move(rows));
  }

  Result<std::optional<std::string>> query_value(const std::string& sql,
                                                 const std::vector<Value>& parameters) override {
    const std::unique_ptr<Rows> rows = TRY(query(sql, parameters));
    const auto* row = TRY(rows->next());
    if (row == nullptr || row->empty()) return std::optional<std::string>();
    return row->front();
  }

  Result<void> define_rows(const std::string& name,
                           const std::vector<std::pair<std::string, ColumnKind>>& columns,
                           const RowFeed& feed, int threads) override {
    definitions_.push_back(std::make_unique<FeedDefinition>(FeedDefinition{&feed, columns, threads}));
    duckdb_table_function function = duckdb_create_table_function();
    duckdb_table_function_set_name(function, name.c_str());
    duckdb_table_function_set_extra_info(function, definitions_.back().get(), nullptr);
    duckdb_table_function_set_bind(function, bind_feed);
    duckdb_table_function_set_init(function, start_feed);
    duckdb_table_function_set_local_init(function, start_feed_thread);
    duckdb_table_function_set_function(function, fill_from_feed);
    const duckdb_state state = duckdb_register_table_function(connection_, function);
    duckdb_destroy_table_function(&function);
    if (state != DuckDBSuccess) return refused(fmt::format("DuckDB does not take the row function {}", name));
    return {};
  }

  Result<void> define_function(const std::string& name, const TextFunction& text_function) override {
    duckdb_scalar_function function = duckdb_create_scalar_function();
    duckdb_scalar_function_set_name(function, name.c_str());
    duckdb_logical_type text = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
    duckdb_scalar_function_add_parameter(function, text);
    duckdb_scalar_function_add_parameter(function, text);
    duckdb_scalar_function_set_return_type(function, text);
    duckdb_scalar_function_set_volatile(function);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): DuckDB only hands it back to us
    duckdb_scalar_function_set_extra_info(function, const_cast<TextFunction*>(&text_function), nullptr);
    duckdb_scalar_function_set_function(function, call_text_function);
    const duckdb_state state = duckdb_register_scalar_function(connection_, function);
    duckdb_destroy_logical_type(&text);
    duckdb_destroy_scalar_function(&function);
    if (state != DuckDBSuccess) return refused(fmt::format("DuckDB does not take the function {}", name));
    return {};
  }

 private:
  static std::vector<ResultColumn> result_columns(Prepared& statement) {
    std::vector<ResultColumn> columns(duckdb_prepared_statement_column_count(statement.get()));
    for (idx_t i = 0; i < columns.size(); ++i) {
      const char* name = duckdb_prepared_statement_column_name(statement.get(), i);
      columns[i].name = text_of(name);
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): DuckDB gave it to us to free
      duckdb_free(const_cast<char*>(name));
      duckdb_logical_type type = duckdb_prepared_statement_column_logical_type(statement.get(), i);
      columns[i].type = type_text(type);
      columns[i].numeric = is_numeric(duckdb_get_type_id(type));
      duckdb_destroy_logical_type(&type);
    }
    return columns;
  }

  // Whether TextRows reads every column without a cast, which would cost a second preparation.
  static bool is_read_as_it_is(Prepared& statement) {
    const idx_t columns = duckdb_prepared_statement_column_count(statement.get());
    for (idx_t i = 0; i < columns; ++i)
      if (!is_text_or_bigint(duckdb_prepared_statement_column_type(statement.get(), i))) return false;
    return true;
  }

  // `sql` with every column cast to text. The aliases are ours, so that names may be empty, strange or
  // doubled.
  static std::string as_text(std::string sql, size_t columns) {
    while (!sql.empty() &&
           (sql.back() == ';' || sql.back() == ' ' || sql.back() == '\n' || sql.back() == '\t'))
      sql.pop_back();
    std::string casts;
    std::string names;
    for (size_t i = 0; i < columns; ++i) {
      casts += fmt::format("{}CAST(c{} AS VARCHAR)", i == 0 ? "" : ", ", i);
      names += fmt::format("{}c{}", i == 0 ? "" : ", ", i);
    }
    return fmt::format("SELECT {} FROM (\n{}\n) AS answer({})", casts, sql, names);
  }

  duckdb_connection connection_;
  std::vector<std::unique_ptr<FeedDefinition>> definitions_;
};

Result<std::unique_ptr<Connection>> DuckDbDatabase::connect() {
  duckdb_connection connection = nullptr;
  if (duckdb_connect(database_, &connection) != DuckDBSuccess) return refused("DuckDB gives no connection");
  return std::unique_ptr<Connection>(std::make_unique<DuckDbConnection>(connection));
}

// Some names mean something else than a file to DuckDB: then it would keep everything in memory, or
// elsewhere.
Result<void> check_name(const std::string& path) {
  if (path.empty() || path == ":memory:") {
    return refused(
        fmt::format("duckdb:{} is no file, and what is in memory is gone at the end. Name a file, for "
                    "example duckdb:shop.duckdb.",
                    path));
  }
  const size_t colon =
      path.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
  if (colon != std::string::npos && colon > 1 && path[colon] == ':') {
    return refused(
        fmt::format("cannot open duckdb:{}: DuckDB takes {} for a service, not for a file here. Name a local "
                    "file; one of this "
                    "very name is duckdb:./{}.",
                    path, path.substr(0, colon + 1), path));
  }
  return {};
}

// Whether the file begins as DuckDB's do. Others it would perhaps open as data, and keep all changes in
// memory.
Result<void> check_magic(const std::string& path) {
  std::array<char, 12> head{};
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};  // DuckDB says why
  file.read(head.data(), head.size());
  if (file.gcount() == static_cast<std::streamsize>(head.size()) && std::memcmp(&head[8], "DUCK", 4) == 0)
    return {};
  return refused(fmt::format(
      "cannot open duckdb:{}: it is not a DuckDB file. Name another file; this one was not touched.", path));
}

// That DuckDB holds this file, and not something in memory.
Result<void> check_opened(Database& database, const std::string& path) {
  const auto connection = TRY(database.connect());
  const auto file = TRY(connection->query_value(
      "SELECT path FROM duckdb_databases() WHERE database_name = current_database() AND NOT internal"));
  if (file) return {};
  return refused(
      fmt::format("cannot open duckdb:{}: DuckDB takes this name for data, not for a database. Name "
                  "another file, for example duckdb:{}.duckdb.",
                  path, path));
}

// Opens the file of `database` a second time, in its place. The size of row groups is an option of ATTACH
// only.
Result<void> choose_row_groups(Database& database, const std::string& path) {
  const auto connection = TRY(database.connect());
  const auto name = TRY(connection->query_value("SELECT current_database()"));
  const std::string file = sql::quote_identifier(name.value_or(""));
  const std::string meanwhile = sql::quote_identifier(name.value_or("") + " meanwhile");
  // Each full row group is written at once, not five together: less memory, and less to do at the end.
  return connection->execute(fmt::format(
      "SET GLOBAL write_buffer_row_group_count = 1; ATTACH ':memory:' AS {1}; USE {1}; DETACH {0}; "
      "ATTACH {2} AS {0} (ROW_GROUP_SIZE {3}); USE {0}; DETACH {1}",
      file, meanwhile, sql::quote_literal(path), kRowGroupRows));
}

Result<void> check_path(const OpenOptions& options) {
  TRY(check_name(options.path));
  struct stat status {};
  const bool exists = stat(options.path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) {
    const std::string slash = options.path.ends_with('/') ? "" : "/";
    return refused(fmt::format(
        "cannot write to duckdb:{}: it is a directory. Name a file, for example duckdb:{}{}shop.duckdb.",
        options.path, options.path, slash));
  }
  if (!exists && options.access != Access::CreateOrReadWrite) {
    return refused(fmt::format("there is no file {}. `sluice run --to duckdb:{}` makes it.", options.path,
                               options.path));
  }
  if (exists && options.access != Access::ReadOnly && access(options.path.c_str(), W_OK) != 0) {
    return refused(fmt::format("cannot write to duckdb:{}: {}. Check the rights of the file and its folder.",
                               options.path, std::strerror(errno)));
  }
  return exists ? check_magic(options.path) : Result<void>();
}

}  // namespace

void ChunkWriter::set(size_t column, size_t row, std::string_view text) {
  duckdb_string_t& cell = static_cast<duckdb_string_t*>(columns_[column])[row];
  if (text.size() <= sizeof cell.value.inlined.inlined) {
    cell = {};
    cell.value.inlined.length = static_cast<uint32_t>(text.size());
    std::memcpy(cell.value.inlined.inlined, text.data(), text.size());
    return;
  }
  cell.value.pointer.length = static_cast<uint32_t>(text.size());
  std::memcpy(cell.value.pointer.prefix, text.data(), sizeof cell.value.pointer.prefix);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): the C type has no const; DuckDB only reads
  cell.value.pointer.ptr = const_cast<char*>(text.data());
}

Result<std::unique_ptr<Database>> open_database(const OpenOptions& options) {
  TRY(check_path(options));
  duckdb_config config = nullptr;
  CHECK(duckdb_create_config(&config) == DuckDBSuccess);
  const auto set = [&config](const char* name, const std::string& value) {
    return duckdb_set_config(config, name, value.c_str()) == DuckDBSuccess;
  };
  bool good = set("access_mode", options.access == Access::ReadOnly ? "READ_ONLY" : "READ_WRITE");
  // Nothing is ever fetched from outside by itself.
  good = good && set("autoinstall_known_extensions", "false") && set("autoload_known_extensions", "false");
  // Of a file that is made here: zstd came with this format. A file that exists keeps its own.
  good = good && set("storage_compatibility_version", "v1.2.0");
  if (options.threads > 0) good = good && set("threads", std::to_string(options.threads));
  if (!good) {
    duckdb_destroy_config(&config);
    return refused(fmt::format("DuckDB does not take the setting threads = {}", options.threads));
  }
  if (!options.memory_limit.empty() && !set("memory_limit", options.memory_limit)) {
    duckdb_destroy_config(&config);
    return refused(
        fmt::format("memory limit {} is not a size; write for example 192MB.", options.memory_limit));
  }
  duckdb_database database = nullptr;
  char* message = nullptr;
  const duckdb_state state = duckdb_open_ext(options.path.c_str(), &database, config, &message);
  duckdb_destroy_config(&config);
  if (state != DuckDBSuccess) {
    const std::string text = text_of(message);
    duckdb_free(message);
    return open_error(options, text);
  }
  auto opened = std::make_unique<DuckDbDatabase>(database);
  TRY(check_opened(*opened, options.path));
  if (options.access != Access::ReadOnly) TRY(choose_row_groups(*opened, options.path));
  return std::unique_ptr<Database>(std::move(opened));
}

}  // namespace sluice::sink::duckdb
