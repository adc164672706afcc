// parse_records_page over any bytes, and the other replies of Kinesis with it. What a page points at must lie
// in the arena with its slack readable; an error must say what is wrong.
#include <cstddef>
#include <cstdint>
#include <string>

#include "aws/kinesis_replies.h"
#include "base/check.h"
#include "base/text.h"

namespace {

using namespace sluice;

template <typename T>
void check_error(const Result<T>& result) {
  CHECK(result.ok() || (result.error().kind == ErrorKind::Malformed && result.error().reason == "bad-reply" &&
                        !result.error().message.empty()));
}

// Reads every byte that a reader may read, so that the sanitizer can object.
unsigned sum(std::string_view text, size_t slack) {
  unsigned total = 0;
  for (size_t i = 0; i < text.size() + slack; ++i) total += static_cast<unsigned char>(text.data()[i]);
  return total;
}

void check_page(const aws::RecordsPage& page, const std::string& reply) {
  for (const aws::KinesisRecord& record : page.records) {
    CHECK(!record.sequence.empty());
    CHECK(record.sequence.find_first_not_of("0123456789") == std::string_view::npos);
    CHECK(record.arrival_ms >= 0);
    CHECK(sum(record.data, kReadableSlack) + sum(record.partition_key, 0) < UINT32_MAX);
    CHECK(record.data.size() <= reply.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string reply(reinterpret_cast<const char*>(data), size);
  Arena arena;
  std::string body = reply;
  const auto page = aws::parse_records_page(body, arena);
  check_error(page);
  if (page.ok()) check_page(page.value(), reply);
  const auto shards = aws::parse_shards_page(reply);
  check_error(shards);
  if (shards.ok())
    for (const aws::Shard& shard : shards.value().shards)
      CHECK(!shard.shard_id.empty() && !shard.end_hash.empty());
  check_error(aws::parse_stream_summary(reply));
  check_error(aws::parse_iterator(reply));
  const auto put = aws::parse_put_outcome(reply, 2);
  check_error(put);
  if (put.ok()) CHECK(put.value().items.size() == 2 && put.value().failed <= 2);
  return 0;
}
