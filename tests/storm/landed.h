// Landed: what stands at a destination once the storm is over, in one shape for every sink.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "change/batch.h"
#include "pipeline/model_sink_for_test.h"
#include "storm/world.h"

namespace sluice::storm {

struct Landed {
  std::vector<pipeline::DurableRow> rows;
  std::vector<pipeline::DurableBadRecord> quarantine;
  std::vector<std::string> waiting;  // chunk id of every waiting piece
  std::map<std::string, change::Books, std::less<>> books;
  std::vector<change::TableState> tables;
};

Landed landed_in(const pipeline::Durable& durable);
// Reads a DuckDB store that nobody has open. Errors: the database's.
Result<Landed> landed_in_file(const std::string& path);

// The reference: per table and record id the row with the greatest (commit_ts_ns, rank), where a backfilled
// row ranks below a change; gone if it is a delete.
State last_writer_wins(const std::vector<pipeline::DurableRow>& rows);

}  // namespace sluice::storm
