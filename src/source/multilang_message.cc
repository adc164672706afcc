#include "source/multilang_message.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/base64.h"
#include "base/json_text.h"
#include "source/sequence_number.h"

namespace sluice::source {
namespace {

namespace dom = simdjson::dom;
using Action = MultilangMessage::Action;

constexpr std::array kActions = {
    std::pair<std::string_view, Action>{"initialize", Action::Initialize},
    std::pair<std::string_view, Action>{"processRecords", Action::ProcessRecords},
    std::pair<std::string_view, Action>{"checkpoint", Action::Checkpoint},
    std::pair<std::string_view, Action>{"leaseLost", Action::LeaseLost},
    std::pair<std::string_view, Action>{"shardEnded", Action::ShardEnded},
    std::pair<std::string_view, Action>{"shutdownRequested", Action::ShutdownRequested},
    std::pair<std::string_view, Action>{"shutdown", Action::Shutdown},
};

Error bad(std::string_view why) {
  return refused(
      fmt::format("standard input is not what KCL's MultiLangDaemon sends: {}. `sluice multilang` is started "
                  "by the daemon, as the executableName of its properties file.",
                  why));
}

Error bad_member(const char* member) { return bad(fmt::format("{} is missing or wrong", member)); }

// Absent and null are empty.
Result<std::string_view> text_of(const dom::object& object, const char* member) {
  dom::element value;
  if (object[member].get(value) != simdjson::SUCCESS || value.is_null()) return std::string_view();
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return bad_member(member);
  return text;
}

Result<int64_t> number_of(const dom::object& object, const char* member, int64_t otherwise) {
  dom::element value;
  if (object[member].get(value) != simdjson::SUCCESS || value.is_null()) return otherwise;
  int64_t number = 0;
  if (value.get(number) != simdjson::SUCCESS || number < 0) return bad_member(member);
  return number;
}

Result<MultilangRecord> record_of(const dom::object& object, Arena& arena) {
  MultilangRecord record;
  const std::string_view sequence = TRY(text_of(object, "sequenceNumber"));
  if (!is_sequence_number(sequence)) return bad_member("sequenceNumber");
  record.sequence = arena.copy(sequence);
  record.sub_sequence = TRY(number_of(object, "subSequenceNumber", 0));
  record.arrival_ms = TRY(number_of(object, "approximateArrivalTimestamp", 0));
  std::string_view data;
  if (object["data"].get(data) != simdjson::SUCCESS) return bad_member("data");
  char* room = arena.allocate(base64_room(data));
  const auto length = base64_decode_into(data, room);
  if (!length) return bad("data is not base64");
  record.data = {room, *length};
  return record;
}

Result<void> take_records(const dom::object& object, MultilangMessage& message, Arena& arena) {
  dom::array records;
  if (object["records"].get(records) != simdjson::SUCCESS) return bad_member("records");
  message.records.reserve(records.size());
  for (const dom::element element : records) {
    dom::object record;
    if (element.get(record) != simdjson::SUCCESS) return bad_member("records");
    message.records.push_back(TRY(record_of(record, arena)));
  }
  message.behind_ms = TRY(number_of(object, "millisBehindLatest", -1));
  return {};
}

}  // namespace

Result<MultilangMessage> parse_multilang_message(std::string& line, Arena& arena) {
  static thread_local dom::parser parser;
  line.reserve(line.size() + simdjson::SIMDJSON_PADDING);
  dom::object object;
  if (parser.parse(line.data(), line.size(), false).get(object) != simdjson::SUCCESS)
    return bad("a line is no JSON object");
  MultilangMessage message;
  message.name = TRY(text_of(object, "action"));
  const auto* known = std::find_if(kActions.begin(), kActions.end(),
                                   [&](const auto& pair) { return pair.first == message.name; });
  if (known == kActions.end()) {
    constexpr size_t kMostShown = 40;
    std::string shown = message.name.substr(0, kMostShown);
    for (char& c : shown)
      if (c < ' ' || c > '~') c = '?';
    return bad(fmt::format("the action '{}' is not known. A newer daemon may need a newer Sluice", shown));
  }
  message.action = known->second;
  if (message.action == Action::ProcessRecords) TRY(take_records(object, message, arena));
  message.shard_id = TRY(text_of(object, "shardId"));
  message.sequence = TRY(text_of(object, "sequenceNumber"));
  message.reason = TRY(text_of(object, "reason"));
  message.error = TRY(text_of(object, "error"));
  if (message.action == Action::Initialize && message.shard_id.empty()) return bad_member("shardId");
  return message;
}

std::string status_line(std::string_view action) {
  std::string line = "\n{\"action\":\"status\",\"responseFor\":";
  append_json_string(line, action);
  return line + "}\n";
}

std::string checkpoint_line(std::string_view sequence, int64_t sub_sequence) {
  if (sequence.empty())
    return "\n{\"action\":\"checkpoint\",\"sequenceNumber\":null,\"subSequenceNumber\":null}\n";
  return fmt::format("\n{{\"action\":\"checkpoint\",\"sequenceNumber\":\"{}\",\"subSequenceNumber\":{}}}\n",
                     sequence, sub_sequence);
}

}  // namespace sluice::source
