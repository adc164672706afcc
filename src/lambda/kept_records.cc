#include "lambda/kept_records.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <ctime>
#include <optional>
#include <utility>

#include "base/text.h"
#include "lambda/quarantine.h"

namespace sluice::lambda {
namespace {

Error bad_line(std::string_view why) {
  return malformed("bad-line", fmt::format("it is no record of the quarantine: {}", why));
}

// 52 bits, so that every program that reads JSON keeps the number.
int64_t id_of(const std::string& object, const KeptRecord& record) {
  const std::string place =
      fmt::format("{}\n{}\n{}\n{}", object, record.shard, record.sequence, record.reason);
  return static_cast<int64_t>(std::stoull(sha256_hex(place).substr(0, 13), nullptr, 16));
}

// What utc_text() wrote.
std::optional<int64_t> utc_ns(const std::string& text) {
  std::tm time{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (rest == nullptr) return std::nullopt;
  int64_t ns = int64_t{::timegm(&time)} * 1'000'000'000;
  if (*rest == '.') {
    int64_t worth = 100'000'000;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest, worth /= 10) ns += (*rest - '0') * worth;
  }
  return *rest == 'Z' ? std::optional(ns) : std::nullopt;
}

}  // namespace

Result<KeptRecord> parse_kept_line(const std::string& object, std::string_view line) {
  simdjson::dom::parser parser;
  simdjson::dom::object members;
  if (parser.parse(simdjson::padded_string(line)).get(members) != simdjson::SUCCESS)
    return bad_line("it is not JSON");
  KeptRecord record;
  std::string data;
  std::string first_seen;
  for (const auto& [name, into] : {std::pair<const char*, std::string*>{"shard", &record.shard},
                                   {"sequence", &record.sequence},
                                   {"reason", &record.reason},
                                   {"message", &record.message},
                                   {"chunk_id", &record.chunk_id},
                                   {"first_seen", &first_seen},
                                   {"data", &data}}) {
    std::string_view text;
    if (members[name].get(text) != simdjson::SUCCESS) return bad_line(fmt::format("{} is missing", name));
    *into = text;
  }
  std::optional<std::string> bytes = base64_decode(data);
  const std::optional<int64_t> seen_ns = utc_ns(first_seen);
  if (!bytes || !seen_ns) return bad_line("data is not base64, or first_seen no time");
  record.bytes = *std::move(bytes);
  record.first_seen_ns = *seen_ns;
  record.line = line;
  record.id = id_of(object, record);
  return record;
}

Result<std::vector<std::string>> KeptRecords::objects() {
  std::vector<std::string> keys;
  for (aws::S3Object& object : TRY(store_.list(std::string(kQuarantinePrefix))))
    keys.push_back(std::move(object.key));
  return keys;
}

Result<std::vector<KeptRecord>> KeptRecords::read(const std::string& object) {
  std::vector<KeptRecord> records;
  const std::optional<std::string> text = TRY(store_.get(object));
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    Result<KeptRecord> record = parse_kept_line(object, rest.substr(0, end));
    if (!record.ok())
      return refused(
          fmt::format("the object {} in the quarantine's place, line {}: {}. Another program has "
                      "written it; move it away.",
                      object, records.size() + 1, record.error().message));
    records.push_back(std::move(record).value());
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return records;
}

}  // namespace sluice::lambda
