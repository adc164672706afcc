// DSQL's types by name: spelling them, reading them back.
#include <array>
#include <cctype>
#include <utility>

#include "base/text.h"
#include "catalog/catalog.h"

namespace sluice::catalog {
namespace {

struct NamedType {
  std::string_view name;
  Type type;
};

// format_type()'s spelling first, one per type in the enum's order; the aliases follow.
constexpr std::array<NamedType, 24> kNames = {{
    {"smallint", Type::SmallInt},
    {"integer", Type::Integer},
    {"bigint", Type::BigInt},
    {"oid", Type::Oid},
    {"real", Type::Real},
    {"double precision", Type::DoublePrecision},
    {"numeric", Type::Numeric},
    {"boolean", Type::Boolean},
    {"text", Type::Text},
    {"character varying", Type::Varchar},
    {"character", Type::Char},
    {"name", Type::Name},
    {"\"char\"", Type::QuotedChar},
    {"bytea", Type::Bytea},
    {"uuid", Type::Uuid},
    {"date", Type::Date},
    {"time without time zone", Type::Time},
    {"time with time zone", Type::TimeTz},
    {"timestamp without time zone", Type::Timestamp},
    {"timestamp with time zone", Type::TimestampTz},
    {"interval", Type::Interval},
    {"json", Type::Json},
    {"jsonb", Type::Jsonb},
    {"oidvector", Type::OidVector},
}};
constexpr std::array<NamedType, 16> kAliases = {{
    {"int2", Type::SmallInt},
    {"int4", Type::Integer},
    {"int", Type::Integer},
    {"int8", Type::BigInt},
    {"float4", Type::Real},
    {"float8", Type::DoublePrecision},
    {"float", Type::DoublePrecision},
    {"decimal", Type::Numeric},
    {"dec", Type::Numeric},
    {"bool", Type::Boolean},
    {"varchar", Type::Varchar},
    {"bpchar", Type::Char},
    {"char", Type::Char},
    {"time", Type::Time},
    {"timetz", Type::TimeTz},
    {"timestamp", Type::Timestamp},
}};

// A type's text in pieces: its name in lower case with single blanks, and what stood in parentheses.
struct TypeText {
  std::string name;
  std::vector<int> modifiers;
};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string normal_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    if (!is_blank(c)) {
      name.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    } else if (!name.empty() && name.back() != ' ') {
      name.push_back(' ');
    }
  }
  if (!name.empty() && name.back() == ' ') name.pop_back();
  return name;
}

std::optional<int> parse_modifier(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  const std::optional<int64_t> number = parse_int64(text);
  constexpr int64_t kLargest = 10'485'760;  // PostgreSQL's longest varchar(n)
  if (!number || *number < -1000 || *number > kLargest) return std::nullopt;
  return static_cast<int>(*number);
}

std::optional<TypeText> take_apart(std::string_view text) {
  TypeText parts;
  const size_t open = text.find('(');
  if (open == std::string_view::npos) {
    parts.name = normal_name(text);
    return parts;
  }
  const size_t close = text.find(')', open);
  if (close == std::string_view::npos) return std::nullopt;
  std::string_view inside = text.substr(open + 1, close - open - 1);
  for (;;) {
    const size_t comma = inside.find(',');
    const std::optional<int> modifier = parse_modifier(inside.substr(0, comma));
    if (!modifier) return std::nullopt;
    parts.modifiers.push_back(*modifier);
    if (comma == std::string_view::npos) break;
    inside.remove_prefix(comma + 1);
  }
  parts.name = normal_name(std::string(text.substr(0, open)) + ' ' + std::string(text.substr(close + 1)));
  return parts;
}

std::optional<Type> type_from_any_name(std::string_view name) {
  if (const std::optional<Type> type = type_from_name(name)) return type;
  for (const NamedType& alias : kAliases) {
    if (alias.name == name) return alias.type;
  }
  if (name == "timestamptz") return Type::TimestampTz;
  return std::nullopt;
}

// Whether `modifiers` may stand behind the type; sets what ColumnType keeps of them.
bool take_modifiers(const std::string& name, const std::vector<int>& modifiers, ColumnType& type) {
  switch (type.type) {
    case Type::Numeric:
      if (modifiers.empty()) return true;
      if (modifiers.size() > 2 || modifiers[0] < 1 || modifiers[0] > 1000) return false;
      type.precision = modifiers[0];
      type.scale = modifiers.size() == 2 ? modifiers[1] : 0;
      return *type.scale >= -1000 && *type.scale <= 1000;
    case Type::Varchar:
    case Type::Char:
      if (modifiers.empty()) {
        // In SQL `char` alone is one character; `bpchar` has no limit.
        if (name == "char" || name == "character") type.length = 1;
        return true;
      }
      if (modifiers.size() != 1 || modifiers[0] < 1) return false;
      type.length = modifiers[0];
      return true;
    case Type::DoublePrecision:
      if (modifiers.empty()) return true;
      if (name != "float" || modifiers.size() != 1 || modifiers[0] < 1 || modifiers[0] > 53) return false;
      if (modifiers[0] <= 24) type.type = Type::Real;
      return true;
    case Type::Time:
    case Type::TimeTz:
    case Type::Timestamp:
    case Type::TimestampTz:
    case Type::Interval:
      // The digits of the seconds: they round at the source and change nothing here.
      return modifiers.empty() || (modifiers.size() == 1 && modifiers[0] >= 0 && modifiers[0] <= 6);
    default:
      return modifiers.empty();
  }
}

}  // namespace

std::string_view type_name(Type type) { return kNames[static_cast<size_t>(type)].name; }

std::optional<Type> type_from_name(std::string_view name) {
  for (const NamedType& known : kNames) {
    if (known.name == name) return known.type;
  }
  return std::nullopt;
}

std::string to_text(const ColumnType& type) {
  std::string text(type_name(type.type));
  if (type.type == Type::Varchar) text = "varchar";
  if (type.type == Type::Char) text = type.length ? "char" : "bpchar";
  if (type.precision) {
    text += '(' + std::to_string(*type.precision) + ',' + std::to_string(type.scale.value_or(0)) + ')';
  } else if (type.length) {
    text += '(' + std::to_string(*type.length) + ')';
  }
  return text;
}

Result<ColumnType> parse_column_type(std::string_view text) {
  const std::optional<TypeText> parts = take_apart(text);
  const std::optional<Type> base = parts ? type_from_any_name(parts->name) : std::nullopt;
  if (!base) {
    return refused("'" + std::string(text) + "' is not a type that Aurora DSQL has");
  }
  ColumnType type;
  type.type = *base;
  if (!take_modifiers(parts->name, parts->modifiers, type)) {
    return refused("'" + std::string(text) + "' has numbers in parentheses that " +
                   std::string(type_name(*base)) + " does not take");
  }
  return type;
}

const Table* Catalog::find(const change::TableName& name) const {
  const auto found = tables.find(name);
  return found == tables.end() ? nullptr : &found->second;
}

}  // namespace sluice::catalog
