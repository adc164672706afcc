// Generator: the seeded model source. A model of DSQL lives through transactions; its records come out as
// DSQL writes them, delivered badly on purpose, with poison among them; afterwards its state is the truth.
//
// The same options give the same bytes, on every machine. Duplicates, reorder and poison add records and move
// them, but change neither the good records nor the truth. Memory: the rows of the model, and what delivery
// holds back (everything with kShuffleAll). Threads: one owner.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "emulate/delivery.h"
#include "emulate/dsql_encoding.h"
#include "emulate/model.h"

namespace sluice::emulate {

struct GenerateOptions {
  uint64_t seed = 1;
  int64_t changes = 100'000;        // at least one; a few more where deletes must still teach a key
  std::vector<std::string> tables;  // see choose_tables(); empty: all

  double duplicates = 0;  // probability that a change is delivered again
  size_t reorder = 0;     // records come at most this many late; kShuffleAll: in any order
  double poison = 0;      // probability that a change is followed by a bad record
  double oversize = 0;    // probability that an image is split (only tables with a text column)
  // Records longer than this are split. DSQL's own limit is 9 MiB; less keeps files small.
  size_t oversize_bytes = size_t{64} << 10;
  size_t fragment_bytes = 0;  // of a fragment's data; 0: as oversize_bytes
  bool preview = false;       // the form before general availability; nothing is split

  double unusual = 0.01;          // probability that an image, and that an envelope, is legal but unusual
  double schema_changes = 0.002;  // probability per transaction
  double updates = 0.45;          // share of statements; what updates and deletes leave are inserts
  double deletes = 0.10;
  size_t rows_per_table = 20'000;  // with `changes` decides how often a key changes
  int64_t most_statements = 200;   // of one transaction
  // Whether every table whose key can be learnt from deletes only shows at least one.
  bool teach_keys = true;
};

struct GenerateSummary {
  ModelCounts model;
  DeliveryCounts delivery;
  int64_t changes = 0;
  std::map<std::string, int64_t> operations;  // as written
  int64_t full_records = 0;                   // of good changes, repeats not counted
  int64_t head_records = 0;
  int64_t fragment_records = 0;
  int64_t poison_records = 0;
  std::map<std::string, int64_t> poison;   // groups by class
  std::map<std::string, int64_t> unusual;  // envelopes by kind
  int64_t keyless_deletes = 0;             // deletes of a table without a key: to be quarantined
  int64_t quarantined_at_least = 0;        // originals that a reader must set aside
  int64_t never_complete_pieces = 0;       // heads and fragments whose rest never comes
  int64_t truth_rows = 0;
  int64_t first_commit_ts_ns = 0;
  int64_t last_commit_ts_ns = 0;

  // One JSON object, indented for people.
  std::string to_json() const;
};

class Generator {
 public:
  // Errors: Refused, when an option is out of range or names no table.
  static Result<Generator> make(const GenerateOptions& options);

  using Take = Delivery::Take;
  // Lives through all changes and gives every record to `take`, without a line end. Once. The first error of
  // `take` ends it and is returned.
  Result<void> run(const Take& take);

  // After run(): the final state of every table, one JSON object per row:
  // {"schema":..,"table":..,"record_id":..,"row":{...}}, where row is the text of the last image as
  // delivered. Tables in the model's order, rows by record_id.
  Result<void> write_truth(const Take& take) const;
  const GenerateSummary& summary() const { return summary_; }
  // The tables as they are now, with types and keys.
  catalog::Catalog catalog() const { return model_.catalog(); }

 private:
  Generator(const GenerateOptions& options, std::vector<ModelTable> tables);

  void live_through_transaction();
  int64_t next_commit_ts_ns();
  static int64_t processing_time(int64_t commit_ts_ns, Random& random);
  Result<void> deliver(const RowEffect& change, std::string_view tx_id, Delivery& delivery);
  Result<void> deliver_poison(Delivery& delivery);

  GenerateOptions options_;
  Model model_;
  Random random_;
  Random again_random_;  // apart, so that neither repeats nor poison change what else is drawn
  Random poison_random_;
  GenerateSummary summary_;
  int64_t commit_ts_ns_ = 0;
};

}  // namespace sluice::emulate
