// PostgreSQL's text output, read and written again as DSQL's values.
#include <array>
#include <limits>

#include "base/text.h"
#include "emulate/dsql_encoding.h"

namespace sluice::emulate {
namespace {

constexpr int64_t kDayMicroseconds = 86'400'000'000;

// Reads a text from left to right. Every take_* either moves past what it took or leaves all as it was.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool take(std::string_view literal) {
    if (!rest_.starts_with(literal)) return false;
    rest_.remove_prefix(literal.size());
    return true;
  }
  // At most 18 decimal digits, so that nothing overflows.
  std::optional<int64_t> take_digits() {
    int64_t value = 0;
    size_t count = 0;
    while (count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9') {
      if (count == 18) return std::nullopt;
      value = value * 10 + (rest_[count] - '0');
      ++count;
    }
    if (count == 0) return std::nullopt;
    rest_.remove_prefix(count);
    return value;
  }
  // ".123" as microseconds; 0 when there is no fraction.
  std::optional<int64_t> take_fraction() {
    if (!take(".")) return 0;
    const size_t before = rest_.size();
    std::optional<int64_t> value = take_digits();
    size_t count = before - rest_.size();
    if (!value || count > 6) return std::nullopt;
    for (; count < 6; ++count) *value *= 10;
    return value;
  }
  // -1 after a minus, otherwise 1; a plus is taken too.
  int64_t take_sign() {
    if (take("-")) return -1;
    take("+");
    return 1;
  }
  bool take_suffix(std::string_view suffix) {
    if (!rest_.ends_with(suffix)) return false;
    rest_.remove_suffix(suffix.size());
    return true;
  }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

 private:
  std::string_view rest_;
};

using Number = std::optional<int64_t>;
__extension__ using Wide = __int128;

Number narrowed(Wide number) {
  if (number < std::numeric_limits<int64_t>::min() || number > std::numeric_limits<int64_t>::max()) {
    return std::nullopt;
  }
  return static_cast<int64_t>(number);
}

// Days from 1970-01-01 in the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level date
// algorithms"). Year 0 is 1 BC.
int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

Number take_day(Reader& reader, bool before_christ) {
  const Number year = reader.take_digits();
  if (!year || *year < 1 || *year > 5'874'897 || !reader.take("-")) return std::nullopt;
  const Number month = reader.take_digits();
  if (!month || *month < 1 || *month > 12 || !reader.take("-")) return std::nullopt;
  const Number day = reader.take_digits();
  if (!day || *day < 1 || *day > 31) return std::nullopt;
  return days_from_civil(before_christ ? 1 - *year : *year, *month, *day);
}

// "HH:MM[:SS[.ffffff]]" as microseconds; `hours` may be any number in an interval.
std::optional<Wide> take_clock(Reader& reader, int64_t most_hours) {
  const Number hours = reader.take_digits();
  if (!hours || *hours > most_hours || !reader.take(":")) return std::nullopt;
  const Number minutes = reader.take_digits();
  if (!minutes || *minutes > 59) return std::nullopt;
  int64_t seconds = 0;
  Number fraction = 0;
  if (reader.take(":")) {
    const Number taken = reader.take_digits();
    fraction = reader.take_fraction();
    if (!taken || *taken > 60 || !fraction) return std::nullopt;
    seconds = *taken;
  }
  return (Wide{*hours} * 3600 + *minutes * 60 + seconds) * 1'000'000 + *fraction;
}

// "+HH[:MM[:SS]]" as microseconds east of UTC.
Number take_offset(Reader& reader) {
  if (reader.peek() != '+' && reader.peek() != '-') return std::nullopt;
  const int64_t sign = reader.take_sign();
  int64_t seconds = 0;
  for (const int64_t unit : {3600, 60, 1}) {
    const Number part = reader.take_digits();
    if (!part || *part > 59) return std::nullopt;
    seconds += *part * unit;
    if (!reader.take(":")) break;
  }
  return sign * seconds * 1'000'000;
}

Number date_days(std::string_view text) {
  if (text == "infinity") return kDateInfinity;
  if (text == "-infinity") return kDateMinusInfinity;
  Reader reader(text);
  const bool before_christ = reader.take_suffix(" BC");
  const Number days = take_day(reader, before_christ);
  return reader.at_end() ? days : std::nullopt;
}

Number time_microseconds(std::string_view text, bool with_zone) {
  Reader reader(text);
  const std::optional<Wide> clock = take_clock(reader, 24);
  const Number offset = with_zone ? take_offset(reader) : Number(0);
  if (!clock || !offset || !reader.at_end() || *clock > kDayMicroseconds) return std::nullopt;
  if (!with_zone) return narrowed(*clock);
  return narrowed(((*clock - *offset) % kDayMicroseconds + kDayMicroseconds) % kDayMicroseconds);
}

