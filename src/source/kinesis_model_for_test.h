// KinesisModel: a stream of Kinesis in memory, behind an HttpTransport, with the clock that it is given.
//
// It keeps the service's rules that decide whether a reader is right: iterators live five minutes, a shard
// gives 5 pages and 2 MiB a second, records expire, closed shards end and later vanish, resharding makes
// children. Whatever else may go wrong is put in by `fault`. Threads: any.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "net/http.h"
#include "source/hash_range.h"
#include "source/sequence_number.h"

namespace sluice::source {

inline std::string decimal(Uint128 number) {
  std::string text;
  do {
    text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(number % 10)));
    number /= 10;
  } while (number != 0);
  return text;
}

class KinesisModel final : public net::HttpTransport {
 public:
  struct Record {
    std::string sequence;
    std::string data;
    int64_t arrival_ms = 0;
  };
  struct Shard {
    std::string id;
    std::vector<std::string> parents;
    HashRange range;
    bool closed = false;
    int64_t closed_ms = 0;
    std::vector<Record> records;  // also those that have expired
    std::vector<std::string> children;
    int64_t blocked_until_ns = 0;  // its 2 MiB a second are used up
    std::vector<int64_t> reads_ns;
    int64_t pages = 0;
  };
  using Fault = std::function<std::optional<Result<net::HttpResponse>>(std::string_view operation)>;

  KinesisModel(const Clock& clock, int shards) : clock_(clock) {
    const Uint128 part = ~Uint128{0} / static_cast<unsigned>(shards);
    for (int i = 0; i < shards; ++i) {
      const Uint128 first = i == 0 ? 0 : part * static_cast<unsigned>(i) + 1;
      const Uint128 last = i + 1 == shards ? ~Uint128{0} : part * static_cast<unsigned>(i + 1);
      add_shard({first, last}, {});
    }
  }

  // What the test may change between calls.
  std::string name = "shop-cdc";
  int64_t created_s = 1'764'000'000;
  int64_t retention_hours = 24;
  std::string sequence_prefix = "4959";    // sequence numbers are this and 20 digits
  bool refuses_expired_positions = false;  // AWS is not known to; it goes on at the oldest record
  bool names_children = true;              // in the last page of a shard
  bool says_behind = true;                 // MillisBehindLatest in pages
  int empty_pages = 0;                     // so many come before the next page with records
  Fault fault;

  // What the model saw.
  std::map<std::string, int64_t> calls;  // per operation
  std::map<std::string, int64_t> iterators_by_type;
  int64_t throttled = 0;
  int64_t expired_iterators = 0;

  // Puts a record into the open shard `at` (counted among the open ones, modulo).
  std::string put(size_t at, std::string data) {
    const std::lock_guard lock(mutex_);
    std::vector<Shard*> open;
    for (Shard& shard : shards_)
      if (!shard.closed) open.push_back(&shard);
    Shard& shard = *open[at % open.size()];
    shard.records.push_back({next_sequence(), std::move(data), now_ms()});
    return shard.records.back().sequence;
  }
  std::string split(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const HashRange range = close(id);
    const Uint128 middle = range.first + (range.last - range.first) / 2;
    add_shard({range.first, middle}, {id});
    add_shard({middle + 1, range.last}, {id});
    return shards_.back().id;
  }
  std::string merge(const std::string& left, const std::string& right) {
    const std::lock_guard lock(mutex_);
    const HashRange a = close(left);
    const HashRange b = close(right);
    add_shard({std::min(a.first, b.first), std::max(a.last, b.last)}, {left, right});
    return shards_.back().id;
  }
  // The open shards' ids in the order of their hash keys.
  std::vector<std::string> open_shards() const {
    std::vector<const Shard*> open;
    for (const Shard& shard : shards_)
      if (!shard.closed) open.push_back(&shard);
    std::ranges::sort(open, {}, [](const Shard* shard) { return shard->range.first; });
    std::vector<std::string> ids;
    for (const Shard* shard : open) ids.push_back(shard->id);
    return ids;
  }
  Shard& shard(const std::string& id) { return *std::ranges::find(shards_, id, &Shard::id); }
  const std::vector<Shard>& shards() const { return shards_; }
  // As if the stream had been deleted and made anew, with the same names of shards.
  void make_again() {
    const std::lock_guard lock(mutex_);
    shards_.clear();
    ++created_s;
    add_shard({0, ~Uint128{0}}, {});
  }

