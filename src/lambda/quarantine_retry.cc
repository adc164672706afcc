#include "lambda/quarantine_retry.h"

#include <utility>
#include <vector>

#include "lambda/quarantine.h"

namespace sluice::lambda {
namespace {

// What stands in the object already is durable there as long as nobody takes it out; everything else goes
// into an object of its own.
class StaysThere final : public Quarantine {
  using Place = std::pair<std::string, std::string>;

 public:
  StaysThere(ObjectStore& store, const std::vector<KeptRecord>& there) : others_(store) {
    for (const KeptRecord& record : there) there_.emplace(record.shard, record.sequence);
  }

  Kept keep(std::span<const change::QuarantinedRecord> records) override {
    std::vector<change::QuarantinedRecord> elsewhere;
    for (const change::QuarantinedRecord& record : records)
      if (!is_there(record)) elsewhere.push_back(record);
    const Kept others = others_.keep(elsewhere);
    Kept kept{.durable = {}, .trouble = others.trouble};
    for (const change::QuarantinedRecord& record : records) {
      kept.durable.push_back(is_there(record) || others.trouble.empty());
      if (is_there(record)) stays_[place_of(record)] = record.reason;
    }
    return kept;
  }

  // Why a record must not be taken out: it was refused, perhaps as a piece of what another one completed.
  const std::string* reason_of(const KeptRecord& record) const {
    const auto found = stays_.find({record.shard, record.sequence});
    return found == stays_.end() ? nullptr : &found->second;
  }

 private:
  static Place place_of(const change::QuarantinedRecord& record) {
    return {std::string(record.position.shard), std::string(record.position.sequence)};
  }
  bool is_there(const change::QuarantinedRecord& record) const { return there_.contains(place_of(record)); }

  ObjectQuarantine others_;
  std::set<Place> there_;
  std::map<Place, std::string> stays_;
};

}  // namespace

// Otherwise every piece of an oversized record that ended in quarantine would only be put beside the others.
Result<void> QuarantineRetry::forget_ends(const change::Block& block) {
  if (fragments_ == nullptr) return {};
  decode::Decoder decoder;
  decode::Decoded decoded;
  Arena arena;
  for (const change::RawRecord& record : block.records) {
    if (!decoder.decode(record, arena, decoded).ok()) continue;
    if (const auto* fragment = std::get_if<change::Fragment>(&decoded))
      TRY(fragments_->forget(DecodedPiece(*fragment)));
    if (auto* head = std::get_if<change::ChunkedHead>(&decoded))
      TRY(fragments_->forget(DecodedPiece(std::move(*head))));
  }
  return {};
}

Result<void> QuarantineRetry::retry(const std::string& object, const std::set<int64_t>& ids,
                                    int64_t deadline_ns, Retried& outcome) {
  const std::vector<KeptRecord> there = TRY(KeptRecords(kept_).read(object));
  std::vector<size_t> chosen;
  change::Block block;
  for (size_t i = 0; i < there.size(); ++i) {
    if (!ids.contains(there[i].id)) continue;
    chosen.push_back(i);
    block.records.push_back({{block.arena.copy(there[i].shard), block.arena.copy(there[i].sequence)},
                             block.arena.copy(there[i].bytes)});
  }
  if (chosen.empty()) return {};
  block.shard = there[chosen.front()].shard;
  TRY(forget_ends(block));
  StaysThere quarantine(kept_, there);
  Consumer consumer(rows_, quarantine, fragments_, keys_, clock_);
  const Consumed consumed = consumer.consume(block, "quarantine", deadline_ns);
  outcome.tried += consumed.account.received;
  std::set<size_t> settled;
  for (size_t i = 0; i < chosen.size(); ++i) {
    if (const std::string* reason = quarantine.reason_of(there[chosen[i]])) {
      ++outcome.refused;
      ++outcome.refused_by_reason[*reason];
      continue;
    }
    const RecordFate fate = consumed.fates[i];
    if (fate == RecordFate::Failed || fate == RecordFate::Quarantined) continue;
    ++(fate == RecordFate::Landed   ? outcome.landed
       : fate == RecordFate::Repeat ? outcome.repeats
                                    : outcome.waiting);
    settled.insert(chosen[i]);
  }
  std::string left;
  for (size_t i = 0; i < there.size(); ++i)
    if (!settled.contains(i)) left += there[i].line + "\n";
  // Under the same key: a batch that is delivered again only adds what is a repeat.
  if (left.empty()) {
    TRY(kept_.remove(object));
  } else if (!settled.empty()) {
    TRY(kept_.put(object, std::move(left)));
  }
  if (!consumed.first_failed) return {};
  return unavailable(consumed.trouble);
}

}  // namespace sluice::lambda
