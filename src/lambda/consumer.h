// Consumer: lands the records of one delivery and says of each of them what became of it.
//
// A record is Failed until it is known to be durable somewhere: as a row, in quarantine, as a waiting piece.
// Whatever goes wrong on the way therefore leaves it Failed, and it is delivered again.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "change/block.h"
#include "decode/decoder.h"
#include "lambda/fragments.h"
#include "lambda/quarantine.h"
#include "sink/redshift/lander.h"

namespace sluice::lambda {

enum class RecordFate : uint8_t { Failed, Landed, Repeat, Quarantined, Waiting };

// What one delivery came to. received = landed + repeats + quarantined + waiting + failed, always.
struct Account {
  int64_t received = 0;
  int64_t landed = 0;
  int64_t repeats = 0;
  int64_t quarantined = 0;
  int64_t waiting = 0;
  int64_t failed = 0;

  int64_t rows = 0;              // durable in cdc_events
  int64_t rows_without_key = 0;  // of them, those of tables that neither the settings nor the catalog know
  int64_t statements = 0;
  int64_t retries = 0;
  int64_t throttles = 0;
  // Pieces of oversized records whose rest never came, now in quarantine. They counted as waiting when they
  // were received.
  int64_t expired = 0;
  std::map<std::string, int64_t> quarantined_by_reason;
  std::vector<int64_t> commit_to_landed_ms;  // of every durable row

  bool balanced() const { return received == landed + repeats + quarantined + waiting + failed; }
  void add(const Account& other);
};

struct Consumed {
  std::vector<RecordFate> fates;  // one per record of the block
  // The record with the lowest sequence number that is Failed: it and everything behind it has to come again.
  std::optional<size_t> first_failed;
  std::string trouble;  // why, for a person; empty: nothing failed
  Account account;
};

// Where rows become durable: sink::redshift::Lander, or a test's. Threads: one at a time.
class RowStore {
 public:
  virtual ~RowStore() = default;
  virtual sink::redshift::Landing land(std::span<const change::Row> rows,
                                       std::span<const change::TableName> tables,
                                       const sink::redshift::Intent& intent, int64_t deadline_ns) = 0;
};

// Which columns identify a row: the settings', then the catalog's, then `id`. What deletes teach is not
// used: every process must key the same record alike, whatever else it has seen.
struct KeySource {
  std::map<change::TableName, std::vector<std::string>> configured;
  std::optional<catalog::Catalog> catalog;
};

// Threads: one at a time. What it is given outlives it.
class Consumer {
 public:
  // `fragments` null: pieces of oversized records are Failed, and the trouble says which setting is missing.
  Consumer(RowStore& rows, Quarantine& quarantine, SharedFragments* fragments, const KeySource& keys,
           const Clock& clock)
      : rows_(rows), quarantine_(quarantine), fragments_(fragments), keys_(keys), clock_(clock) {}

  // Returns in time for an answer at `deadline_ns` (on the clock's steady time), whatever is not done then.
  // Never fails as a whole.
  Consumed consume(const change::Block& block, std::string_view stream, int64_t deadline_ns);

  // Makes durable what SharedFragments::expire() gave: an image as a row, pieces in quarantine; then their
  // chunks are ended. Of the account only what such pieces can be. `trouble` is empty when all of it is done.
  struct Settled {
    Account account;
    std::string trouble;
  };
  Settled settle(PieceOutcome outcome, std::string_view stream, int64_t deadline_ns);

 private:
  struct Work;
  struct KnownTable {
    change::TableKey key;
    bool is_known = false;
  };

  void decode(const change::Block& block, Work& work);
  void take_pieces(const change::Block& block, Work& work, int64_t deadline_ns);
  void take_piece_outcome(Work& work, size_t record, PieceOutcome outcome);
  Result<void> add_row(Work& work, const change::Position& position, const change::Origin& origin,
                       const change::Image* image);
  void land(const change::Block& block, const sink::redshift::Intent& intent, Work& work,
            int64_t deadline_ns);
  void settle_rows(const change::Block& block, Work& work, const sink::redshift::Landing& landing);
  void settle_pieces(Work& work);
  void keep_poison(Work& work);
  static void count(const change::Block& block, Work& work);
  const KnownTable& table_of(const change::TableName& name);

  RowStore& rows_;
  Quarantine& quarantine_;
  SharedFragments* fragments_;
  const KeySource& keys_;
  const Clock& clock_;
  decode::Decoder decoder_;
  std::map<change::TableName, KnownTable> known_;
};

}  // namespace sluice::lambda
