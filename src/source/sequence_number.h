// Sequence numbers of Kinesis: decimals of up to 129 digits, which no machine integer holds.
#pragma once

#include <string_view>

namespace sluice::source {

// Whether `text` is one: 0, or up to 129 digits that do not begin with 0 (Kinesis' own definition).
bool is_sequence_number(std::string_view text);

// Less than, equal to or greater than 0, as `left` is less than, equal to or greater than `right` as a
// number. Both must be sequence numbers; as plain texts "9" would come after "10".
int compare_sequence_numbers(std::string_view left, std::string_view right);

}  // namespace sluice::source