Number timestamp_microseconds(std::string_view text, bool with_zone) {
  if (text == "infinity") return kTimestampInfinity;
  if (text == "-infinity") return kTimestampMinusInfinity;
  Reader reader(text);
  const bool before_christ = reader.take_suffix(" BC");
  const Number days = take_day(reader, before_christ);
  if (!days || !(reader.take(" ") || reader.take("T"))) return std::nullopt;
  const std::optional<Wide> clock = take_clock(reader, 24);
  const Number offset = with_zone ? take_offset(reader) : Number(0);
  // The last 30 years of PostgreSQL's range (to 294276) do not fit int64 when counted from 1970: refused.
  if (!clock || !offset || !reader.at_end()) return std::nullopt;
  return narrowed(Wide{*days} * kDayMicroseconds + *clock - *offset);
}

struct IntervalParts {
  int64_t months = 0;
  int64_t days = 0;
  Wide microseconds = 0;
};

// The unit's length in months or days, by its name with the plural taken off.
bool add_unit(IntervalParts& parts, Reader& reader, int64_t count) {
  static constexpr struct {
    std::string_view name;
    int64_t months;
    int64_t days;
  } kUnits[] = {{"year", 12, 0}, {"mon", 1, 0}, {"day", 0, 1}};
  for (const auto& unit : kUnits) {
    if (!reader.take(unit.name)) continue;
    reader.take("s");
    parts.months += count * unit.months;
    parts.days += count * unit.days;
    return true;
  }
  return false;
}

