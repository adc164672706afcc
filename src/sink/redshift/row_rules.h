// What Redshift can hold of a row, decided before anything is sent.
//
// Redshift cuts, folds or refuses what it cannot hold, some of it in silence: a cast to VARCHAR(128) keeps
// the first 128 bytes. So nothing is sent that would not come out as it went in; such a row is Refused with a
// reason, and nothing is ever changed on the way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "change/batch.h"
#include "sink/redshift/settings.h"

namespace sluice::sink::redshift {

// Why a row can not be stored. The message never shows a value.
struct RowFault {
  std::string reason;
  std::string message;
};

// Nothing when `row` can be stored as it is. The image must be well-formed JSON. Reasons: too-long (a name,
// an id or an operation), nul-character, not-utf8, duplicate-key, lone-surrogate, string-too-long,
// number-too-long, too-deep, value-too-large (16 MB).
std::optional<RowFault> fault_of(const change::Row& row, const change::TableName& table,
                                 const Settings& settings);

// The same for an image alone.
std::optional<RowFault> image_fault_of(std::string_view json, int64_t max_string_bytes);

// Limits of https://docs.aws.amazon.com/redshift/latest/dg/limitations-super.html
inline constexpr size_t kMaxSuperBytes = 16'000'000;
inline constexpr size_t kMaxInlineSuperBytes = 1'000'000;
inline constexpr int kMaxSuperNesting = 1000;
// A DECIMAL holds so many digits; what has more would be kept as a rounded float.
inline constexpr size_t kMaxNumberDigits = 38;

}  // namespace sluice::sink::redshift
