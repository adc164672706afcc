// What the words of a statement that FAILED mean. Redshift has no codes for it, so the words decide.
//
// Wrong in one direction a good row is quarantined, wrong in the other a poison row holds up its shard; so
// words that are not known mean Unknown, and only the rows' own behaviour decides then.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::sink::redshift {

enum class FailureCause : uint8_t {
  Data,       // a row's fault: the same statement can never succeed
  Transient,  // nobody's fault: again may succeed
  Permanent,  // a person has to act: no right, no table, our SQL
  Unknown,
};

// `raw` is what the service says. What stands between quotes plays no part, since a row may have put it
// there.
FailureCause cause_of(std::string_view raw);

}  // namespace sluice::sink::redshift
