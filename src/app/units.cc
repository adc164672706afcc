#include "app/units.h"

#include <array>
#include <chrono>

#include "base/text.h"

namespace sluice::app {
namespace {

struct Unit {
  std::string_view name;
  int64_t factor;
};

constexpr int64_t kSecond = 1000;

constexpr std::array kSizes = {
    Unit{"B", 1},
    Unit{"KiB", int64_t{1} << 10},
    Unit{"MiB", int64_t{1} << 20},
    Unit{"GiB", int64_t{1} << 30},
    Unit{"TiB", int64_t{1} << 40},
    Unit{"kB", 1'000},
    Unit{"KB", 1'000},
    Unit{"MB", 1'000'000},
    Unit{"GB", 1'000'000'000},
    Unit{"TB", 1'000'000'000'000},
};
constexpr std::array kDurations = {
    Unit{"ms", 1},
    Unit{"s", kSecond},
    Unit{"min", 60 * kSecond},
    Unit{"h", 3600 * kSecond},
    Unit{"d", 86400 * kSecond},
};

// A whole number, an optional space, and a unit of `units`; without a unit `bare` is its factor, 0: refused.
template <size_t kCount>
std::optional<int64_t> parse_amount(std::string_view text, const std::array<Unit, kCount>& units,
                                    int64_t bare) {
  const size_t end = text.find_first_not_of("0123456789");
  const auto number = parse_int64(text.substr(0, end));
  if (!number || *number < 0) return std::nullopt;
  int64_t factor = *number == 0 ? 1 : bare;
  if (end != std::string_view::npos) {
    std::string_view name = text.substr(end);
    if (name.size() > 1 && name.front() == ' ') name.remove_prefix(1);
    factor = 0;
    for (const Unit& unit : units) {
      if (unit.name == name) factor = unit.factor;
    }
  }
  int64_t amount = 0;
  if (factor == 0 || __builtin_mul_overflow(*number, factor, &amount)) return std::nullopt;
  return amount;
}

}  // namespace

std::optional<int64_t> parse_size(std::string_view text) { return parse_amount(text, kSizes, 1); }

std::string size_text(int64_t bytes) {
  for (const std::string_view name : {"GiB", "MiB", "KiB"}) {
    for (const Unit& unit : kSizes) {
      if (unit.name == name && bytes >= unit.factor && bytes % unit.factor == 0) {
        return std::to_string(bytes / unit.factor) + std::string(name);
      }
    }
  }
  return std::to_string(bytes);
}

std::optional<int64_t> parse_duration_ms(std::string_view text) { return parse_amount(text, kDurations, 0); }

std::string duration_text(int64_t ms) {
  for (size_t at = kDurations.size(); at-- > 0;) {
    const Unit& unit = kDurations[at];
    if (ms >= unit.factor && ms % unit.factor == 0) {
      return std::to_string(ms / unit.factor) + std::string(unit.name);
    }
  }
  return "0ms";
}

std::optional<int64_t> parse_time_ms(std::string_view text) {
  const auto number = [&text](size_t at, size_t digits, int64_t most) -> std::optional<int64_t> {
    if (at + digits > text.size() || text[at] == '-') return std::nullopt;
    const auto found = parse_int64(text.substr(at, digits));
    return found && *found <= most ? found : std::nullopt;
  };
  constexpr std::string_view kForm = "0000-00-00T00:00:00";
  if (text.size() <= kForm.size()) return std::nullopt;
  for (size_t at = 0; at < kForm.size(); ++at) {
    const bool separates = kForm[at] != '0';
    if (separates && text[at] != kForm[at] && !(at == 10 && text[at] == ' ')) return std::nullopt;
  }
  const auto year = number(0, 4, 9999);
  const auto month = number(5, 2, 12);
  const auto day = number(8, 2, 31);
  const auto hour = number(11, 2, 23);
  const auto minute = number(14, 2, 59);
  const auto second = number(17, 2, 60);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  int64_t ms = std::chrono::sys_days(date).time_since_epoch().count() * int64_t{86'400'000} +
               ((*hour * 60 + *minute) * 60 + *second) * 1000;
  size_t at = kForm.size();
  if (text[at] == '.') {
    int64_t worth = 100;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, worth /= 10)
      ms += (text[at] - '0') * worth;
  }
  const std::string_view zone = text.substr(at);
  if (zone != "Z" && zone != "z") {
    const auto hours = number(at + 1, 2, 23);
    const auto minutes = number(at + 4, 2, 59);
    if (zone.size() != 6 || zone[3] != ':' || !hours || !minutes || (zone[0] != '+' && zone[0] != '-'))
      return std::nullopt;
    ms -= (zone[0] == '+' ? 1 : -1) * (*hours * 60 + *minutes) * 60'000;
  }
  return ms >= 0 ? std::optional(ms) : std::nullopt;
}

}  // namespace sluice::app