  static net::HttpResponse failure(int status, std::string_view code) {
    return {.status = status,
            .headers = {},
            .body = fmt::format(R"({{"__type":"{}","message":"as the test wants it"}})", code)};
  }

  Result<net::HttpResponse> send(const net::HttpRequest& request, int64_t /*timeout_ms*/) override {
    const std::lock_guard lock(mutex_);
    std::string target;
    for (const net::Header& header : request.headers)
      if (net::same_header_name(header.name, "X-Amz-Target")) target = header.value;
    const std::string operation = target.substr(target.find('.') + 1);
    ++calls[operation];
    if (fault) {
      if (auto failed = fault(operation)) return *failed;
    }
    simdjson::dom::parser parser;
    const simdjson::dom::element body = parser.parse(request.body);
    if (operation == "DescribeStreamSummary") return describe();
    if (operation == "ListShards") return list_shards();
    if (operation == "GetShardIterator") return get_iterator(body);
    if (operation == "GetRecords") return get_records(body);
    return failure(400, "UnknownOperationException");
  }

 private:
  int64_t now_ms() const { return clock_.wall_ns() / 1'000'000; }
  int64_t kept_from_ms() const { return now_ms() - retention_hours * 3'600'000; }
  bool expired(const Shard& shard) const { return shard.closed && shard.closed_ms < kept_from_ms(); }
  std::string next_sequence() { return sequence_prefix + fmt::format("{:020}", ++sequence_); }

  void add_shard(HashRange range, std::vector<std::string> parents) {
    Shard shard;
    shard.id = fmt::format("shardId-{:012}", shards_.size());
    shard.range = range;
    for (const std::string& parent : parents) this->shard(parent).children.push_back(shard.id);
    shard.parents = std::move(parents);
    shards_.push_back(std::move(shard));
  }
  HashRange close(const std::string& id) {
    Shard& parent = shard(id);
    EXPECT_FALSE(parent.closed);
    parent.closed = true;
    parent.closed_ms = now_ms();
    return parent.range;
  }
  Shard* known(std::string_view id) {
    const auto found = std::ranges::find(shards_, id, &Shard::id);
    return found == shards_.end() || expired(*found) ? nullptr : &*found;
  }
  // The first record that has not expired.
  size_t oldest(const Shard& shard) const {
    size_t at = 0;
    while (at < shard.records.size() && shard.records[at].arrival_ms < kept_from_ms()) ++at;
    return at;
  }

  static net::HttpResponse success(std::string body) {
    return {.status = 200, .headers = {}, .body = std::move(body)};
  }

  net::HttpResponse describe() {
    return success(fmt::format(
        R"({{"StreamDescriptionSummary":{{"StreamName":"{}","StreamARN":"arn:aws:kinesis:eu-west-1:000000000000:stream/{}",)"
        R"("StreamStatus":"ACTIVE","RetentionPeriodHours":{},"StreamCreationTimestamp":{}.25,"OpenShardCount":{}}}}})",
        name, name, retention_hours, created_s, open_shards().size()));
  }

  net::HttpResponse list_shards() {
    std::string list;
    for (const Shard& shard : shards_) {
      if (expired(shard)) continue;
      list += list.empty() ? "" : ",";
      list += fmt::format(
          R"({{"ShardId":"{}","HashKeyRange":{{"StartingHashKey":"{}","EndingHashKey":"{}"}},)"
          R"("SequenceNumberRange":{{"StartingSequenceNumber":"1","EndingSequenceNumber":{}}},)"
          R"("ParentShardId":{}}})",
          shard.id, decimal(shard.range.first), decimal(shard.range.last), shard.closed ? R"("99")" : "null",
          shard.parents.empty() ? "null" : "\"" + shard.parents[0] + "\"");
    }
    return success(fmt::format(R"({{"Shards":[{}],"NextToken":null}})", list));
  }

  std::string iterator_text(const Shard& shard, size_t at) const {
    return fmt::format("{}|{}|{}", shard.id, at, clock_.steady_ns());
  }