// "1 year 2 mons -3 days +04:05:06.7", each part optional.
std::optional<IntervalParts> interval_in_words(std::string_view text) {
  IntervalParts parts;
  Reader reader(text);
  while (!reader.at_end()) {
    Reader ahead = reader;
    const int64_t sign = ahead.take_sign();
    Reader clock_reader = ahead;
    if (const std::optional<Wide> clock = take_clock(clock_reader, 3'000'000'000)) {
      parts.microseconds = sign * *clock;
      reader = clock_reader;
      if (!reader.at_end()) return std::nullopt;
      return parts;
    }
    const Number count = ahead.take_digits();
    if (!count || *count > std::numeric_limits<int32_t>::max() + int64_t{1}) return std::nullopt;
    if (!ahead.take(" ") || !add_unit(parts, ahead, sign * *count)) return std::nullopt;
    if (!ahead.at_end() && !ahead.take(" ")) return std::nullopt;
    reader = ahead;
  }
  return parts;
}

// "P1Y2M-3DT4H5M6.7S".
std::optional<IntervalParts> interval_in_iso(std::string_view text) {
  IntervalParts parts;
  Reader reader(text);
  if (!reader.take("P")) return std::nullopt;
  bool in_clock = false;
  while (!reader.at_end()) {
    if (reader.take("T")) in_clock = true;
    const int64_t sign = reader.take_sign();
    const Number count = reader.take_digits();
    const Number fraction = reader.take_fraction();
    if (!count || !fraction || *count > 3'000'000'000) return std::nullopt;
    if (!in_clock && reader.take("Y")) {
      parts.months += sign * *count * 12;
    } else if (!in_clock && reader.take("M")) {
      parts.months += sign * *count;
    } else if (!in_clock && reader.take("D")) {
      parts.days += sign * *count;
    } else if (in_clock && reader.take("H")) {
      parts.microseconds += Wide{sign} * *count * 3'600'000'000;
    } else if (in_clock && reader.take("M")) {
      parts.microseconds += Wide{sign} * *count * 60'000'000;
    } else if (in_clock && reader.take("S")) {
      parts.microseconds += Wide{sign} * (*count * 1'000'000 + *fraction);
    } else {
      return std::nullopt;
    }
  }
  return parts;
}

bool append_interval_text(std::string& to, std::string_view text) {
  const std::optional<IntervalParts> parts =
      text.starts_with('P') ? interval_in_iso(text) : interval_in_words(text);
  const Number microseconds = parts ? narrowed(parts->microseconds) : std::nullopt;
  if (!microseconds || text.empty()) return false;
  append_interval(to, parts->months, parts->days, *microseconds);
  return true;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> bytes_of_hex(std::string_view digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(digits.size() / 2);
  for (size_t at = 0; at < digits.size(); at += 2) {
    const int high = hex_value(digits[at]);
    const int low = hex_value(digits[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

std::optional<std::string> bytes_of_escapes(std::string_view text) {
  std::string bytes;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      bytes.push_back(text[at]);
    } else if (text.substr(at + 1, 1) == "\\") {
      bytes.push_back(text[++at]);
    } else {
      int value = 0;
      if (at + 3 >= text.size()) return std::nullopt;
      for (size_t digit = at + 1; digit <= at + 3; ++digit) {
        if (text[digit] < '0' || text[digit] > '7') return std::nullopt;
        value = value * 8 + (text[digit] - '0');
      }
      if (value > 255) return std::nullopt;
      bytes.push_back(static_cast<char>(value));
      at += 3;
    }
  }
  return bytes;
}

bool append_bytea_text(std::string& to, std::string_view text) {
  const std::optional<std::string> bytes =
      text.starts_with("\\x") ? bytes_of_hex(text.substr(2)) : bytes_of_escapes(text);
  if (!bytes) return false;
  append_bytea(to, *bytes);
  return true;
}

bool is_not_finite(std::string_view text) {
  return text == "NaN" || text == "Infinity" || text == "-Infinity";
}

// A sign, digits with at most one point inside, and for floats an exponent: what is also a JSON number.
bool is_decimal(std::string_view text, bool with_exponent) {
  Reader reader(text);
  reader.take("-");
  const auto skip_digits = [&reader] {
    bool any = false;
    while (reader.peek() >= '0' && reader.peek() <= '9')
      any = reader.take(std::string_view("0123456789").substr(static_cast<size_t>(reader.peek() - '0'), 1));
    return any;
  };
  if (!skip_digits()) return false;
  if (reader.take(".") && !skip_digits()) return false;
  if (with_exponent && (reader.take("e") || reader.take("E"))) {
    reader.take_sign();
    if (!skip_digits()) return false;
  }
  return reader.at_end();
}

bool append_number(std::string& to, Number number, int64_t least, int64_t most) {
  if (!number || *number < least || *number > most) return false;
  append_integer(to, *number);
  return true;
}

bool append_number(std::string& to, Number number) {
  return append_number(to, number, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
}

bool append_float_text(std::string& to, std::string_view text) {
  if (is_not_finite(text)) {
    append_text(to, text);
    return true;
  }
  if (!is_decimal(text, true)) return false;
  to.append(text);
  return true;
}

bool append_string_text(std::string& to, catalog::Type type, std::string_view text) {
  if (!is_utf8(text)) return false;
  if (type == catalog::Type::Char) {
    append_char(to, text);
  } else {
    append_text(to, text);
  }
  return true;
}

bool append_of_type(std::string& to, catalog::Type type, std::string_view text) {
  using catalog::Type;
  switch (type) {
    case Type::SmallInt:
      return append_number(to, parse_int64(text), -32'768, 32'767);
    case Type::Integer:
      return append_number(to, parse_int64(text), std::numeric_limits<int32_t>::min(),
                           std::numeric_limits<int32_t>::max());
    case Type::BigInt:
      return append_number(to, parse_int64(text));
    case Type::Oid:
      return append_number(to, parse_int64(text), 0, std::numeric_limits<uint32_t>::max());
    case Type::Real:
    case Type::DoublePrecision:
      return append_float_text(to, text);
    case Type::Numeric:
      if (!is_not_finite(text) && !is_decimal(text, false)) return false;
      append_text(to, text);
      return true;
    case Type::Boolean:
      if (text != "t" && text != "f" && text != "true" && text != "false") return false;
      append_boolean(to, text.starts_with('t'));
      return true;
    case Type::Text:
    case Type::Varchar:
    case Type::Char:
    case Type::Name:
    case Type::QuotedChar:
    case Type::Uuid:
    case Type::Json:
    case Type::Jsonb:
      return append_string_text(to, type, text);
    case Type::Bytea:
      return append_bytea_text(to, text);
    case Type::Date:
      return append_number(to, date_days(text));
    case Type::Time:
    case Type::TimeTz:
      return append_number(to, time_microseconds(text, type == Type::TimeTz));
    case Type::Timestamp:
    case Type::TimestampTz:
      return append_number(to, timestamp_microseconds(text, type == Type::TimestampTz));
    case Type::Interval:
      return append_interval_text(to, text);
    case Type::OidVector:
      to.append("[]");
      return true;
  }
  return false;
}

// A timestamp whose text is understood and whose microseconds do not fit.
bool is_after_the_last_moment(catalog::Type type, std::string_view text) {
  using catalog::Type;
  if (type != Type::Timestamp && type != Type::TimestampTz) return false;
  // A year of PostgreSQL's calendar has six digits at most, and one of before Christ always fits.
  const size_t dash = text.find('-');
  if (dash != 6 || text.ends_with("BC")) return false;
  const std::string earlier = "294246" + std::string(text.substr(dash));
  const bool is_leap_day = text.substr(dash).starts_with("-02-29");
  return text.substr(0, dash) >= "294247" &&
         (is_leap_day || timestamp_microseconds(earlier, type == Type::TimestampTz).has_value());
}

}  // namespace

Result<void> append_postgres_value(std::string& to, catalog::Type type,
                                   std::optional<std::string_view> text) {
  if (!text) {
    to.append("null");
    return {};
  }
  if (append_of_type(to, type, *text)) return {};
  if (is_after_the_last_moment(type, *text))
    return malformed(
        "postgres-value",
        "PostgreSQL sent a " + std::string(catalog::type_name(type)) +
            " after 294247-01-10 04:00:54.775807 UTC. The change stream counts microseconds since "
            "1970 in 64 bits and cannot say it; change or delete the value.");
  return malformed("postgres-value",
                   "PostgreSQL sent a value of type " + std::string(catalog::type_name(type)) +
                       " whose text cannot be read; set DateStyle to ISO, IntervalStyle to postgres and "
                       "bytea_output to hex on that connection.");
}

}  // namespace sluice::emulate
