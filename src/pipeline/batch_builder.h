// BatchBuilder: records in, batches out. Everything between the source and the sink that is not a thread.
//
// Deterministic: the same records with the same clock give the same batches. Threads: one owner.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "assemble/assembler.h"
#include "base/clock.h"
#include "base/result.h"
#include "change/batch.h"
#include "change/block.h"
#include "decode/decoder.h"
#include "pipeline/added_pieces.h"
#include "pipeline/pipeline.h"
#include "pipeline/table_book.h"
#include "sink/sink.h"

namespace sluice::pipeline {

// What a batch is told of itself beyond its books.
struct Tally {
  int64_t oldest_commit_ts_ns = 0;  // of its rows; 0 and 0 without rows
  int64_t newest_commit_ts_ns = 0;
  std::map<std::string, int64_t> curiosities;
  std::map<std::string, int64_t> quarantined_by_reason;

  void take_commit_times(int64_t oldest_ns, int64_t newest_ns);
  void add(const Tally& other);
};

class BatchBuilder {
 public:
  // Continues from what the sink has stored. `sink` is asked for stored fragments as long as this lives.
  // Errors: the sink's; Refused when a stored fragment cannot be read again.
  static Result<std::unique_ptr<BatchBuilder>> open(const PipelineOptions& options, sink::Sink& sink,
                                                    const Clock& clock, const Hooks& hooks);
  ~BatchBuilder();

  // Decodes, assembles and keys every record of a block into the batch, which keeps nothing of the block.
  // Errors: the fragment store's; the batch is then unusable, and nothing of it may be applied.
  Result<void> add(const change::Block& block);
  // Takes in what the sink has told of other writers. Errors: as add().
  Result<void> take_news(const sink::Applied& applied);
  // Moves what has waited too long into quarantine. Cheap when nothing is due.
  Result<void> expire();

  // Whether the batch has reached its limit of rows or bytes; whether its oldest record has waited for
  // batch_ms; whether it holds nothing at all.
  bool full() const;
  // Whether the batch keeps to its limit of rows with this block in it, or is empty. A store that writes rows
  // in groups, as DuckDB does, writes a few rows beyond a group for themselves and then everything once more
  // to merge them.
  bool has_room_for(const change::Block& block) const;
  bool due() const;
  bool empty() const;
  int64_t rows() const { return static_cast<int64_t>(batch_.rows.size()); }
  // The finished batch; the next one starts empty. `number` is what committed() is told once it is durable.
  struct Sealed {
    change::Batch batch;
    uint64_t number = 0;
    Tally tally;
  };
  Sealed seal();
  void committed(uint64_t number);

  // For snapshots and the summary.
  assemble::Waiting waiting(size_t max_chunks) const { return assembler_->waiting(max_chunks); }
  std::vector<change::TableState> tables();

 private:
  BatchBuilder(const PipelineOptions& options, const Clock& clock, const Hooks& hooks);

  Result<void> add_record(const change::RawRecord& record, change::Books& books);
  Result<void> add_piece(const change::RawRecord& record, const decode::Decoded& decoded);
  Result<void> add_found(const change::Piece& piece);
  Result<void> settle_stored();
  // Lands the image of an outcome, if it has one, and takes the rest into the batch.
  void conclude(assemble::Outcome outcome);
  Result<void> land(const change::Position& position, const change::Origin& origin,
                    const change::Image* image, std::string_view record);
  Result<void> land_assembled(const assemble::AssembledImage& assembled);
  void take_outcome(assemble::Outcome outcome);
  void keep_made_from(std::vector<change::QuarantinedRecord> pieces);
  void quarantine(const change::RawRecord& record, const Error& error);
  void take_lesson(TableEntry& table, const change::Origin& origin, const change::Image& before);
  void rekey_batch_rows(TableEntry& table);
  void note_curiosities(const change::Origin& origin);
  TableEntry& table_of(const change::Origin& origin);
  change::Position keep(const change::Position& position);
  std::string_view keep_shard(std::string_view shard);

  const PipelineOptions& options_;
  const Clock& clock_;
  const Hooks& hooks_;
  decode::Decoder decoder_;
  decode::Decoded decoded_;
  decode::Decoder piece_decoder_;
  std::unique_ptr<assemble::FragmentStore> store_;
  std::unique_ptr<assemble::Assembler> assembler_;
  TableBook tables_;
  change::Batch batch_;
  AddedPieces added_;  // batch_.pieces_added, until the batch is sealed
  std::map<std::string, std::string_view, std::less<>> shards_;  // into batch_.arena
  std::string record_id_;
  int64_t batch_started_ns_ = 0;
  int64_t batch_bytes_ = 0;
  sink::NameLimits name_limits_;
  bool keeps_records_ = false;  // the sink may refuse single rows
  Tally tally_;
};

}  // namespace sluice::pipeline