  net::HttpResponse get_iterator(const simdjson::dom::element& body) {
    Shard* const found = known(std::string_view(body["ShardId"]));
    if (found == nullptr) return failure(400, "ResourceNotFoundException");
    const std::string type{std::string_view(body["ShardIteratorType"])};
    ++iterators_by_type[type];
    size_t at = oldest(*found);
    if (type == "LATEST") at = found->records.size();
    if (type == "AT_TIMESTAMP") {
      const auto from_ms = std::llround(double(body["Timestamp"]) * 1000);
      while (at < found->records.size() && found->records[at].arrival_ms < from_ms) ++at;
    }
    if (type == "AFTER_SEQUENCE_NUMBER") {
      const std::string_view after = body["StartingSequenceNumber"];
      if (!is_sequence_number(after)) return failure(400, "InvalidArgumentException");
      size_t behind = 0;
      while (behind < found->records.size() &&
             compare_sequence_numbers(found->records[behind].sequence, after) <= 0)
        ++behind;
      if (behind < at && refuses_expired_positions) return failure(400, "InvalidArgumentException");
      at = std::max(at, behind);
    }
    return success(fmt::format(R"({{"ShardIterator":"{}"}})", iterator_text(*found, at)));
  }

  bool over_the_limit(Shard& shard) {
    const int64_t now_ns = clock_.steady_ns();
    std::erase_if(shard.reads_ns, [&](int64_t at_ns) { return at_ns <= now_ns - 1'000'000'000; });
    if (shard.reads_ns.size() >= 5 || now_ns < shard.blocked_until_ns) return true;
    shard.reads_ns.push_back(now_ns);
    return false;
  }

  net::HttpResponse get_records(const simdjson::dom::element& body) {
    const std::string iterator{std::string_view(body["ShardIterator"])};
    const size_t first = iterator.find('|');
    const size_t second = iterator.find('|', first + 1);
    Shard* const found = known(iterator.substr(0, first));
    if (found == nullptr) return failure(400, "ResourceNotFoundException");
    if (clock_.steady_ns() - parse_int64(iterator.substr(second + 1)).value() > int64_t{300'000'000'000}) {
      ++expired_iterators;
      return failure(400, "ExpiredIteratorException");
    }
    if (over_the_limit(*found)) {
      ++throttled;
      return failure(400, "ProvisionedThroughputExceededException");
    }
    size_t at =
        std::max(oldest(*found),
                 static_cast<size_t>(parse_int64(iterator.substr(first + 1, second - first - 1)).value()));
    const int64_t limit = body["Limit"];
    std::string list;
    size_t bytes = 0;
    for (int64_t given = 0; empty_pages == 0 && at < found->records.size() && given < limit; ++given, ++at) {
      const Record& record = found->records[at];
      if (given > 0 && bytes + record.data.size() > (10U << 20)) break;
      bytes += record.data.size();
      list += list.empty() ? "" : ",";
      list += fmt::format(
          R"({{"SequenceNumber":"{}","PartitionKey":"k","ApproximateArrivalTimestamp":{}.{:03},"Data":"{}"}})",
          record.sequence, record.arrival_ms / 1000, record.arrival_ms % 1000, base64_encode(record.data));
    }
    if (empty_pages > 0) --empty_pages;
    ++found->pages;
    found->blocked_until_ns =
        clock_.steady_ns() + static_cast<int64_t>(bytes) * 1000 / (int64_t{2} << 20) * 1'000'000;
    return success(page_text(*found, at, list));
  }

  std::string page_text(const Shard& shard, size_t at, const std::string& list) const {
    const bool more = at < shard.records.size();
    const bool end = shard.closed && !more;
    std::string text = fmt::format(R"({{"Records":[{}],"NextShardIterator":{})", list,
                                   end ? "null" : "\"" + iterator_text(shard, at) + "\"");
    if (says_behind) {
      text += fmt::format(R"(,"MillisBehindLatest":{})",
                          more ? std::max<int64_t>(1, now_ms() - shard.records[at].arrival_ms) : 0);
    }
    if (end && names_children) {
      std::string children;
      for (const std::string& child : shard.children)
        children +=
            fmt::format(R"({}{{"ShardId":"{}","ParentShards":["{}"],"HashKeyRange":{{"StartingHashKey":"0",)"
                        R"("EndingHashKey":"1"}}}})",
                        children.empty() ? "" : ",", child, shard.id);
      text += fmt::format(R"(,"ChildShards":[{}])", children);
    }
    return text + "}";
  }

  const Clock& clock_;
  std::mutex mutex_;
  std::vector<Shard> shards_;
  int64_t sequence_ = 0;
};

}  // namespace sluice::source
