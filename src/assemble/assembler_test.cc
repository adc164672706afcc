// Reason for length: one fixture that plays pipeline and sink, and many short stories.
#include "assemble/assembler.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <random>
#include <set>

#include "base/clock.h"
#include "base/crc32c.h"

namespace sluice::assemble {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr int64_t kDay = int64_t{86'400} * 1'000'000'000;

// A record as the tests write it; its wire form is lines that decode() below reads.
struct Record {
  std::string bytes;
};

// "F", chunk, index and data, one a line.
Record fragment(const std::string& chunk, uint32_t index, const std::string& data) {
  return {fmt::format("F\n{}\n{}\n{}", chunk, index, data)};
}

struct HeadSpec {
  std::string table = "draft";
  std::string op = "c";
  int64_t commit_ts_ns = 7;
  std::vector<std::tuple<std::string, uint32_t, uint32_t>> awaited;  // chunk, total, crc32c
  int deciding = 0;
  std::string inline_image;
};

// "H" and the members of the spec, one a line; `processed` stands for the envelope's own time.
Record head(const HeadSpec& spec, int processed = 0) {
  std::string bytes = fmt::format("H\n{}\n{}\n{}\n{}\n{}\n{}", processed, spec.table, spec.op,
                                  spec.commit_ts_ns, spec.deciding, spec.inline_image);
  for (const auto& [chunk, total, crc] : spec.awaited)
    bytes += fmt::format("\n{}\n{}\n{}", chunk, total, crc);
  return {bytes};
}

template <typename T>
T number(std::string_view text) {
  T value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

using Decoded = std::variant<change::Fragment, change::ChunkedHead>;

Result<Decoded> decode(std::string_view bytes, Arena& /*arena*/) {
  std::vector<std::string_view> lines;
  for (size_t at = 0; at <= bytes.size();) {
    const size_t end = std::min(bytes.find('\n', at), bytes.size());
    lines.push_back(bytes.substr(at, end - at));
    at = end + 1;
  }
  if (lines[0] == "F" && lines.size() == 4) {
    change::Fragment fragment;
    fragment.chunk_id = lines[1];
    fragment.index = number<uint32_t>(lines[2]);
    fragment.data = lines[3];
    return Decoded(fragment);
  }
  if (lines[0] != "H" || lines.size() < 7) return malformed("not-json", "not a piece");
  change::ChunkedHead head;
  head.origin.schema = "public";
  head.origin.table = lines[2];
  head.origin.op = lines[3];
  head.origin.commit_ts_ns = number<int64_t>(lines[4]);
  head.deciding = number<int>(lines[5]);
  head.inline_image.json = lines[6];
  for (size_t at = 7; at + 2 < lines.size(); at += 3) {
    head.awaited.push_back({lines[at], number<uint32_t>(lines[at + 1]), number<uint32_t>(lines[at + 2])});
  }
  return Decoded(head);
}

// What the sink's transaction leaves behind.
class FakeStore final : public FragmentStore {
 public:
  struct Stored {
    std::string shard, sequence, chunk_id, bytes;
    bool is_head;
    uint32_t index;
    int64_t first_seen_ns;
  };
  Result<std::vector<change::Piece>> stored_pieces(const std::string& chunk_id, Arena& arena) override {
    ++reads;
    if (failing) return unavailable("the disk is asleep");
    std::vector<change::Piece> pieces;
    for (const Stored& stored : rows) {
      if (stored.chunk_id == chunk_id) pieces.push_back(piece(stored, &arena));
    }
    return pieces;
  }
  static change::Piece piece(const Stored& s, Arena* arena) {
    return {{s.shard, s.sequence}, s.chunk_id, s.is_head, s.index, arena ? arena->copy(s.bytes) : "",
            s.first_seen_ns};
  }
  std::vector<Stored> rows;
  std::vector<change::FinishedChunk> ended;
  bool failing = false;
  int reads = 0;
};

// Plays the pipeline and the sink: gives pieces to the assembler, makes batches durable, keeps the books.
class AssemblerTest : public ::testing::Test {
 protected:
  AssemblerTest() : clock_(1'790'000'000'000'000'000) { reopen(); }
  ~AssemblerTest() override { check_books(); }

  // As after kill -9: what was not committed is lost, memory with it.
  void reopen() {
    std::vector<change::Piece> index;
    for (const FakeStore::Stored& stored : store_.rows) index.push_back(FakeStore::piece(stored, nullptr));
    auto opened = Assembler::open(options_, store_, decode, index, store_.ended);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    assembler_ = std::move(opened).value();
  }

  Fate add(const Record& record, const std::string& shard = "s0") {
    auto outcome = try_add(record, shard);
    EXPECT_TRUE(outcome.ok()) << (outcome.ok() ? "" : outcome.error().message);
    if (!outcome.ok()) return Fate::Repeat;
    const Fate fate = outcome.value().fate;
    take(std::move(outcome).value());
    return fate;
  }

  Result<Outcome> try_add(const Record& record, const std::string& shard = "s0") {
    // The caller's bytes live only for this call, as a block that goes with its batch.
    auto bytes = std::make_unique<char[]>(record.bytes.size() + kReadableSlack);
    std::memcpy(bytes.get(), record.bytes.data(), record.bytes.size());
    records_.push_back(std::move(bytes));
    const std::string_view view(records_.back().get(), record.bytes.size());
    sequences_.push_back(std::to_string(++sequence_));
    auto decoded = decode(view, arena_);
    if (!decoded.ok()) return decoded.error();
    ++read_;
    Result<Outcome> outcome = std::visit(
        [&](auto piece) {
          piece.position = {shard, sequences_.back()};
          return assembler_->add(piece, view, clock_.wall_ns(), arena_);
        },
        decoded.value());
    if (!outcome.ok()) --read_;
    return outcome;
  }

  void take(Outcome out) {
    if (out.waiting_piece) {
      const change::Piece& p = *out.waiting_piece;
      added_.push_back({std::string(p.position.shard), std::string(p.position.sequence), p.chunk_id,
                        std::string(p.bytes), p.is_head, p.index, p.first_seen_ns});
    }
    for (const std::string& id : out.chunks_removed) {
      std::erase_if(added_, [&](const auto& piece) { return piece.chunk_id == id; });
      removed_.push_back(id);
    }
    for (auto& piece : out.pieces_removed) gone_.emplace(piece.shard, piece.sequence);
    for (const auto& record : out.quarantined) {
      quarantined_.insert(std::string(record.bytes));
      reasons_.push_back(record.reason);
      messages_.push_back(record.message);
      quarantine_chunks_.insert(record.chunk_id);
    }
    for (auto& chunk : out.chunks_finished) finished_.push_back(std::move(chunk));
    for (const auto& [shard, books] : out.books) books_[shard].add(books);
    if (out.image) {
      images_.push_back(fmt::format("{} {} {} {}", out.image->origin.op, out.image->origin.table,
                                    out.image->origin.commit_ts_ns,
                                    out.image->has_image ? out.image->json : "-"));
    }
  }

  // The batch is durable.
  void commit() {
    for (const FakeStore::Stored& row : store_.rows) {
      const bool removed = std::ranges::find(removed_, row.chunk_id) != removed_.end();
      EXPECT_TRUE(!removed || is_gone(row)) << "a piece left the store that nobody accounted for";
    }
    std::erase_if(store_.rows, [&](const auto& row) { return is_gone(row); });
    gone_.clear();
    for (auto& piece : added_) store_.rows.push_back(std::move(piece));
    for (auto& chunk : finished_) {
      std::erase_if(store_.ended, [&](const auto& old) { return old.chunk_id == chunk.chunk_id; });
      store_.ended.push_back(std::move(chunk));
    }
    added_.clear();
    removed_.clear();
    finished_.clear();
    records_.clear();
    arena_.clear();
    assembler_->committed(assembler_->seal());
  }

  void expire() {
    bool more = true;
    while (more) {
      auto outcome = assembler_->expire(clock_.wall_ns(), arena_);
      ASSERT_TRUE(outcome.ok());
      more = outcome.value().more;
      take(std::move(outcome).value());
    }
  }

  change::Books total() const {
    change::Books sum;
    for (const auto& [shard, books] : books_) sum.add(books);
    return sum;
  }
  // read = landed + repeats + quarantined + waiting, and waiting is what is really kept.
  void check_books() {
    change::Books sum = total();
    sum.read = read_;
    EXPECT_TRUE(sum.balanced()) << sum.landed << " " << sum.repeats << " " << sum.quarantined << " "
                                << sum.waiting;
    EXPECT_EQ(sum.waiting, static_cast<int64_t>(store_.rows.size() + added_.size() - removed_in_store()));
    EXPECT_EQ(sum.waiting, static_cast<int64_t>(assembler_->waiting(0).pieces));
    EXPECT_EQ(sum.rows, static_cast<int64_t>(images_.size()));
  }
  size_t removed_in_store() const {
    return static_cast<size_t>(
        std::ranges::count_if(store_.rows, [&](const auto& row) { return is_gone(row); }));
  }
  bool is_gone(const FakeStore::Stored& row) const { return gone_.contains({row.shard, row.sequence}); }

  // Another writer of the same store has read and stored a piece.
  FakeStore::Stored stored_elsewhere(const Record& record, const std::string& shard = "other") {
    const auto decoded = decode(record.bytes, arena_);
    const auto* fragment = std::get_if<change::Fragment>(&decoded.value());
    const auto* head = std::get_if<change::ChunkedHead>(&decoded.value());
    const std::string_view chunk = fragment != nullptr ? fragment->chunk_id : head->awaited.front().chunk_id;
    store_.rows.push_back({shard, std::to_string(++sequence_), std::string(chunk), record.bytes,
                           head != nullptr, fragment != nullptr ? fragment->index : 0, clock_.wall_ns()});
    ++read_;
    ++books_[shard].waiting;
    return store_.rows.back();
  }
  // And this writer is told of it.
  Fate found(const FakeStore::Stored& stored) {
    records_.push_back(std::make_unique<char[]>(stored.bytes.size() + kReadableSlack));
    std::memcpy(records_.back().get(), stored.bytes.data(), stored.bytes.size());
    const std::string_view view(records_.back().get(), stored.bytes.size());
    auto decoded = decode(view, arena_);
    auto outcome = std::visit(
        [&](auto piece) {
          piece.position = {stored.shard, stored.sequence};
          return assembler_->found(piece, view, stored.first_seen_ns, arena_);
        },
        decoded.value());
    EXPECT_TRUE(outcome.ok());
    const Fate fate = outcome.value().fate;
    EXPECT_FALSE(outcome.value().waiting_piece.has_value()) << "it is stored already";
    settled_ = outcome.value().pieces_removed;
    take(std::move(outcome).value());
    return fate;
  }

  // A fresh world, for the next permutation.
  void start_over() {
    check_books();
    store_ = FakeStore();
    added_.clear();
    removed_.clear();
    finished_.clear();
    images_.clear();
    reasons_.clear();
    messages_.clear();
    quarantined_.clear();
    quarantine_chunks_.clear();
    gone_.clear();
    books_.clear();
    read_ = 0;
    reopen();
  }

  std::set<std::pair<std::string, std::string>> gone_;  // pieces that leave the store, by position
  ManualClock clock_;
  AssemblerOptions options_;
  FakeStore store_;
  std::unique_ptr<Assembler> assembler_;
  Arena arena_;
  std::vector<std::unique_ptr<char[]>> records_;
  std::vector<std::string> sequences_;
  int sequence_ = 0;
  int64_t read_ = 0;
  std::vector<FakeStore::Stored> added_;
  std::vector<std::string> removed_;
  std::vector<change::RemovedPiece> settled_;  // by the last found()
  std::vector<change::FinishedChunk> finished_;
  std::vector<std::string> images_;
  std::vector<std::string> reasons_;
  std::vector<std::string> messages_;
  std::multiset<std::string> quarantined_;
  std::set<std::string> quarantine_chunks_;
  std::map<std::string, change::Books> books_;
};

// {"draft_no":77,...}: the text of three fragments, cut in the middle of a character's escape and of a
// number.
const std::string kText = "{\"id\":77,\"body\":\"Größe\",\"rev\":3}";
const std::vector<std::string> kParts = {kText.substr(0, 7), kText.substr(7, 15), kText.substr(22)};

HeadSpec head_of(const std::string& chunk, const std::string& text, uint32_t total) {
  HeadSpec spec;
  spec.awaited = {{chunk, total, crc32c(text)}};
  return spec;
}

std::vector<Record> whole(const std::string& chunk) {
  return {head(head_of(chunk, kText, 3)), fragment(chunk, 0, kParts[0]), fragment(chunk, 1, kParts[1]),
          fragment(chunk, 2, kParts[2])};
}

TEST_F(AssemblerTest, ThePublishedExampleGivesItsText) {
  const std::string text = "{\"draft_no\":77,\"body\":\"Größe: 5 µm – \\\"ok\\\"\",\"rev\":3}";
  ASSERT_EQ(text.size(), 58U);
  ASSERT_EQ(crc32c(text), 2055659661U);
  HeadSpec spec;
  spec.commit_ts_ns = 1790000400000000031;
  spec.awaited = {{"c-7f3a", 2, 2055659661}};
  EXPECT_EQ(add(head(spec)), Fate::Waits);
  EXPECT_EQ(add(fragment("c-7f3a", 1, "µm – \\\"ok\\\"\",\"rev\":3}")), Fate::Waits);
  EXPECT_EQ(add(fragment("c-7f3a", 0, "{\"draft_no\":77,\"body\":\"Größe: 5 ")), Fate::Landed);
  EXPECT_THAT(images_, ElementsAre("c draft 1790000400000000031 " + text));
  EXPECT_THAT(removed_, ElementsAre("c-7f3a"));
}

TEST_F(AssemblerTest, EveryOrderWithEveryPieceTwiceLandsOnce) {
  std::vector<Record> pieces = whole("c1");
  const std::vector<Record> again = whole("c1");
  std::vector<int> order = {0, 0, 1, 1, 2, 2, 3, 3};
  int orders = 0;
  do {
    for (const int which : order) add(pieces[static_cast<size_t>(which)], which % 2 == 0 ? "even" : "odd");
    ASSERT_THAT(images_, ElementsAre("c draft 7 " + kText));
    ASSERT_EQ(total().repeats, 4);
    ASSERT_EQ(total().landed, 4);
    ASSERT_EQ(total().waiting, 0);
    ++orders;
    start_over();
  } while (std::ranges::next_permutation(order).found);
  EXPECT_EQ(orders, 2520);
}

TEST_F(AssemblerTest, AHeadDeliveredAgainWithANewProcessingTimeIsARepeat) {
  const HeadSpec spec = head_of("c1", kText, 3);
  EXPECT_EQ(add(head(spec, 1)), Fate::Waits);
  EXPECT_EQ(add(head(spec, 2)), Fate::Repeat);
  for (uint32_t i = 0; i < 3; ++i) add(fragment("c1", i, kParts[i]));
  EXPECT_EQ(add(head(spec, 3)), Fate::Repeat) << "also of a chunk that landed";
  EXPECT_EQ(images_.size(), 1U);
}

TEST_F(AssemblerTest, InterleavedChunksOfManyShardsAllLand) {
  std::vector<std::pair<Record, std::string>> pieces;
  for (int chunk = 0; chunk < 40; ++chunk) {
    for (const Record& piece : whole(fmt::format("c{}", chunk)))
      pieces.emplace_back(piece, fmt::format("s{}", chunk % 3));
  }
  std::mt19937 random(1);
  std::ranges::shuffle(pieces, random);
  size_t count = 0;
  for (const auto& [piece, shard] : pieces) {
    add(piece, shard);
    if (++count % 7 == 0) commit();
  }
  EXPECT_EQ(images_.size(), 40U);
  EXPECT_EQ(books_["s0"].landed, 14 * 4);
  EXPECT_EQ(assembler_->waiting(9).pieces, 0U);
}

TEST_F(AssemblerTest, ARestartAtAnyPointChangesNothing) {
  std::vector<int> order = {0, 1, 2, 3, 1, 0};
  std::ranges::sort(order);
  do {
    for (size_t restart = 0; restart <= order.size(); ++restart) {
      const std::vector<Record> pieces = whole("c1");
      for (size_t i = 0; i < order.size(); ++i) {
        if (i == restart) reopen();
        add(pieces[static_cast<size_t>(order[i])]);
        commit();
      }
      ASSERT_THAT(images_, ElementsAre("c draft 7 " + kText));
      ASSERT_EQ(total().repeats, 2);
      ASSERT_THAT(store_.rows, IsEmpty());
      start_over();
    }
  } while (std::ranges::next_permutation(order).found);
}

TEST_F(AssemblerTest, ARestartAfterEveryPieceOfTwoChunkedImagesStillLands) {
  HeadSpec spec;
  spec.op = "u";
  spec.awaited = {{"before", 2, crc32c("{\"id\":1}")}, {"after", 3, crc32c(kText)}};
  spec.deciding = 1;
  std::vector<Record> pieces = {head(spec),
                                fragment("before", 0, "{\"id\""),
                                fragment("before", 1, ":1}"),
                                fragment("after", 0, kParts[0]),
                                fragment("after", 1, kParts[1]),
                                fragment("after", 2, kParts[2])};
  std::vector<size_t> order = {0, 1, 2, 3, 4, 5};
  do {
    for (const size_t which : order) {
      add(pieces[which]);
      commit();
      reopen();
    }
    ASSERT_THAT(images_, ElementsAre("u draft 7 " + kText));
    ASSERT_EQ(total().landed, 6);
    ASSERT_THAT(store_.rows, IsEmpty());
    ASSERT_EQ(store_.ended.size(), 2U);
    start_over();
  } while (std::ranges::next_permutation(order).found);
}

TEST_F(AssemblerTest, AChunkedDeleteLandsItsKey) {
  HeadSpec spec = head_of("key", "{\"id\":1}", 1);
  spec.op = "d";
  add(fragment("key", 0, "{\"id\":1}"));
  EXPECT_EQ(add(head(spec)), Fate::Landed);
  EXPECT_THAT(images_, ElementsAre("d draft 7 {\"id\":1}"));
}

TEST_F(AssemblerTest, AnInlineImageWaitsForTheSplitOneThatDoesNotDecide) {
  HeadSpec spec = head_of("before", "{\"id\":1}", 1);
  spec.op = "u";
  spec.deciding = -1;
  spec.inline_image = "{\"id\":1,\"a\":2}";
  EXPECT_EQ(add(head(spec)), Fate::Waits);
  EXPECT_EQ(add(fragment("before", 0, "{\"id\":1}")), Fate::Landed);
  spec.awaited = {{"other", 1, crc32c("x")}};
  spec.inline_image.clear();
  add(head(spec));
  add(fragment("other", 0, "x"));
  EXPECT_THAT(images_, ElementsAre("u draft 7 {\"id\":1,\"a\":2}", "u draft 7 -"));
}

TEST_F(AssemblerTest, LittleMemoryMeansReadingBackNotLosing) {
  options_.max_memory_bytes = 20;
  reopen();
  std::vector<Record> pieces;
  for (int chunk = 0; chunk < 5; ++chunk) {
    for (const Record& piece : whole(fmt::format("c{}", chunk))) pieces.push_back(piece);
  }
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    std::ranges::shuffle(pieces, random);
    for (const Record& piece : pieces) {
      add(piece);
      commit();
      ASSERT_LE(assembler_->waiting(0).memory_bytes, 20U);
    }
    ASSERT_EQ(images_.size(), 5U);
    ASSERT_GT(store_.reads, 0);
    start_over();
  }
}

TEST_F(AssemblerTest, PiecesOfBatchesNotYetDurableStayInMemory) {
  options_.max_memory_bytes = 0;
  reopen();
  const std::vector<Record> pieces = whole("c1");
  add(pieces[1]);
  const uint64_t first = assembler_->seal();
  add(pieces[2]);
  assembler_->seal();
  assembler_->committed(first);
  EXPECT_EQ(assembler_->waiting(0).memory_bytes, pieces[2].bytes.size());
  store_.rows.push_back(added_[0]);
  added_.erase(added_.begin());
  add(pieces[3]);
  EXPECT_EQ(add(pieces[0]), Fate::Landed);
  EXPECT_EQ(images_.size(), 1U);
}

TEST_F(AssemblerTest, ABusyStoreTakesNothingAndTheSamePieceMayComeAgain) {
  options_.max_memory_bytes = 0;
  reopen();
  for (const size_t last : {size_t{0}, size_t{2}}) {
    const std::vector<Record> pieces = whole("c1");
    for (size_t i = 0; i < 4; ++i) {
      if (i != last) add(pieces[i]);
      commit();
    }
    store_.failing = true;
    const Waiting before = assembler_->waiting(9);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(try_add(pieces[last]).error().kind, ErrorKind::Unavailable);
    EXPECT_EQ(assembler_->waiting(9).pieces, before.pieces);
    EXPECT_EQ(assembler_->waiting(9).bytes, before.bytes);
    EXPECT_EQ(assembler_->waiting(9).memory_bytes, before.memory_bytes);
    store_.failing = false;
    EXPECT_EQ(add(pieces[last]), Fate::Landed);
    start_over();
  }
}

TEST_F(AssemblerTest, AHeadOfTwoChunksThatCouldNotBeTakenLeavesThemApart) {
  options_.max_memory_bytes = 0;
  reopen();
  HeadSpec both;
  both.awaited = {{"a", 1, crc32c("x")}, {"b", 1, crc32c("y")}};
  add(fragment("a", 0, "x"));
  add(fragment("b", 0, "y"));
  commit();
  store_.failing = true;
  EXPECT_FALSE(try_add(head(both)).ok());
  store_.failing = false;
  HeadSpec alone;
  alone.awaited = {{"a", 1, crc32c("x")}};
  EXPECT_EQ(add(head(alone)), Fate::Landed);
  EXPECT_EQ(assembler_->waiting(9).pieces, 1U) << "the fragment of b still waits";
}

TEST_F(AssemblerTest, AWrongCrcQuarantinesEveryPieceWithItsBytes) {
  std::vector<int> order = {0, 1, 2, 3};
  do {
    std::vector<Record> pieces = whole("c1");
    pieces[2] = fragment("c1", 1, "something else");
    std::multiset<std::string> all;
    for (const Record& piece : pieces) all.insert(piece.bytes);
    Fate last = Fate::Waits;
    for (const int which : order) {
      last = add(pieces[static_cast<size_t>(which)]);
      commit();
    }
    ASSERT_EQ(last, Fate::Quarantined);
    ASSERT_EQ(quarantined_, all);
    ASSERT_THAT(reasons_, Each("crc-mismatch"));
    ASSERT_THAT(messages_, Each(HasSubstr("chunk c1")));
    ASSERT_THAT(quarantine_chunks_, ElementsAre("c1"));
    ASSERT_THAT(store_.rows, IsEmpty());
    // Delivered again, in this run or the next, they are repeats.
    for (const Record& piece : pieces) ASSERT_EQ(add(piece), Fate::Repeat);
    reopen();
    for (const Record& piece : pieces) ASSERT_EQ(add(piece), Fate::Repeat);
    start_over();
  } while (std::ranges::next_permutation(order).found);
}

TEST_F(AssemblerTest, APieceOfAQuarantinedChunkIsPutBesideItAndRetryPutsThemTogether) {
  std::vector<Record> pieces = whole("c1");
  for (const Record& piece : {pieces[0], pieces[1], fragment("c1", 1, "wrong"), pieces[3]}) add(piece);
  commit();
  EXPECT_EQ(add(pieces[2]), Fate::Quarantined);
  commit();
  EXPECT_EQ(reasons_.back(), "crc-mismatch");
  EXPECT_EQ(add(pieces[2]), Fate::Repeat);
  reopen();
  EXPECT_EQ(add(pieces[2]), Fate::Repeat);
  assembler_->forget("c1");
  for (const std::string& bytes : quarantined_) add({bytes});
  EXPECT_THAT(images_, ElementsAre("c draft 7 " + kText));
  EXPECT_EQ(reasons_.back(), "conflicting-fragment") << "only the wrong one stays in quarantine";
  EXPECT_EQ(total().quarantined, 6);
}

// Whichever comes first, the crc32c decides between differing fragments, if they are there before it is
// asked.
TEST_F(AssemblerTest, TheCrcDecidesBetweenConflictingFragmentsInEveryOrder) {
  options_.mismatch_after_ns = kDay;
  reopen();
  std::vector<Record> pieces = whole("c1");
  pieces.push_back(fragment("c1", 1, "wrong"));
  pieces.push_back(fragment("c1", 1, "wrong too"));
  pieces.push_back(fragment("c1", 5, "beyond the end"));
  std::vector<size_t> order = {0, 1, 2, 3, 4, 5, 6};
  do {
    for (const size_t which : order) add(pieces[which]);
    ASSERT_THAT(images_, ElementsAre("c draft 7 " + kText));
    ASSERT_THAT(reasons_, UnorderedElementsAre("conflicting-fragment", "conflicting-fragment",
                                               "fragment-out-of-range"));
    ASSERT_THAT(quarantined_, UnorderedElementsAre(pieces[4].bytes, pieces[5].bytes, pieces[6].bytes));
    ASSERT_EQ(total().waiting, 0);
    start_over();
  } while (std::ranges::next_permutation(order).found);
}

TEST_F(AssemblerTest, WithoutPatienceAConflictLandsRightOrIsAllInQuarantine) {
  std::vector<Record> pieces = whole("c1");
  pieces.push_back(fragment("c1", 1, "wrong"));
  std::vector<size_t> order = {0, 1, 2, 3, 4};
  int landed = 0;
  do {
    for (const size_t which : order) add(pieces[which]);
    ASSERT_EQ(total().waiting, 0);
    if (images_.empty()) {
      ASSERT_EQ(quarantined_.size(), 5U);
    } else {
      ++landed;
      ASSERT_THAT(images_, ElementsAre("c draft 7 " + kText));
      ASSERT_THAT(reasons_, ElementsAre("conflicting-fragment"));
    }
    start_over();
  } while (std::ranges::next_permutation(order).found);
  EXPECT_EQ(landed, 120 * 4 / 5) << "only where the right one comes last of all is it too late";
}

TEST_F(AssemblerTest, TheCrcDecidesBetweenConflictingHeads) {
  options_.mismatch_after_ns = kDay;
  reopen();
  std::vector<Record> pieces = whole("c1");
  HeadSpec wrong_crc = head_of("c1", "other text", 3);
  HeadSpec wrong_total = head_of("c1", kText, 2);
  pieces.push_back(head(wrong_crc));
  pieces.push_back(head(wrong_total));
  std::vector<size_t> order = {0, 1, 2, 3, 4, 5};
  do {
    for (const size_t which : order) add(pieces[which]);
    ASSERT_THAT(images_, ElementsAre("c draft 7 " + kText));
    ASSERT_THAT(reasons_, ElementsAre("conflicting-head", "conflicting-head"));
    start_over();
  } while (std::ranges::next_permutation(order).found);
}

TEST_F(AssemblerTest, OneWholeHeadThatIsWrongDoesNotEndTheWaitOfAnother) {
  EXPECT_EQ(add(head(head_of("c1", kText, 3))), Fate::Waits);
  EXPECT_EQ(add(head(head_of("c1", "too short", 2))), Fate::Waits);
  EXPECT_EQ(add(fragment("c1", 0, kParts[0])), Fate::Waits);
  EXPECT_EQ(add(fragment("c1", 1, kParts[1])), Fate::Waits) << "the wrong head has all it wants";
  EXPECT_EQ(add(fragment("c1", 2, kParts[2])), Fate::Landed);
  EXPECT_THAT(reasons_, ElementsAre("conflicting-head"));
}

TEST_F(AssemblerTest, AQuarantinedPairOfChunksKnowsEachOnesOwnFragments) {
  HeadSpec spec;
  spec.awaited = {{"a", 1, crc32c("x")}, {"b", 1, crc32c("right")}};
  add(head(spec));
  add(fragment("a", 0, "x"));
  EXPECT_EQ(add(fragment("b", 0, "y")), Fate::Quarantined);
  EXPECT_THAT(reasons_, AllOf(Each("crc-mismatch"), testing::SizeIs(3)));
  EXPECT_EQ(add(fragment("a", 0, "x")), Fate::Repeat);
  EXPECT_EQ(add(fragment("b", 0, "x")), Fate::Quarantined) << "x was the other chunk's";
  EXPECT_EQ(add(head(spec)), Fate::Repeat);
}

TEST_F(AssemblerTest, APairOfChunksIsAsOldAsItsOldestPiece) {
  const int64_t start = clock_.wall_ns();
  add(fragment("b", 0, "y"));
  clock_.advance_ns(kDay);
  add(fragment("a", 0, "x"));
  HeadSpec spec;
  spec.awaited = {{"a", 2, 0}, {"b", 2, 0}};
  add(head(spec));
  EXPECT_EQ(assembler_->waiting(1).oldest_ns, start);
  clock_.advance_ns(7 * kDay);
  expire();
  EXPECT_EQ(quarantined_.size(), 3U);
}

TEST_F(AssemblerTest, NoChoiceOfConflictingFragmentsMatches) {
  add(fragment("c1", 0, "a"));
  add(fragment("c1", 0, "b"));
  EXPECT_EQ(add(head(head_of("c1", "c", 1))), Fate::Quarantined);
  EXPECT_THAT(reasons_, AllOf(Each("conflicting-fragment"), testing::SizeIs(3)));
}

TEST_F(AssemblerTest, AlternativesAndCombinationsAreBounded) {
  options_.mismatch_after_ns = kDay;
  reopen();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(add(fragment("c1", 0, fmt::format("no {}", i))), Fate::Waits);
  EXPECT_EQ(add(fragment("c1", 0, "no 4")), Fate::Quarantined);
  EXPECT_THAT(reasons_, ElementsAre("conflicting-fragment"));
  for (uint32_t index = 1; index < 6; ++index) {
    for (int i = 0; i < 4; ++i) add(fragment("c1", index, fmt::format("{} {}", index, i)));
  }
  HeadSpec spec = head_of("c1", "nothing of it", 6);
  EXPECT_EQ(add(head(spec)), Fate::Waits) << "16 of 4096 were tried";
  for (int i = 0; i < 3; ++i) {
    spec.commit_ts_ns = 100 + i;
    EXPECT_EQ(add(head(spec)), Fate::Waits);
  }
  spec.commit_ts_ns = 200;
  EXPECT_EQ(add(head(spec)), Fate::Quarantined);
  EXPECT_EQ(reasons_.back(), "conflicting-head");
}

TEST_F(AssemblerTest, DifferingPiecesOfALandedChunkAreQuarantinedAlone) {
  for (const Record& piece : whole("c1")) add(piece);
  commit();
  for (const bool after_restart : {false, true}) {
    if (after_restart) reopen();
    reasons_.clear();
    EXPECT_EQ(add(fragment("c1", 1, "wrong")), Fate::Quarantined);
    EXPECT_EQ(add(fragment("c1", 3, "more")), Fate::Quarantined);
    EXPECT_EQ(add(head(head_of("c1", "other", 3))), Fate::Quarantined);
    EXPECT_THAT(reasons_, ElementsAre("conflicting-fragment", "fragment-out-of-range", "conflicting-head"));
    for (const Record& piece : whole("c1")) EXPECT_EQ(add(piece), Fate::Repeat);
  }
  EXPECT_EQ(images_.size(), 1U);
}

TEST_F(AssemblerTest, ImpossibleHeadsAndIndexesAreQuarantinedAtOnce) {
  HeadSpec spec;
  EXPECT_EQ(add(head(spec)), Fate::Quarantined) << "awaits nothing";
  spec.awaited = {{"c1", 0, 0}};
  EXPECT_EQ(add(head(spec)), Fate::Quarantined);
  spec.awaited = {{"c1", 2'000'000, 0}};
  EXPECT_EQ(add(head(spec)), Fate::Quarantined);
  spec.awaited = {{"", 1, 0}};
  EXPECT_EQ(add(head(spec)), Fate::Quarantined);
  spec.awaited = {{"c1", 1, 0}, {"c1", 1, 0}};
  EXPECT_EQ(add(head(spec)), Fate::Quarantined);
  spec.awaited = {{"c1", 1, 0}, {"c2", 1, 0}, {"c3", 1, 0}};
  EXPECT_EQ(add(head(spec)), Fate::Quarantined);
  spec.awaited = {{"c1", 1, 0}};
  spec.deciding = 1;
  EXPECT_EQ(add(head(spec)), Fate::Quarantined);
  EXPECT_THAT(reasons_, AllOf(Each("bad-chunk"), testing::SizeIs(7)));
  EXPECT_EQ(add(fragment("c1", change::kMaxFragments, "x")), Fate::Quarantined);
  EXPECT_EQ(reasons_.back(), "fragment-out-of-range");
  EXPECT_EQ(assembler_->waiting(1).pieces, 0U);
}

TEST_F(AssemblerTest, HeadsThatAwaitOtherPairsOfChunksContradict) {
  HeadSpec spec;
  spec.awaited = {{"a", 1, crc32c("x")}, {"b", 1, crc32c("y")}};
  add(head(spec));
  HeadSpec other;
  other.awaited = {{"b", 1, crc32c("y")}, {"c", 1, crc32c("z")}};
  EXPECT_EQ(add(head(other)), Fate::Quarantined);
  other.awaited = {{"a", 1, crc32c("x")}};
  EXPECT_EQ(add(head(other)), Fate::Quarantined);
  EXPECT_THAT(reasons_, Each("conflicting-head"));
  add(fragment("a", 0, "x"));
  EXPECT_EQ(add(fragment("b", 0, "y")), Fate::Landed);
  EXPECT_EQ(add(fragment("c", 0, "z")), Fate::Waits);
}

TEST_F(AssemblerTest, AnImageOverTheLimitIsQuarantinedWithOrWithoutItsHead) {
  options_.max_image_bytes = 10;
  reopen();
  EXPECT_EQ(add(fragment("c1", 0, "123456")), Fate::Waits);
  EXPECT_EQ(add(fragment("c1", 1, "12345")), Fate::Quarantined);
  EXPECT_THAT(reasons_, ElementsAre("image-too-large", "image-too-large"));
  EXPECT_EQ(add(head(head_of("c1", "12345612345", 2))), Fate::Quarantined);
  EXPECT_EQ(reasons_.back(), "image-too-large");
  add(fragment("c2", 0, "12345"));
  add(fragment("c2", 1, "12345"));
  EXPECT_EQ(add(head(head_of("c2", "1234512345", 2))), Fate::Landed);
}

TEST_F(AssemblerTest, ManyFragmentsOfOneImageLand) {
  std::string text;
  std::vector<Record> pieces;
  for (uint32_t i = 0; i < 3000; ++i) {
    text += std::to_string(i);
    pieces.push_back(fragment("c1", i, std::to_string(i)));
  }
  pieces.push_back(head(head_of("c1", text, 3000)));
  std::mt19937 random(3);
  std::ranges::shuffle(pieces, random);
  for (const Record& piece : pieces) add(piece);
  EXPECT_THAT(images_, ElementsAre("c draft 7 " + text));
}

TEST_F(AssemblerTest, TooManyWaitingPiecesIsAnErrorNotALoss) {
  options_.max_waiting_pieces = 3;
  reopen();
  for (int i = 0; i < 3; ++i) add(fragment(fmt::format("c{}", i), 0, "x"));
  const auto refused = try_add(fragment("c9", 0, "x"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::Refused);
  EXPECT_THAT(refused.error().message, HasSubstr("c9"));
  EXPECT_EQ(assembler_->waiting(9).pieces, 3U);
}

TEST_F(AssemblerTest, WhatWaitsTooLongIsQuarantinedWithItsBytes) {
  options_.max_memory_bytes = 0;
  reopen();
  add(whole("old")[1]);
  add(whole("old")[0]);
  add(head(head_of("headless", kText, 3)));
  commit();
  clock_.advance_ns(7 * kDay);
  add(whole("young")[1]);
  commit();
  expire();
  EXPECT_THAT(quarantined_, IsEmpty());
  reopen();
  clock_.advance_ns(kDay);
  expire();
  EXPECT_THAT(quarantined_, UnorderedElementsAre(whole("old")[1].bytes, whole("old")[0].bytes,
                                                 head(head_of("headless", kText, 3)).bytes));
  EXPECT_THAT(reasons_, Each("incomplete-chunk"));
  commit();
  EXPECT_EQ(store_.rows.size(), 1U);
  EXPECT_EQ(add(whole("old")[2]), Fate::Quarantined) << "too late, but kept";
  EXPECT_EQ(reasons_.back(), "incomplete-chunk");
  EXPECT_EQ(assembler_->waiting(9).chunks.size(), 1U);
}

TEST_F(AssemblerTest, ExpiryComesInPortionsAndSurvivesABusyStore) {
  options_.max_memory_bytes = 0;
  options_.max_image_bytes = 30;
  reopen();
  for (int i = 0; i < 20; ++i) add(fragment(fmt::format("c{:02}", i), 0, "twelve bytes"));
  commit();
  clock_.advance_ns(9 * kDay);
  store_.failing = true;
  EXPECT_FALSE(assembler_->expire(clock_.wall_ns(), arena_).ok());
  store_.failing = false;
  auto first = assembler_->expire(clock_.wall_ns(), arena_);
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(first.value().more);
  EXPECT_LT(first.value().quarantined.size(), 5U);
  take(std::move(first).value());
  expire();
  EXPECT_EQ(quarantined_.size(), 20U);
}

TEST_F(AssemblerTest, AMismatchIsWaitedForOnlySoLong) {
  options_.mismatch_after_ns = kDay;
  for (const bool restarted : {false, true}) {
    start_over();
    std::vector<Record> pieces = whole("c1");
    pieces[2] = fragment("c1", 1, "wrong");
    for (const Record& piece : pieces) EXPECT_EQ(add(piece), Fate::Waits);
    commit();
    if (restarted) reopen();
    ASSERT_EQ(assembler_->waiting(9).chunks.size(), 1U);
    EXPECT_TRUE(assembler_->waiting(9).chunks[0].crc_mismatch);
    clock_.advance_ns(kDay / 2);
    expire();
    EXPECT_THAT(reasons_, IsEmpty());
    clock_.advance_ns(kDay / 2);
    expire();
    EXPECT_THAT(reasons_, AllOf(Each("crc-mismatch"), testing::SizeIs(4)));
  }
}

TEST_F(AssemblerTest, ARejectedImageIsQuarantinedPieceByPiece) {
  options_.max_memory_bytes = 0;
  for (const bool evicted : {false, true}) {
    start_over();
    std::vector<Record> pieces = whole("c1");
    for (size_t i = 0; i < 3; ++i) {
      add(pieces[i], "s1");
      if (evicted) commit();
    }
    auto outcome = try_add(pieces[3], "s2");
    ASSERT_TRUE(outcome.ok() && outcome.value().image);
    Outcome instead = assembler_->reject(malformed("keyless-delete", "its table has no key"), arena_);
    EXPECT_FALSE(instead.image);
    take(std::move(instead));
    commit();
    EXPECT_EQ(quarantined_.size(), 4U);
    EXPECT_THAT(reasons_, Each("keyless-delete"));
    EXPECT_THAT(messages_, Each(AllOf(HasSubstr("its table has no key"), HasSubstr("c1"))));
    EXPECT_EQ(books_["s1"].quarantined, 3);
    EXPECT_EQ(books_["s2"].quarantined, 1);
    for (const Record& piece : pieces) EXPECT_EQ(add(piece), Fate::Repeat);
  }
}

TEST_F(AssemblerTest, SaysWhatWaits) {
  EXPECT_EQ(assembler_->waiting(10).oldest_ns, 0);
  const int64_t start = clock_.wall_ns();
  add(fragment("c1", 0, "abc"));
  clock_.advance_ns(5);
  add(fragment("c1", 2, "abc"));
  add(head(head_of("c2", kText, 3)));
  const Waiting waiting = assembler_->waiting(10);
  EXPECT_EQ(waiting.pieces, 3U);
  EXPECT_EQ(waiting.oldest_ns, start);
  ASSERT_EQ(waiting.chunks.size(), 2U);
  EXPECT_EQ(waiting.chunks[0].chunk_id, "c1");
  EXPECT_EQ(waiting.chunks[0].fragments, 2U);
  EXPECT_EQ(waiting.chunks[0].total, 0U);
  EXPECT_EQ(waiting.chunks[1].total, 3U);
  EXPECT_EQ(assembler_->waiting(1).chunks.size(), 1U);
}

TEST_F(AssemblerTest, TheOldestEndedChunksAreForgottenPastTheBound) {
  options_.max_ended_chunks = 2;
  reopen();
  for (int i = 0; i < 3; ++i) {
    for (const Record& piece : whole(fmt::format("c{}", i))) add(piece);
  }
  EXPECT_EQ(add(whole("c1")[1]), Fate::Repeat);
  EXPECT_EQ(add(whole("c2")[1]), Fate::Repeat);
  EXPECT_EQ(add(whole("c0")[1]), Fate::Waits);
}

TEST_F(AssemblerTest, AStoreThatLostOrChangedAPieceIsRefused) {
  options_.max_memory_bytes = 0;
  for (const bool lost : {true, false}) {
    start_over();
    std::vector<Record> pieces = whole("c1");
    for (size_t i = 0; i < 3; ++i) add(pieces[i]);
    commit();
    const FakeStore::Stored good = store_.rows[1];
    if (lost)
      store_.rows.erase(store_.rows.begin() + 1);
    else
      store_.rows[1].bytes = fragment("c1", 0, "tampered").bytes;
    const auto outcome = try_add(pieces[3]);
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().kind, ErrorKind::Refused);
    EXPECT_THAT(outcome.error().message, HasSubstr("c1"));
    if (lost)
      store_.rows.insert(store_.rows.begin() + 1, good);
    else
      store_.rows[1] = good;
    EXPECT_EQ(add(pieces[3]), Fate::Landed);
  }
}

TEST_F(AssemblerTest, ChunkIdsOfAnyShapeAreNamedReadably) {
  std::string odd = "line\nbreak ";
  for (int i = 0; i < 60; ++i) odd += "ü";
  HeadSpec spec;
  spec.awaited = {{odd, 0, 0}};
  change::ChunkedHead said;
  said.awaited = {{odd, 0, 0}};
  said.position = {"s0", "1"};
  auto outcome = assembler_->add(said, "bytes", 1, arena_);
  ASSERT_TRUE(outcome.ok());
  const std::string message = outcome.value().quarantined.at(0).message;
  EXPECT_THAT(message, HasSubstr("line?break ü"));
  EXPECT_LT(message.size(), 150U);
}

TEST_F(AssemblerTest, PiecesOfAnotherWriterCompleteTheImageInEveryOrder) {
  std::vector<int> order = {0, 1, 2, 3};
  do {
    for (unsigned theirs = 0; theirs < 16; ++theirs) {
      const std::vector<Record> pieces = whole("c1");
      for (const int which : order) {
        const auto& piece = pieces[static_cast<size_t>(which)];
        if ((theirs >> static_cast<unsigned>(which) & 1U) != 0) {
          found(stored_elsewhere(piece));
        } else {
          add(piece);
        }
        commit();
      }
      ASSERT_THAT(images_, ElementsAre("c draft 7 " + kText));
      ASSERT_EQ(total().landed, 4);
      ASSERT_THAT(store_.rows, IsEmpty());
      start_over();
    }
  } while (std::ranges::next_permutation(order).found);
}

TEST_F(AssemblerTest, TheSamePieceOfAnotherWriterIsARepeatAndLeavesTheStore) {
  const std::vector<Record> pieces = whole("c1");
  add(pieces[0]);
  add(pieces[1]);
  commit();
  EXPECT_EQ(found(stored_elsewhere(pieces[1])), Fate::Repeat);
  ASSERT_THAT(settled_, testing::SizeIs(1));
  EXPECT_EQ(settled_[0].shard, "other");
  // Which piece must still be there when that one leaves.
  EXPECT_EQ(settled_[0].kept_shard, store_.rows[1].shard);
  EXPECT_EQ(settled_[0].kept_sequence, store_.rows[1].sequence);
  commit();
  EXPECT_EQ(store_.rows.size(), 2U);
  EXPECT_EQ(books_["other"].waiting, 0);
  EXPECT_EQ(books_["other"].repeats, 1);
}

TEST_F(AssemblerTest, APieceThatAnotherWriterStoredTooLateIsARepeat) {
  const std::vector<Record> pieces = whole("c1");
  for (const Record& piece : pieces) add(piece);
  commit();
  EXPECT_EQ(found(stored_elsewhere(pieces[2])), Fate::Repeat);
  ASSERT_THAT(settled_, testing::SizeIs(1));
  EXPECT_EQ(settled_[0].kept_shard, "") << "none waits in its stead: the chunk has landed";
  commit();
  EXPECT_THAT(store_.rows, IsEmpty());
}

TEST_F(AssemblerTest, AChunkThatAnotherWriterHasEndedIsForgottenAndItsPiecesAreRepeats) {
  const std::vector<Record> pieces = whole("c1");
  for (const Record& piece : pieces) add(piece);
  commit();
  const change::FinishedChunk ended = store_.ended.front();
  // This writer has one piece of it, and somebody else has landed all of it.
  start_over();
  add(pieces[1]);
  commit();
  store_.rows.clear();
  --books_["s0"].waiting;
  ++books_["s0"].landed;
  assembler_->drop_ended(ended);
  EXPECT_EQ(assembler_->waiting(1).pieces, 0U);
  EXPECT_EQ(add(pieces[2]), Fate::Repeat);
  EXPECT_EQ(add(pieces[0]), Fate::Repeat);
}

TEST_F(AssemblerTest, WhatIsWholeInTheStoreAtTheStartIsLanded) {
  // The writers of these pieces were stopped before one of them knew all.
  for (const Record& piece : whole("c1")) stored_elsewhere(piece);
  stored_elsewhere(whole("c1")[1], "third");
  reopen();
  Outcome out = assembler_->settle_stored(clock_.wall_ns(), arena_).value();
  EXPECT_FALSE(out.more);
  take(std::move(out));
  commit();
  EXPECT_THAT(images_, ElementsAre("c draft 7 " + kText));
  EXPECT_EQ(total().repeats, 1) << "a piece that two writers stored";
  EXPECT_THAT(store_.rows, IsEmpty());
}

TEST_F(AssemblerTest, AStoredImageThatIsNoRowIsQuarantinedWithAllItsPieces) {
  for (const Record& piece : whole("c1")) stored_elsewhere(piece);
  reopen();
  ASSERT_TRUE(assembler_->settle_stored(clock_.wall_ns(), arena_).value().image.has_value());
  take(assembler_->reject(malformed("not-json", "it is not JSON"), arena_));
  commit();
  EXPECT_EQ(total().quarantined, 4);
  EXPECT_THAT(store_.rows, IsEmpty());
}

}  // namespace
}  // namespace sluice::assemble
