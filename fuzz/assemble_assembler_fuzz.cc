// The assembler under a story told by the input: pieces of four chunks, true and false, repeated and
// interleaved, with commits, kills, a busy store and time passing. After every step the books balance, what
// waits is what is kept, and nothing lands without the crc32c that its head gives.
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "assemble/assembler.h"
#include "base/check.h"
#include "base/crc32c.h"

namespace sluice {
namespace {

using assemble::Assembler;
using assemble::Outcome;
using Decoded = std::variant<change::Fragment, change::ChunkedHead>;

constexpr int64_t kTick = 1000;

// Every record is made of 8 bytes: kind, chunk, other chunk, index, total, text, crc choice, inline.
std::string text_of(unsigned char number) {
  return std::string(number % 5, static_cast<char>('a' + number % 3));
}
std::string chunk_of(unsigned char number) { return {'c', static_cast<char>('0' + number % 4)}; }

struct Views {
  std::deque<std::string> owned;
  std::string_view keep(std::string text) { return owned.emplace_back(std::move(text)); }
};

Decoded decode_with(std::string_view bytes, Views& views) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (at(0) % 2 == 0) {
    change::Fragment fragment;
    fragment.chunk_id = views.keep(chunk_of(at(1)));
    fragment.index = at(3) % 4;
    fragment.data = views.keep(text_of(at(5)));
    return fragment;
  }
  change::ChunkedHead head;
  head.origin.op = "u";
  head.origin.commit_ts_ns = at(7) % 2;
  // The crc of two or one texts, so that some heads come true.
  const std::string whole = text_of(at(5)) + (at(4) % 4 > 1 ? text_of(at(6)) : "");
  head.awaited.push_back({views.keep(chunk_of(at(1))), at(4) % 4U, crc32c(whole)});
  if (at(2) % 4 == 0) head.awaited.push_back({views.keep(chunk_of(at(2) / 4)), 1, crc32c(text_of(at(6)))});
  head.deciding = at(7) % 8 == 7 ? -1 : 0;
  return head;
}

class World final : public assemble::FragmentStore {
 public:
  World() {
    options_.max_memory_bytes = 24;
    options_.max_image_bytes = 7;
    options_.max_waiting_pieces = 12;
    options_.max_ended_chunks = 3;
    options_.incomplete_after_ns = 20 * kTick;
    reopen();
  }

  void tell(std::string_view story) {
    options_.mismatch_after_ns = story.size() % 2 == 0 ? 0 : 5 * kTick;
    reopen();
    for (; story.size() >= 8; story.remove_prefix(8)) {
      step(story.substr(0, 8));
      check();
    }
  }

  Result<std::vector<change::Piece>> stored_pieces(const std::string& chunk_id, Arena& arena) override {
    if (busy_) return unavailable("busy");
    std::vector<change::Piece> pieces;
    for (const Row& row : rows_) {
      if (row.chunk_id == chunk_id) pieces.push_back(piece(row, arena.copy(row.bytes)));
    }
    return pieces;
  }

 private:
  struct Row {
    std::string sequence, chunk_id, bytes;
    bool is_head;
    uint32_t index;
    int64_t first_seen_ns;
  };
  static change::Piece piece(const Row& row, std::string_view bytes) {
    return {{"s", row.sequence}, row.chunk_id, row.is_head, row.index, bytes, row.first_seen_ns};
  }

  void step(std::string_view record) {
    const auto what = static_cast<unsigned char>(record[0]);
    now_ns_ += kTick / 4;
    if (what >= 250) return commit();
    if (what >= 246) {
      commit();
      return reopen();
    }
    if (what >= 243) busy_ = !busy_;
    if (what >= 240) return expire();
    if (what >= 238) return assembler_->forget(chunk_of(static_cast<unsigned char>(record[1])));
    add(record, what % 16 == 9);
  }

