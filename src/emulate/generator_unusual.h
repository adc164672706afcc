// Unusual envelopes: legal JSON that means the same, spelled as no reader should rely on not seeing it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "emulate/random.h"

namespace sluice::emulate {

// What is unusual about one change's records.
struct Unusual {
  bool unknown_op = false;       // upserts only: still one, by its `after`
  bool unknown_version = false;  // of source
  bool extra_members = false;    // of the envelope and of source
  bool shuffled = false;         // members in another order
  bool spaced = false;           // white space between tokens
  bool escaped_names = false;    // names and short strings with \uXXXX
  uint64_t seed = 0;             // the same seed gives the same spelling
  bool any() const {
    return unknown_op || unknown_version || extra_members || shuffled || spaced || escaped_names;
  }
};

// At least one of them.
Unusual draw_unusual(Random& random);

// A record as encode_record() writes it, spelled as `unusual` says. Images, and everything else that is not
// the envelope's own, keep their bytes.
std::string spelled_unusually(std::string_view record, const Unusual& unusual);

// One member of a JSON object, as spans of its text: name with quotes, whole value.
struct MemberText {
  std::string_view name;
  std::string_view value;
};
// The members of an object that is known to be legal compact JSON.
std::vector<MemberText> members_of(std::string_view object);

}  // namespace sluice::emulate
