// World: what one seed gives. A model of DSQL has lived, its records are out, and its state is the truth.
//
// Poison is mixed in here and not by the generator, so that of every bad record it is known what it is.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "change/change.h"
#include "emulate/generator.h"

namespace sluice::storm {

// A table's rows as they must stand at the end: record id → the text of the image.
using TableRows = std::map<std::string, std::string>;
using State = std::map<change::TableName, TableRows>;

// Of one record's text.
struct BadRecord {
  std::string poison_class;
  bool is_piece = false;  // of a chunk: quarantined once however often it comes, and perhaps only after days
  int64_t delivered = 0;
};

struct World {
  emulate::GenerateOptions options;
  std::vector<std::string> records;  // in the order of delivery
  State truth;
  catalog::Catalog catalog;
  // Records that must end in quarantine, by their text: poison, and deletes that name no row.
  std::map<std::string, BadRecord> bad;
  std::set<std::string> hopeless_chunks;  // chunks that can never be complete
  int64_t good_full = 0;                  // good records that are a row by themselves, repeats counted
  int64_t good_chunks = 0;                // images that come in pieces, repeats not counted
  int64_t poison_records = 0;

  // One line that says what was drawn.
  std::string story() const;
};

// Draws everything from the seed: delivery, sizes, how often keys change. `changes` is the model's.
Result<World> make_world(uint64_t seed, int64_t changes);

// The reasons by which a record of this poison class may be set aside.
const std::set<std::string_view>& reasons_of(std::string_view poison_class);

}  // namespace sluice::storm
