// parse_multilang_message over any bytes: records lie in the arena with their slack readable, their bytes are
// what simdjson's DOM and an independent base64 say that they are, and an error shows nothing of the line.
#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/check.h"
#include "base/text.h"
#include "source/multilang_message.h"

namespace {

using namespace sluice;
using source::MultilangMessage;
namespace dom = simdjson::dom;

// Reads every byte that a reader may read, so that the sanitizer can object.
unsigned sum(std::string_view text, size_t slack) {
  unsigned total = 0;
  for (size_t i = 0; i < text.size() + slack; ++i) total += static_cast<unsigned char>(text.data()[i]);
  return total;
}

void check_records(const MultilangMessage& message, const std::string& line) {
  dom::parser parser;
  dom::element document;
  CHECK(parser.parse(line).get(document) == simdjson::SUCCESS);
  dom::array records;
  if (document["records"].get(records) != simdjson::SUCCESS) return CHECK(message.records.empty());
  CHECK(records.size() == message.records.size());
  size_t at = 0;
  for (const dom::element record : records) {
    const source::MultilangRecord& taken = message.records[at++];
    CHECK(!taken.sequence.empty() &&
          taken.sequence.find_first_not_of("0123456789") == std::string_view::npos);
    CHECK(taken.sub_sequence >= 0 && taken.arrival_ms >= 0);
    CHECK(sum(taken.data, kReadableSlack) < UINT32_MAX);
    std::string_view data;
    if (record["data"].get(data) == simdjson::SUCCESS) CHECK(base64_decode(data) == taken.data);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string given(reinterpret_cast<const char*>(data), size);
  std::string line = given;
  Arena arena;
  const auto message = source::parse_multilang_message(line, arena);
  CHECK(line == given);
  if (!message.ok()) {
    CHECK(message.error().kind == ErrorKind::Refused && !message.error().message.empty());
    return 0;
  }
  CHECK(!message.value().name.empty());
  CHECK(message.value().behind_ms >= -1);
  if (message.value().action == MultilangMessage::Action::ProcessRecords)
    check_records(message.value(), given);
  return 0;
}