  void add(std::string_view record, bool rejecting) {
    const std::string_view bytes = views_.keep(std::string(record));
    Decoded decoded = decode_with(bytes, views_);
    const std::string_view sequence = views_.keep(std::to_string(++sequence_));
    Result<Outcome> outcome = std::visit(
        [&](auto& given) {
          given.position = {"s", sequence};
          return assembler_->add(given, bytes, now_ns_, arena_);
        },
        decoded);
    if (!outcome.ok()) return;
    ++books_.read;
    if (outcome.value().image && rejecting) {
      Outcome instead = assembler_->reject(malformed("not-json", "it is not JSON"), arena_);
      CHECK(!instead.image);
      return take(std::move(instead));
    }
    take(std::move(outcome).value());
  }

  void take(Outcome out) {
    for (const std::string& id : out.chunks_removed) {
      std::erase_if(added_, [&](const Row& row) { return row.chunk_id == id; });
      std::erase_if(rows_, [&](const Row& row) { return row.chunk_id == id; });
    }
    if (out.waiting_piece) {
      const change::Piece& p = *out.waiting_piece;
      added_.push_back({std::string(p.position.sequence), p.chunk_id, std::string(p.bytes), p.is_head,
                        p.index, p.first_seen_ns});
    }
    for (const auto& record : out.quarantined) CHECK(record.bytes.size() == 8 && !record.reason.empty());
    for (const auto& chunk : out.chunks_finished) ended_[chunk.chunk_id] = chunk;
    for (const auto& [shard, books] : out.books) books_.add(books);
    if (!out.image || !out.image->has_image) return;
    // The deciding chunk is the first of those that ended.
    CHECK(!out.chunks_finished.empty() && out.image->json.size() <= options_.max_image_bytes);
    CHECK(crc32c(out.image->json) == out.chunks_finished.front().crc32c);
  }

  void commit() {
    for (Row& row : added_) rows_.push_back(std::move(row));
    added_.clear();
    assembler_->committed(assembler_->seal());
    CHECK(assembler_->waiting(0).memory_bytes <= options_.max_memory_bytes);
    arena_.clear();
    views_.owned.clear();
  }

  void reopen() {
    const bool was_busy = std::exchange(busy_, false);
    std::vector<change::Piece> index;
    for (const Row& row : rows_) index.push_back(piece(row, {}));
    std::vector<change::FinishedChunk> ended;
    for (const auto& [id, chunk] : ended_) ended.push_back(chunk);
    const auto decode = [this](std::string_view bytes, Arena&) -> Result<Decoded> {
      return decode_with(bytes, views_);
    };
    auto opened = Assembler::open(options_, *this, decode, index, ended);
    CHECK(opened.ok());
    assembler_ = std::move(opened).value();
    busy_ = was_busy;
  }

  void expire() {
    now_ns_ += 8 * kTick;
    bool more = true;
    while (more) {
      auto outcome = assembler_->expire(now_ns_, arena_);
      if (!outcome.ok()) return;
      more = outcome.value().more && !busy_;
      take(std::move(outcome).value());
    }
  }

  void check() {
    CHECK(books_.balanced() && books_.waiting >= 0);
    const assemble::Waiting waiting = assembler_->waiting(99);
    CHECK(waiting.pieces == static_cast<uint64_t>(books_.waiting));
    CHECK(waiting.pieces == rows_.size() + added_.size());
    CHECK(waiting.pieces <= options_.max_waiting_pieces);
    CHECK((waiting.pieces == 0) == waiting.chunks.empty());
    CHECK(waiting.pieces > 0 || (waiting.bytes == 0 && waiting.memory_bytes == 0));
  }

  assemble::AssemblerOptions options_;
  std::unique_ptr<Assembler> assembler_;
  Arena arena_;
  Views views_;
  std::vector<Row> added_;
  std::vector<Row> rows_;
  std::map<std::string, change::FinishedChunk> ended_;
  change::Books books_;
  bool busy_ = false;
  int64_t now_ns_ = 1;
  int sequence_ = 0;
};

}  // namespace
}  // namespace sluice

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::World().tell({reinterpret_cast<const char*>(data), size});
  return 0;
}
