#include "emulate/pgoutput.h"

#include <fmt/format.h>

#include <charconv>

namespace sluice::emulate::pgoutput {
namespace {

// Takes big-endian numbers and texts off the front. Past the end it gives zeros and remembers that it failed.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <typename Integer>
  Integer integer() {
    const std::string_view bytes = take(sizeof(Integer));
    uint64_t value = 0;
    for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
    return static_cast<Integer>(value);
  }
  char letter() { return integer<char>(); }

  std::string_view take(size_t count) {
    if (count > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  std::string name() {
    const size_t end = rest_.find('\0');
    if (end == std::string_view::npos) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    std::string text(take(end));
    take(1);
    return text;
  }

  Tuple tuple() {
    const auto count = integer<uint16_t>();
    Tuple row;
    for (uint16_t i = 0; i < count && !failed_; ++i) row.push_back(value());
    return row;
  }

  bool failed() const { return failed_; }
  bool whole() const { return !failed_ && rest_.empty(); }

 private:
  Value value() {
    switch (letter()) {
      case 'n':
        return {Value::Kind::Null, {}};
      case 'u':
        return {Value::Kind::Unchanged, {}};
      case 't': {
        const auto size = integer<uint32_t>();
        return {Value::Kind::Text, take(size)};
      }
      default:
        failed_ = true;
        return {};
    }
  }

  std::string_view rest_;
  bool failed_ = false;
};

Begin read_begin(Reader& reader) {
  Begin begin;
  begin.final_position = reader.integer<Lsn>();
  // Commit times end in the year 294276; a broken message must not overflow.
  const auto since_2000 = reader.integer<int64_t>();
  __builtin_add_overflow(since_2000, kPostgresEpochMicroseconds, &begin.commit_microseconds);
  begin.transaction = reader.integer<uint32_t>();
  return begin;
}

Commit read_commit(Reader& reader) {
  reader.take(1 + sizeof(Lsn));  // flags, position of the commit record
  Commit commit;
  commit.end = reader.integer<Lsn>();
  reader.take(sizeof(int64_t));  // the time again
  return commit;
}

Relation read_relation(Reader& reader) {
  Relation relation;
  relation.oid = reader.integer<uint32_t>();
  relation.schema = reader.name();
  if (relation.schema.empty()) relation.schema = "pg_catalog";
  relation.table = reader.name();
  relation.replica_identity = reader.letter();
  const auto count = reader.integer<uint16_t>();
  for (uint16_t i = 0; i < count && !reader.failed(); ++i) {
    reader.take(1);  // whether it is of the replica identity; with FULL all are
    Column column;
    column.name = reader.name();
    column.type_oid = reader.integer<uint32_t>();
    column.modifier = reader.integer<int32_t>();
    relation.columns.push_back(std::move(column));
  }
  return relation;
}

TypeName read_type(Reader& reader) {
  TypeName type;
  type.oid = reader.integer<uint32_t>();
  const std::string schema = reader.name();
  type.name = reader.name();
  if (!schema.empty()) type.name = schema + "." + type.name;
  return type;
}

std::optional<Insert> read_insert(Reader& reader) {
  Insert insert;
  insert.relation = reader.integer<uint32_t>();
  if (reader.letter() != 'N') return std::nullopt;
  insert.row = reader.tuple();
  return insert;
}

std::optional<Update> read_update(Reader& reader) {
  Update update;
  update.relation = reader.integer<uint32_t>();
  char part = reader.letter();
  if (part == 'K' || part == 'O') {
    update.old_is_key = part == 'K';
    update.old = reader.tuple();
    part = reader.letter();
  }
  if (part != 'N') return std::nullopt;
  update.row = reader.tuple();
  return update;
}

std::optional<Delete> read_delete(Reader& reader) {
  Delete gone;
  gone.relation = reader.integer<uint32_t>();
  const char part = reader.letter();
  if (part != 'K' && part != 'O') return std::nullopt;
  gone.old_is_key = part == 'K';
  gone.old = reader.tuple();
  return gone;
}

Truncate read_truncate(Reader& reader) {
  Truncate truncate;
  const auto count = reader.integer<uint32_t>();
  reader.take(1);  // CASCADE, RESTART IDENTITY
  for (uint32_t i = 0; i < count && !reader.failed(); ++i) {
    truncate.relations.push_back(reader.integer<uint32_t>());
  }
  return truncate;
}

template <typename Part>
std::optional<Message> as_message(std::optional<Part> part) {
  if (!part) return std::nullopt;
  return Message(std::move(*part));
}

std::optional<Message> read_message(char kind, Reader& reader, size_t bytes) {
  switch (kind) {
    case 'B':
      return read_begin(reader);
    case 'C':
      return read_commit(reader);
    case 'R':
      return read_relation(reader);
    case 'Y':
      return read_type(reader);
    case 'I':
      return as_message(read_insert(reader));
    case 'U':
      return as_message(read_update(reader));
    case 'D':
      return as_message(read_delete(reader));
    case 'T':
      return read_truncate(reader);
    case 'O':
    case 'M':
      reader.take(bytes - 1);
      return Other{};
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string to_text(Lsn position) { return fmt::format("{:X}/{:X}", position >> 32, position & 0xFFFF'FFFF); }

std::optional<Lsn> parse_lsn(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  uint32_t halves[2] = {};
  const std::string_view parts[2] = {text.substr(0, slash), text.substr(slash + 1)};
  for (int i = 0; i < 2; ++i) {
    const char* end = parts[i].data() + parts[i].size();
    const auto read = std::from_chars(parts[i].data(), end, halves[i], 16);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  }
  return static_cast<Lsn>(halves[0]) << 32 | halves[1];
}

Result<Message> parse(std::string_view message) {
  Reader reader(message);
  const char kind = reader.letter();
  std::optional<Message> parsed;
  if (!reader.failed()) parsed = read_message(kind, reader, message.size());
  if (!parsed || !reader.whole()) {
    return malformed(
        "pgoutput",
        fmt::format("PostgreSQL's logical decoding sent a message of {} bytes (kind {:#04x}) that "
                    "version 1 of its protocol does not have.",
                    message.size(), static_cast<unsigned char>(kind)));
  }
  return std::move(*parsed);
}

}  // namespace sluice::emulate::pgoutput
