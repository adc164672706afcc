// parse_event over any bytes, held against simdjson's DOM: what it takes must be exactly the records that
// stand there, in their order, with positions that fit the log. The documents of on-failure destinations and
// the memory of finished chunks go through their own parsers with the same bytes.
#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/check.h"
#include "base/text.h"
#include "lambda/event.h"
#include "lambda/fragments.h"
#include "lambda/on_failure.h"

namespace {

using namespace sluice;
namespace dom = simdjson::dom;

constexpr size_t kMostPositionBytes = 128;

// Reads every byte that a reader may read, so that the sanitizer can object.
unsigned sum(std::string_view text, size_t slack) {
  unsigned total = 0;
  for (size_t i = 0; i < text.size() + slack; ++i) total += static_cast<unsigned char>(text.data()[i]);
  return total;
}

template <typename T>
void check_error(const Result<T>& result, std::string_view reason) {
  CHECK(result.ok() || (result.error().kind == ErrorKind::Malformed && result.error().reason == reason &&
                        !result.error().message.empty()));
}

// The last that the members `kinesis` of a record say of one thing, as a reader of them one by one sees it.
std::string_view last_text(const dom::object& record, std::string_view member) {
  std::string_view text;
  for (const dom::key_value_pair of_record : record) {
    if (of_record.key != "kinesis") continue;
    for (const dom::key_value_pair of_kinesis : dom::object(of_record.value))
      if (of_kinesis.key == member) CHECK(of_kinesis.value.get(text) == simdjson::SUCCESS);
  }
  return text;
}

void check_records(const lambda::KinesisBatch& batch, const std::string& event) {
  CHECK(!batch.block.records.empty());
  CHECK(lambda::stream_name_of(batch.stream_arn).ok());
  CHECK(!batch.shard_id.empty() && batch.block.shard.size() <= kMostPositionBytes);
  for (const change::RawRecord& record : batch.block.records) {
    CHECK(record.position.shard == batch.block.shard);
    CHECK(lambda::is_sequence(record.position.sequence));
    CHECK(record.bytes.size() <= event.size());
    CHECK(sum(record.bytes, kReadableSlack) < UINT32_MAX);
  }
  // A member whose name is escaped is none that is known.
  if (event.find("\\u") != std::string::npos) return;
  dom::parser parser;
  dom::array records;
  // What is passed over need not be JSON for it to be taken.
  if (parser.parse(event)["Records"].get(records) != simdjson::SUCCESS) return;
  CHECK(records.size() == batch.block.records.size());
  size_t at = 0;
  for (const dom::element record : records) {
    const change::RawRecord& taken = batch.block.records[at++];
    CHECK(last_text(record, "sequenceNumber") == taken.position.sequence);
    CHECK(base64_decode(last_text(record, "data")) == taken.bytes);
  }
}

void check_event(const std::string& text) {
  std::string copy = text;
  const Result<lambda::Event> event = lambda::parse_event(copy);
  check_error(event, "unknown-event");
  if (!event.ok()) return;
  if (const auto* batch = std::get_if<lambda::KinesisBatch>(&event.value())) check_records(*batch, text);
  if (const auto* queue = std::get_if<lambda::QueueBatch>(&event.value())) CHECK(!queue->messages.empty());
}

void check_note(const std::string& text) {
  const Result<lambda::FailureNote> note = lambda::parse_failure_note(text);
  if (!note.ok()) {
    CHECK(note.error().kind == ErrorKind::Malformed && !note.error().message.empty());
    return;
  }
  const auto* range = std::get_if<lambda::FailedRange>(&note.value());
  if (range == nullptr) return;
  CHECK(lambda::compare_sequences(range->first_sequence, range->last_sequence) <= 0);
  const std::string name = lambda::stream_name_of(range->stream_arn).value();
  CHECK(lambda::position_shard(name, range->shard_id).size() <= kMostPositionBytes);
  CHECK(!lambda::describe(*range).empty());
  if (!range->payload.empty()) check_event(range->payload);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_event(text);
  check_note(text);
  const auto chunk = lambda::parse_finished(text);
  check_error(chunk, "bad-marker");
  if (chunk.ok()) {
    const auto again = lambda::parse_finished(lambda::finished_text(chunk.value()));
    CHECK(again.ok() && again.value().chunk_id == chunk.value().chunk_id &&
          again.value().piece_crcs == chunk.value().piece_crcs);
  }
  return 0;
}
