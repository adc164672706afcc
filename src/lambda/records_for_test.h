// Records as DSQL sends them: whole changes, and one image cut into a head and fragments.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/arena.h"
#include "base/crc32c.h"
#include "base/json_text.h"
#include "change/block.h"

namespace sluice::lambda {

inline std::string change_text(int id, const std::string& op = "c", const std::string& table = "orders",
                               int64_t ts_ns = 1'789'999'999'000'000'000) {
  const std::string image = fmt::format(R"({{"id":{}}})", id);
  return fmt::format(
      R"({{"type":"full","op":"{}","before":{},"after":{},"source":{{"version":"1.0","schema":"public","table":"{}",)"
      R"("txId":"t{}","ts_ms":{},"ts_ns":{}}},"ts_ms":1,"ts_ns":1}})",
      op, op == "d" ? image : "null", op == "d" ? "null" : image, table, id, ts_ns / 1'000'000, ts_ns);
}

struct CutImage {
  std::string head;
  std::vector<std::string> fragments;
};

// `image` as JSON text, cut into `pieces`.
inline CutImage cut_image(const std::string& chunk_id, const std::string& image, size_t pieces,
                          const std::string& op = "c") {
  CutImage cut;
  const std::string described = fmt::format(R"({{"chunk_id":"{}","total_fragments":{},"crc32c":"{}"}})",
                                            chunk_id, pieces, crc32c(image));
  cut.head = fmt::format(
      R"({{"type":"chunked","op":"{}","chunked":{{"{}":{}}},"source":{{"version":"1.0","schema":"public",)"
      R"("table":"big","txId":"t","ts_ms":1,"ts_ns":1789999999000000000}},"ts_ms":1,"ts_ns":1}})",
      op, op == "d" ? "before" : "after", described);
  for (size_t i = 0; i < pieces; ++i) {
    const size_t from = image.size() * i / pieces;
    const size_t to = image.size() * (i + 1) / pieces;
    std::string data;
    append_json_string(data, image.substr(from, to - from));
    cut.fragments.push_back(
        fmt::format(R"({{"type":"fragment","chunk_id":"{}","index":{},"data":{}}})", chunk_id, i, data));
  }
  return cut;
}

// A block of one shard with these records, numbered from `first_sequence` on.
inline change::Block block_of(const std::vector<std::string>& texts, int first_sequence = 1000,
                              const std::string& shard = "shop-cdc/shardId-000000000000") {
  change::Block block;
  block.shard = shard;
  const std::string_view kept_shard = block.arena.copy(shard);
  for (size_t i = 0; i < texts.size(); ++i)
    block.records.push_back(
        {{kept_shard, block.arena.copy(std::to_string(first_sequence + static_cast<int>(i)))},
         block.arena.copy(texts[i])});
  return block;
}

}  // namespace sluice::lambda
