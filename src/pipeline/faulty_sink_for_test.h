// FaultySink: a sink that fails on demand in front of one that does not, for tests.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sink/sink.h"

namespace sluice::pipeline {

// What happens to one batch.
enum class SinkFault {
  None,
  Unavailable,    // nothing of it is durable
  Refused,        // nothing of it is durable
  UnknownBefore,  // OutcomeUnknown, and nothing of it is durable
  UnknownAfter,   // OutcomeUnknown, and all of it is
};

class FaultySink final : public sink::Sink {
 public:
  // Asked once per batch, on the sink's thread.
  using DrawFault = std::function<SinkFault(const change::Batch& batch)>;

  FaultySink(sink::Sink& inner, DrawFault draw_fault) : inner_(inner), draw_fault_(std::move(draw_fault)) {}

  Result<sink::Applied> apply(const change::Batch& batch) override {
    const Error unknown{ErrorKind::OutcomeUnknown, "", "the test's sink lost the reply"};
    switch (draw_fault_(batch)) {
      case SinkFault::None:
        return inner_.apply(batch);
      case SinkFault::Unavailable:
        return unavailable("the test's sink is away");
      case SinkFault::Refused:
        return refused("the test's sink is full");
      case SinkFault::UnknownBefore:
        return unknown;
      case SinkFault::UnknownAfter:
        TRY(inner_.apply(batch));
        return unknown;
    }
    return unknown;
  }

  Result<sink::SavedState> load() override { return inner_.load(); }
  bool refuses_rows() const override { return inner_.refuses_rows(); }
  int64_t rows_worth_applying() const override { return inner_.rows_worth_applying(); }
  void catch_up() override { inner_.catch_up(); }
  Result<std::vector<change::Piece>> stored_pieces(const std::string& chunk_id, Arena& arena) override {
    return inner_.stored_pieces(chunk_id, arena);
  }
  Result<std::vector<change::Piece>> waiting_index(Arena& arena) override {
    return inner_.waiting_index(arena);
  }
  Result<std::map<change::TableName, int64_t>> keyless_rows() override { return inner_.keyless_rows(); }
  Result<sink::Audit> audit() override { return inner_.audit(); }

 private:
  sink::Sink& inner_;
  DrawFault draw_fault_;
};

}  // namespace sluice::pipeline
