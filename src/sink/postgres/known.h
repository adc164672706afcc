// Known: what one writer of a shared store believes to be stored, and holds against the store in every batch.
//
// Changed only when a batch is durable. Threads: the sink's.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "change/batch.h"
#include "sink/store.h"

namespace sluice::sink::postgres {

struct Known {
  // Where each shard stood when this writer took it over or last wrote it; another position in the ledger
  // means that another writer has moved it.
  std::map<std::string, std::string, std::less<>> positions;
  std::map<change::TableName, change::TableState> tables;
  // Stored pieces by chunk, as shard and sequence: those that this writer stored, found at its start or was
  // told of.
  std::map<std::string, std::set<std::pair<std::string, std::string>>, std::less<>> pieces;
  // Quarantined records that the next batch takes out.
  std::vector<QuarantineEntry> released;
};

}  // namespace sluice::sink::postgres
