// Sizes and durations as people type them: 64MiB, 500ms, 8d.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::app {

// Bytes: 4096, 512B, 64KiB, 64MiB, 2GiB (powers of 1,024) or 64kB, 64MB, 2GB (powers of 1,000), whole
// numbers, an optional space before the unit. Nothing when it is not that or does not fit.
std::optional<int64_t> parse_size(std::string_view text);
// "64MiB" when it comes out even, plain bytes otherwise. parse_size reads it back.
std::string size_text(int64_t bytes);

// Milliseconds: 500ms, 5s, 10min, 3h, 8d. A bare number is refused, because it does not say of what; only 0
// needs no unit.
std::optional<int64_t> parse_duration_ms(std::string_view text);
// "8d", "500ms": the largest unit that comes out even. parse_duration_ms reads it back.
std::string duration_text(int64_t ms);

// A time with its zone as milliseconds since 1970 UTC: 2026-09-21T14:00:00Z, 2026-09-21 16:00:00.5+02:00.
// Nothing when it is none, has no zone or is before 1970.
std::optional<int64_t> parse_time_ms(std::string_view text);

}  // namespace sluice::app
