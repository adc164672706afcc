#include "app/quarantine_text.h"

#include <fmt/format.h>

#include "app/text_width.h"
#include "base/json_text.h"
#include "base/text.h"

namespace sluice::app {
namespace {

void append_member(std::string& to, std::string_view name, std::string_view text) {
  to += fmt::format(",\"{}\":", name);
  append_json_string(to, text);
}

}  // namespace

std::string entry_text(const sink::QuarantineEntry& entry) {
  std::string text = fmt::format(
      "record      {}\nreason      {}\n            {}\nfirst seen  {}\nshard       {}\nsequence    {}\n",
      entry.id, printable(entry.reason), printable(entry.message), utc_text(entry.first_seen_ns),
      printable(entry.shard), printable(entry.sequence));
  if (!entry.chunk_id.empty()) text += fmt::format("chunk       {}\n", printable(entry.chunk_id));
  return text + fmt::format("bytes       {}\n\n{}\n",
                            with_thousands(static_cast<int64_t>(entry.bytes.size())), printable(entry.bytes));
}

std::string entry_json(const sink::QuarantineEntry& entry, bool with_bytes) {
  std::string text = fmt::format("{{\"id\":{}", entry.id);
  append_member(text, "shard", entry.shard);
  append_member(text, "sequence", entry.sequence);
  append_member(text, "reason", entry.reason);
  append_member(text, "message", entry.message);
  append_member(text, "chunk_id", entry.chunk_id);
  append_member(text, "first_seen", utc_text(entry.first_seen_ns));
  text += fmt::format(",\"size\":{}", entry.bytes.size());
  if (with_bytes) append_member(text, "bytes_base64", base64_encode(entry.bytes));
  return text + "}";
}

}  // namespace sluice::app
