#include "emulate/model_values.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <span>

#include "base/text.h"
#include "emulate/dsql_encoding.h"

namespace sluice::emulate {
namespace {

using catalog::Type;
using namespace std::string_view_literals;

constexpr std::array kWildPieces = {
    "a"sv,
    "Zz"sv,
    " "sv,
    "plain words "sv,
    "ß"sv,
    "Köln"sv,
    "µ"sv,
    "–"sv,
    "日本語"sv,
    "العربية"sv,
    "📦"sv,
    "👩‍👩‍👧"sv,
    "e\xCC\x81"sv,
    "é"sv,
    "\""sv,
    "\\"sv,
    "/"sv,
    "\\u0000"sv,
    "\\u00e9"sv,
    "\\n"sv,
    "\n"sv,
    "\r"sv,
    "\t"sv,
    "\b"sv,
    "\f"sv,
    "\x01"sv,
    "\x1F"sv,
    "\x7F"sv,
    "'"sv,
    "{"sv,
    "}]"sv,
    "null"sv,
    "\xE2\x80\xA8"sv,
    "\xEF\xBB\xBF"sv,
    "\xEF\xBF\xBF"sv,
    "\xF4\x8F\xBF\xBF"sv,
    "\xED\x9F\xBF"sv,
    "\xEE\x80\x80"sv,
    "; drop table x"sv,
    "NaN"sv,
    "0"sv,
    ","sv,
    ":"sv,
};
constexpr std::array kWholeTexts = {
    ""sv,
    " "sv,
    "NaN"sv,
    "Infinity"sv,
    "-Infinity"sv,
    "null"sv,
    "true"sv,
    "0"sv,
    "-0"sv,
    "1e999"sv,
    "[]"sv,
    "{}"sv,
    "\""sv,
    "\\"sv,
    "\\u0000"sv,
    "\\\\\""sv,
    "[\"a\",1]"sv,
    "image:00"sv,
    "sha256:"sv,
    "1970-01-01"sv,
    "a\nb"sv,
    "  both  "sv,
    "9223372036854775808"sv,
};
constexpr std::array kFirstNames = {"Ada"sv,    "Grace"sv, "Edsger"sv, "Barbara"sv, "Linus"sv, "Margaret"sv,
                                    "Jürgen"sv, "Zoë"sv,   "Søren"sv,  "Mei"sv,     "Renée"sv, "Łukasz"sv};
constexpr std::array kLastNames = {"Lovelace"sv, "Hopper"sv,  "Müller"sv, "O'Brien"sv,
                                   "Nakamura"sv, "García"sv,  "Nguyen"sv, "Smith"sv,
                                   "Kowalski"sv, "Ferrari"sv, "Åberg"sv,  "Haddad"sv};
constexpr std::array kCities = {"Köln"sv,  "Lisboa"sv, "Dublin"sv, "São Paulo"sv,
                                "Tokyo"sv, "Oslo"sv,   "Austin"sv};
constexpr std::array kCountries = {"DE"sv, "PT"sv, "IE"sv, "BR"sv, "JP"sv, "NO"sv, "US"sv};
constexpr std::array kStatuses = {"new"sv, "paid"sv, "packed"sv, "shipped"sv, "delivered"sv, "returned"sv};
constexpr std::array kThings = {"chair"sv,   "lamp"sv,   "kettle"sv,   "notebook"sv, "backpack"sv,
                                "bicycle"sv, "teapot"sv, "keyboard"sv, "blanket"sv,  "umbrella"sv};
constexpr std::array kQualities = {"oak"sv,   "folding"sv,     "cordless"sv,   "blue"sv,
                                   "large"sv, "second-hand"sv, "waterproof"sv, "light"sv};
constexpr std::array kProse = {
    "Delivered to the neighbour on the left."sv, "Please ring twice; the bell is shy."sv,
    "A gift: no invoice in the box."sv,          "Fits most desks, weighs less than it looks."sv,
    "The second one in this colour."sv,          "Leave it behind the bins if nobody is home."sv,
    "Replaces the broken part of order 1187."sv, "Sturdy, quiet and easy to clean."sv};

std::string_view any(std::span<const std::string_view> of, Random& random) {
  return of[random.index(of.size())];
}

int64_t edge_integer(int64_t least, int64_t most, Random& random) {
  switch (random.below(8)) {
    case 0:
      return least;
    case 1:
      return most;
    case 2:
      return 0;
    case 3:
      return -1;
    case 4: {
      // Around 2^53, where doubles stop counting by one.
      const int64_t near = (int64_t{1} << 53) + random.between(-2, 2);
      return near <= most ? (random.one_in(2) ? near : -near) : most - 1;
    }
    default:
      return random.between(-1'000'000, 1'000'000) % (most / 2 + 1);
  }
}

void append_edge_float(std::string& to, bool is_real, Random& random) {
  static constexpr double kEdges[] = {
      0.0, -0.0, 0.1, -1.5, 1e300, 5e-324, 1.7976931348623157e308, 9007199254740993.0};
  static constexpr double kSizes[] = {1e-8, 1e-5, 1e-2, 1, 1e2, 1e5, 1e9, 1e12};
  const uint64_t choice = random.below(14);
  double value = 0;
  if (choice == 0) {
    value = std::nan("");
  } else if (choice == 1) {
    value = std::numeric_limits<double>::infinity();
  } else if (choice == 2) {
    value = -std::numeric_limits<double>::infinity();
  } else if (choice < 7) {
    value = kEdges[random.index(std::size(kEdges))];
  } else {
    value = kSizes[random.index(std::size(kSizes))];
    value *= random.unit() - 0.5;
  }
  if (!is_real) {
    append_double(to, value);
  } else if (std::isfinite(value) && std::fabs(value) > std::numeric_limits<float>::max()) {
    append_real(to, std::numeric_limits<float>::max());
  } else {
    append_real(to, static_cast<float>(value));
  }
}

std::string random_digits(size_t count, Random& random) {
  std::string digits;
  for (size_t i = 0; i < count; ++i) digits.push_back(static_cast<char>('0' + random.below(10)));
  if (count > 0 && digits[0] == '0') digits[0] = '7';
  return digits;
}

// As PostgreSQL prints a numeric: all digits of its scale, no exponent.
void append_numeric(std::string& to, const catalog::ColumnType& type, Random& random) {
  const auto precision = static_cast<size_t>(type.precision.value_or(38));
  const auto scale = static_cast<size_t>(type.scale.value_or(type.precision ? 0 : 10));
  const uint64_t choice = random.below(12);
  if (choice == 0) return append_text(to, "NaN");
  if (choice == 1 && !type.precision) return append_text(to, random.one_in(2) ? "Infinity" : "-Infinity");
  std::string text = random.one_in(3) ? "-" : "";
  const bool full = choice < 4;  // every digit that the precision allows
  const size_t whole = full ? precision - scale : random.index(std::min<size_t>(precision - scale, 9) + 1);
  text += whole == 0                 ? "0"
          : full && random.one_in(2) ? std::string(whole, '9')
                                     : random_digits(whole, random);
  if (scale > 0) text += "." + (random.one_in(4) ? std::string(scale, '0') : random_digits(scale, random));
  append_text(to, text);
}

int64_t edge_timestamp(Random& random, int64_t now_us) {
  static constexpr int64_t kEdges[] = {
      kTimestampInfinity, kTimestampMinusInfinity, 0, -1, 9'007'199'254'740'993, 253'402'300'799'999'999,
      // The first moment that PostgreSQL knows, and one past what a double in microseconds can tell apart.
      -210'866'803'200'000'000, 9'223'371'331'200'000'000 - 1, -62'135'596'800'000'001};
  if (random.one_in(2)) return kEdges[random.index(std::size(kEdges))];
  return now_us - static_cast<int64_t>(random.below(100'000'000'000'000));
}

int64_t edge_date(Random& random) {
  static constexpr int64_t kEdges[] = {kDateInfinity, kDateMinusInfinity, 0,        -1,
                                       -2'440'588,    2'145'042'905,      2'932'896};
  return random.one_in(2) ? kEdges[random.index(std::size(kEdges))] : random.between(-30'000, 30'000);
}

void append_json_document(std::string& to, Random& random, int depth) {
  static constexpr std::string_view kScalars[] = {
      "null",  "true", "0", "-1.5e3", "\"x\\\"y\"", "\"\\u00e9\"", "12345678901234567890",
      "\"📦\"", "[]",   "{}"};
  if (depth == 0 || random.one_in(3)) {
    to.append(kScalars[random.index(std::size(kScalars))]);
    return;
  }
  const bool is_object = random.one_in(2);
  const uint64_t members = 1 + random.below(3);
  to.push_back(is_object ? '{' : '[');
  for (uint64_t member = 0; member < members; ++member) {
    if (member > 0) to.append(random.one_in(2) ? ", " : ",");
    if (is_object) fmt::format_to(std::back_inserter(to), "\"k{}\":{}", member, random.one_in(2) ? " " : "");
    append_json_document(to, random, depth - 1);
  }
  to.push_back(is_object ? '}' : ']');
}

std::string random_bytes(Random& random) {
  std::string bytes(random.index(40), '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.below(256));
  return bytes;
}

std::string uuid_text(uint64_t high, uint64_t low) {
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xFFFF, high & 0xFFFF,
                     low >> 48, low & 0xFFFF'FFFF'FFFF);
}

// One draw after the other: the order in which a call's arguments are drawn is the compiler's choice.
std::string random_uuid(Random& random) {
  const uint64_t high = random.next();
  return uuid_text(high, random.next());
}

std::string edge_text(Random& random) {
  return random.one_in(3) ? std::string(any(kWholeTexts, random)) : wild_text(random, random.below(24));
}

void append_edge_text(std::string& to, const catalog::ColumnType& type, Random& random) {
  switch (type.type) {
    case Type::Bytea:
      return append_bytea(to, random_bytes(random));
    case Type::Uuid:
      return append_text(to, random_uuid(random));
    case Type::Json:
    case Type::Jsonb: {
      std::string document;
      append_json_document(document, random, 3);
      return append_text(to, document);
    }
    case Type::Char:
      return append_char(to, random.one_in(3) ? "   " : "ab " + std::to_string(random.below(100)));
    case Type::QuotedChar:
      return append_text(to, std::string(1, static_cast<char>('!' + random.below(90))));
    case Type::Name:
      return append_text(to, "pg_" + std::to_string(random.below(1000)));
    default:
      return append_text(to, edge_text(random));
  }
}

void append_edge_interval(std::string& to, Random& random) {
  const int64_t months = random.one_in(5) ? 2'000'000'000 : random.between(-500, 500);
  const int64_t days = random.between(-500, 500);
  append_interval(to, months, days, random.between(-86'400'000'000, 86'400'000'000));
}

void append_edge_value(std::string& to, const catalog::ColumnType& type, Random& random, int64_t now_us) {
  switch (type.type) {
    case Type::SmallInt:
      return append_integer(to, edge_integer(-32'768, 32'767, random));
    case Type::Integer:
      return append_integer(
          to, edge_integer(std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max(), random));
    case Type::BigInt:
      return append_integer(
          to, edge_integer(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(), random));
    case Type::Oid:
      return append_integer(to, random.one_in(4) ? int64_t{4'294'967'295} : random.between(0, 100'000));
    case Type::Real:
    case Type::DoublePrecision:
      return append_edge_float(to, type.type == Type::Real, random);
    case Type::Numeric:
      return append_numeric(to, type, random);
    case Type::Boolean:
      return append_boolean(to, random.one_in(2));
    case Type::Date:
      return append_integer(to, edge_date(random));
    case Type::Time:
      return append_integer(to,
                            random.one_in(4) ? int64_t{86'400'000'000} : random.between(0, 86'399'999'999));
    case Type::TimeTz:
      return append_integer(to, random.one_in(4) ? 0 : random.between(0, 86'399'999'999));
    case Type::Timestamp:
    case Type::TimestampTz:
      return append_integer(to, edge_timestamp(random, now_us));
    case Type::Interval:
      return append_edge_interval(to, random);
    case Type::OidVector:
      to.append("[]");
      return;
    default:
      return append_edge_text(to, type, random);
  }
}

void append_money(std::string& to, Random& random) {
  const uint64_t cents = random.below(200'000);
  append_text(to, fmt::format("{}.{:02}", cents / 100, cents % 100));
}

void append_attributes(std::string& to, Random& random) {
  const std::string_view colour = any(kQualities, random);
  const uint64_t weight_g = random.below(20'000);
  const bool fragile = random.one_in(5);
  append_text(to,
              fmt::format(R"({{"colour": "{}", "weight_g": {}, "fragile": {}}})", colour, weight_g, fragile));
}

// Two words, drawn one after the other.
void append_pair(std::string& to, std::span<const std::string_view> first,
                 std::span<const std::string_view> second, Random& random) {
  const std::string_view word = any(first, random);
  append_text(to, fmt::format("{} {}", word, any(second, random)));
}

void append_shop_value(std::string& to, const ModelColumn& column, Random& random, int64_t now_us) {
  switch (column.flavor) {
    case Flavor::PersonName:
      return append_pair(to, kFirstNames, kLastNames, random);
    case Flavor::Email:
      return append_text(to, fmt::format("{:x}@example.com", random.below(uint64_t{1} << 36)));
    case Flavor::Street:
      return append_text(to, fmt::format("Station Road {}", 1 + random.below(250)));
    case Flavor::City:
      return append_text(to, any(kCities, random));
    case Flavor::Country:
      return append_text(to, any(kCountries, random));
    case Flavor::Title:
      return append_pair(to, kQualities, kThings, random);
    case Flavor::Prose:
      return append_text(to, any(kProse, random));
    case Flavor::Sku:
      return append_text(to, fmt::format("SKU-{:06}", random.below(1'000'000)));
    case Flavor::Status:
      return append_text(to, any(kStatuses, random));
    case Flavor::Money:
      return append_money(to, random);
    case Flavor::Quantity:
      return append_integer(to, 1 + static_cast<int64_t>(random.below(20)));
    case Flavor::Recent:
      return append_integer(to, now_us - static_cast<int64_t>(random.below(3'600'000'000)));
    case Flavor::Attributes:
      return append_attributes(to, random);
    case Flavor::Plain:
    case Flavor::Edge:
      break;
  }
  if (column.type.type == Type::Boolean) return append_boolean(to, random.one_in(2));
  if (column.type.type == Type::Uuid) return append_text(to, random_uuid(random));
  if (column.type.type == Type::Text) return append_text(to, any(kProse, random));
  append_integer(to, static_cast<int64_t>(random.below(10'000)));
}

void append_key_text(std::string& to, const ModelColumn& column, uint64_t number) {
  std::string text;
  if (column.flavor == Flavor::Edge) {
    if (number == 0) return append_text(to, "");
    // Long enough, once escaped, that the record_id of a composite key is hashed.
    if (number % 97 == 13) text.append(400, '\x01');
    text.append(kWholeTexts[number % kWholeTexts.size()]);
    text.append(kWildPieces[number % kWildPieces.size()]);
  }
  text.append("K").append(std::to_string(number));
  if (column.type.type == Type::Char) return append_char(to, text + "  ");
  append_text(to, text);
}

int64_t spread_bigint(uint64_t number) {
  if (number == 0) return std::numeric_limits<int64_t>::max();
  if (number == 1) return std::numeric_limits<int64_t>::min();
  const int64_t beyond = (int64_t{1} << 53) + static_cast<int64_t>(number);
  return number % 2 == 0 ? beyond : -beyond;
}

// The escape of one code unit.
void append_unit(std::string& to, uint32_t unit) {
  fmt::format_to(std::back_inserter(to), "\\u{:04x}", unit);
}

}  // namespace

std::string wild_text(Random& random, size_t characters) {
  std::string text;
  while (text.size() < characters) text.append(any(kWildPieces, random));
  return text;
}

void append_value(std::string& to, const ModelColumn& column, Random& random, int64_t now_us) {
  if (column.nullable && random.one_in(12)) {
    to.append("null");
  } else if (column.flavor == Flavor::Edge) {
    append_edge_value(to, column.type, random, now_us);
  } else {
    append_shop_value(to, column, random, now_us);
  }
}

void append_key_value(std::string& to, const ModelColumn& column, uint64_t number) {
  const auto plain = static_cast<int64_t>(number);
  switch (column.type.type) {
    case Type::BigInt:
      return append_integer(to, column.flavor == Flavor::Edge ? spread_bigint(number) : plain + 1);
    case Type::SmallInt:
    case Type::Integer:
      return append_integer(to, column.flavor == Flavor::Edge && number % 2 == 1 ? -plain : plain);
    case Type::Date:
      return append_integer(to, plain - 1000);
    case Type::Numeric:
      return append_text(to, std::to_string(number) + ".50");
    case Type::Uuid: {
      uint64_t state = number;
      return append_text(to, uuid_text(split_mix(state), number));
    }
    default:
      return append_key_text(to, column, number);
  }
}

std::string spelled_with_escapes(std::string_view json_string, Random& random) {
  std::string to;
  for (size_t at = 0; at < json_string.size();) {
    const auto byte = static_cast<unsigned char>(json_string[at]);
    if (byte == '\\') {
      const size_t length = json_string[at + 1] == 'u' ? 6 : 2;
      to.append(json_string, at, length);
      at += length;
    } else if (byte == '/') {
      to.append("\\/");
      ++at;
    } else if (byte < 0x80) {
      if (byte != '"' && random.one_in(4)) {
        append_unit(to, byte);
      } else {
        to.push_back(json_string[at]);
      }
      ++at;
    } else if (byte >= 0xF0 && random.one_in(2)) {
      uint32_t point = byte & 7U;
      for (size_t next = 1; next < 4; ++next) {
        point = point << 6 | (static_cast<unsigned char>(json_string[at + next]) & 0x3FU);
      }
      append_unit(to, 0xD800 + ((point - 0x10000) >> 10));
      append_unit(to, 0xDC00 + ((point - 0x10000) & 0x3FF));
      at += 4;
    } else {
      to.push_back(json_string[at++]);
    }
  }
  return to;
}

}  // namespace sluice::emulate
