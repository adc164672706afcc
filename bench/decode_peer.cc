#include "decode_peer.h"

#include <simdjson.h>

#include <cstdio>
#include <cstdlib>

namespace sluice::bench {

namespace {

namespace ondemand = simdjson::ondemand;

// Views into the record, as far as the walk has found them.
struct Found {
  std::string_view type;
  std::string_view op;
  std::string_view before;
  std::string_view after;
  std::string_view tx_id;
  std::string_view schema;
  std::string_view table;
  int64_t ts_ns = 0;
};

std::string_view raw_object(ondemand::value value) {
  if (value.type() != ondemand::json_type::object) return {};
  return value.get_object().value().raw_json();
}

// Looking the fields up in the order in which DSQL writes them is the fastest way that on-demand offers
// (faster than going through all members); any other order is still read rightly.
void walk_record(ondemand::object record, Found& found) {
  found.type = record["type"].get_string();
  found.op = record["op"].get_string();
  found.before = raw_object(record["before"]);
  found.after = raw_object(record["after"]);
  ondemand::object source = record["source"].get_object();
  found.ts_ns = source["ts_ns"].get_int64();
  found.tx_id = source["txId"].get_string();
  found.schema = source["schema"].get_string();
  found.table = source["table"].get_string();
}

}  // namespace

Tally walk_on_demand(std::span<const std::string_view> records) {
  ondemand::parser parser;
  Tally tally;
  try {
    for (const std::string_view text : records) {
      ondemand::document document =
          parser.iterate(text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING);
      Found found;
      walk_record(document.get_object(), found);
      ++tally.changes;
      tally.commit_ts_ns += static_cast<uint64_t>(found.ts_ns);
      tally.image_bytes += found.op == "d" ? found.before.size() : found.after.size();
      tally.name_bytes += found.op.size() + found.schema.size() + found.table.size() + found.tx_id.size();
    }
  } catch (const simdjson::simdjson_error& error) {
    std::fprintf(stderr, "decode_bench: simdjson refuses a record: %s\n", error.what());
    std::exit(1);
  }
  return tally;
}

std::string_view on_demand_code() {
#if defined(__AVX2__)
  return "on-demand for AVX2";
#elif defined(__aarch64__)
  return "on-demand for NEON";
#else
  return "on-demand, portable";
#endif
}

}  // namespace sluice::bench
