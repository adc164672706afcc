#include "lambda/fragments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <random>
#include <set>
#include <thread>

#include "lambda/memory_objects_for_test.h"
#include "lambda/records_for_test.h"

namespace sluice::lambda {
namespace {

using assemble::Fate;

const std::string kImage = R"({"id":7,"body":")" + std::string(300, 'x') + R"("})";

// One record in a buffer of its own, read as a piece.
struct Delivered {
  Delivered(const std::string& text, int sequence, const std::string& shard = "s/shardId-000000000000")
      : block(block_of({text}, sequence, shard)) {
    decode::Decoded decoded;
    CHECK(decoder.decode(block.records[0], arena, decoded).ok());
    if (auto* fragment = std::get_if<change::Fragment>(&decoded)) piece = *fragment;
    if (auto* head = std::get_if<change::ChunkedHead>(&decoded)) piece = *head;
  }
  Result<PieceOutcome> to(SharedFragments& fragments) {
    return fragments.take(block.records[0], piece, arena);
  }
  Arena arena;
  decode::Decoder decoder;
  change::Block block;
  DecodedPiece piece;
};

class FragmentsTest : public ::testing::Test {
 protected:
  Result<PieceOutcome> take(const std::string& text, int sequence) {
    kept_.push_back(std::make_unique<Delivered>(text, sequence));
    return kept_.back()->to(fragments);
  }
  Fate fate(const std::string& text, int sequence) {
    auto outcome = take(text, sequence);
    EXPECT_TRUE(outcome) << outcome.error().message;
    if (!outcome) return Fate::Waits;
    last = std::move(outcome).value();
    return last.fate;
  }

  ManualClock clock{1'790'000'000'000'000'000};
  MemoryObjects objects;
  SharedFragments fragments{objects, clock};
  PieceOutcome last;
  const CutImage cut = cut_image("c-1", kImage, 3);

 private:
  std::vector<std::unique_ptr<Delivered>> kept_;
};

TEST_F(FragmentsTest, AnImageIsWholeInWhateverOrderItsPiecesCome) {
  std::vector<int> order = {0, 1, 2, 3};
  do {
    objects.objects.clear();
    for (int i = 0; i < 4; ++i) {
      const int which = order[static_cast<size_t>(i)];
      const std::string& text = which == 3 ? cut.head : cut.fragments[static_cast<size_t>(which)];
      ASSERT_EQ(fate(text, 100 + which), i == 3 ? Fate::Landed : Fate::Waits);
    }
    ASSERT_TRUE(last.image);
    EXPECT_EQ(last.image->json, kImage);
    EXPECT_EQ(last.image->position.sequence, "103");
    EXPECT_EQ(last.image->position.shard, "s/shardId-000000000000");
    ASSERT_TRUE(fragments.finish(last));
    EXPECT_EQ(objects.count("pieces/"), 0);
    EXPECT_EQ(objects.count("done/"), 1);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(FragmentsTest, EveryPieceOfAFinishedChunkIsARepeatAndLeavesNothingBehind) {
  for (size_t i = 0; i < 3; ++i) (void)fate(cut.fragments[i], 100 + static_cast<int>(i));
  ASSERT_EQ(fate(cut.head, 103), Fate::Landed);
  ASSERT_TRUE(fragments.finish(last));
  EXPECT_EQ(fate(cut.fragments[1], 101), Fate::Repeat);
  EXPECT_EQ(fate(cut.head, 103), Fate::Repeat);
  EXPECT_EQ(fate(cut.fragments[2], 999), Fate::Repeat);  // the source's own repetition
  EXPECT_EQ(objects.count("pieces/"), 0);
}

TEST_F(FragmentsTest, UntilItIsFinishedTheLastPieceLandsItAgain) {
  for (size_t i = 0; i < 3; ++i) (void)fate(cut.fragments[i], 100 + static_cast<int>(i));
  EXPECT_EQ(fate(cut.head, 103), Fate::Landed);
  EXPECT_EQ(fate(cut.head, 103), Fate::Landed);
  EXPECT_EQ(fate(cut.fragments[0], 100), Fate::Landed);
}

TEST_F(FragmentsTest, AWrongChecksumPutsEveryPieceIntoQuarantine) {
  CutImage wrong = cut_image("c-1", kImage, 3);
  wrong.fragments[1].replace(wrong.fragments[1].find("xxx"), 3, "xyx");
  for (size_t i = 0; i < 3; ++i) (void)fate(wrong.fragments[i], 100 + static_cast<int>(i));
  ASSERT_EQ(fate(wrong.head, 103), Fate::Quarantined);
  EXPECT_FALSE(last.image);
  ASSERT_EQ(last.quarantined.size(), 4U);
  EXPECT_EQ(last.quarantined[0].reason, "crc-mismatch");
  EXPECT_EQ(objects.count("pieces/"), 4);  // until they are in quarantine
  ASSERT_TRUE(fragments.finish(last));
  EXPECT_EQ(objects.count("pieces/"), 0);
  EXPECT_EQ(fate(wrong.head, 103), Fate::Repeat);
}

TEST_F(FragmentsTest, AnImageThatIsNoRowIsRejectedWithAllItsPieces) {
  const CutImage broken = cut_image("c-2", "no json", 2);
  (void)fate(broken.fragments[0], 1);
  (void)fate(broken.fragments[1], 2);
  ASSERT_EQ(fate(broken.head, 3), Fate::Landed);
  Arena arena;
  const auto rejected = fragments.reject(last, malformed("not-json", "no"), arena);
  ASSERT_TRUE(rejected) << rejected.error().message;
  EXPECT_EQ(rejected.value().quarantined.size(), 3U);
  EXPECT_EQ(rejected.value().finished.size(), 1U);
  ASSERT_TRUE(fragments.finish(rejected.value()));
  EXPECT_EQ(objects.count("pieces/"), 0);
}

TEST_F(FragmentsTest, AHeadOfTwoSplitImagesWaitsForBoth) {
  const CutImage after = cut_image("after", kImage, 2);
  const std::string key = R"({"id":7})";
  const CutImage before = cut_image("before", key, 1);
  const std::string head = fmt::format(
      R"({{"type":"chunked","op":"u","chunked":{{"before":{{"chunk_id":"before","total_fragments":1,"crc32c":"{}"}},)"
      R"("after":{{"chunk_id":"after","total_fragments":2,"crc32c":"{}"}}}},"source":{{"version":"1.0",)"
      R"("schema":"public","table":"big","txId":"t","ts_ms":1,"ts_ns":1789999999000000000}},"ts_ms":1,"ts_ns":1}})",
      crc32c(key), crc32c(kImage));
  EXPECT_EQ(fate(head, 1), Fate::Waits);
  EXPECT_EQ(fate(after.fragments[0], 2), Fate::Waits);
  EXPECT_EQ(fate(after.fragments[1], 3), Fate::Waits);
  ASSERT_EQ(fate(before.fragments[0], 4), Fate::Landed);
  EXPECT_EQ(last.image->json, kImage);
  ASSERT_TRUE(fragments.finish(last));
  EXPECT_EQ(objects.count("done/"), 2);
  EXPECT_EQ(objects.count("pieces/"), 0);
}

TEST_F(FragmentsTest, APieceThatCannotBeStoredIsNotConfirmed) {
  for (const char* call : {"get done/", "put pieces/", "list pieces/"}) {
    objects.fault = [call](const std::string& made) -> std::optional<Error> {
      if (made.starts_with(call)) return unavailable("down");
      return std::nullopt;
    };
    EXPECT_FALSE(take(cut.head, 103)) << call;
  }
}

TEST_F(FragmentsTest, ADamagedMemoryOfAChunkIsToldAndNotTakenForNone) {
  for (size_t i = 0; i < 3; ++i) (void)fate(cut.fragments[i], 100 + static_cast<int>(i));
  ASSERT_EQ(fate(cut.head, 103), Fate::Landed);
  ASSERT_TRUE(fragments.finish(last));
  objects.objects.begin()->second = "{}";
  EXPECT_EQ(take(cut.head, 103).error().kind, ErrorKind::Refused);
}

TEST(FinishedTextTest, AFinishedChunkReadsBackAsItWas) {
  change::FinishedChunk chunk{"c \"1\"\n", 4'000'000'000U, 3, std::string("\0\xFF\x01\x02", 4), 17};
  const auto back = parse_finished(finished_text(chunk));
  ASSERT_TRUE(back);
  EXPECT_EQ(back.value().chunk_id, chunk.chunk_id);
  EXPECT_EQ(back.value().crc32c, chunk.crc32c);
  EXPECT_EQ(back.value().total_fragments, 3U);
  EXPECT_EQ(back.value().piece_crcs, chunk.piece_crcs);
  EXPECT_FALSE(parse_finished("{\"version\":2}"));
}

// Threads that move one call at a time, whose turn it is decided by seed; one may be killed between any two.
struct Killed {};

class Turns {
 public:
  explicit Turns(uint64_t seed) : random_(seed) {}

  void enter() {
    const std::lock_guard lock(mutex_);
    ++alive_;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    --alive_;
    running_ = 0;
    changed_.notify_all();
  }
  // Waits for the caller's turn; throws Killed when its process ends here.
  void wait(int who) {
    std::unique_lock lock(mutex_);
    if (running_ == who) running_ = 0;
    waiting_.insert(who);
    changed_.notify_all();
    changed_.wait(lock, [&] {
      if (running_ == 0 && waiting_.size() == alive_) {
        auto chosen = waiting_.begin();
        std::advance(chosen, static_cast<int64_t>(random_() % waiting_.size()));
        running_ = *chosen;
        dies_ = kills_left > 0 && random_() % 12 == 0;
        changed_.notify_all();
      }
      return running_ == who;
    });
    waiting_.erase(who);
    if (!std::exchange(dies_, false)) return;
    --kills_left;
    throw Killed();
  }
  int kills_left = 3;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::mt19937_64 random_;
  std::set<int> waiting_;
  size_t alive_ = 0;
  int running_ = 0;
  bool dies_ = false;
};

class TurnedObjects final : public ObjectStore {
 public:
  TurnedObjects(MemoryObjects& objects, Turns& turns, int who)
      : objects_(objects), turns_(turns), who_(who) {}
  Result<void> put(const std::string& key, std::string body) override {
    turns_.wait(who_);
    return objects_.put(key, std::move(body));
  }
  Result<std::optional<std::string>> get(const std::string& key) override {
    turns_.wait(who_);
    return objects_.get(key);
  }
  Result<std::vector<aws::S3Object>> list(const std::string& prefix) override {
    turns_.wait(who_);
    return objects_.list(prefix);
  }
  Result<Page> page(const std::string& prefix, const std::string& after) override {
    turns_.wait(who_);
    return objects_.page(prefix, after);
  }
  Result<void> remove(const std::string& key) override {
    turns_.wait(who_);
    return objects_.remove(key);
  }

 private:
  MemoryObjects& objects_;
  Turns& turns_;
  int who_;
};

// Delivers one record until it is confirmed, as an event source mapping does.
void deliver(const std::string& text, int who, MemoryObjects& objects, Turns& turns,
             std::vector<std::string>& landed, std::set<std::string>* kept = nullptr) {
  ManualClock clock{1'790'000'000'000'000'000};
  for (int tries = 0; tries < 50; ++tries) {
    try {
      TurnedObjects store(objects, turns, who);
      SharedFragments fragments(store, clock);
      Delivered delivered(text, 100 + who, fmt::format("s/shardId-00000000000{}", who % 3));
      const auto outcome = delivered.to(fragments);
      if (!outcome) continue;
      if (outcome.value().image) {
        turns.wait(who);
        landed.emplace_back(outcome.value().image->json);
        turns.wait(who);
      }
      if (kept != nullptr && !outcome.value().quarantined.empty()) {
        turns.wait(who);
        for (const auto& record : outcome.value().quarantined) kept->emplace(record.bytes);
        turns.wait(who);
      }
      const bool is_settled = outcome.value().fate == Fate::Waits || outcome.value().fate == Fate::Repeat;
      if (is_settled || fragments.finish(outcome.value()).ok()) return;
    } catch (const Killed&) {
      // Its answer never came: the record is delivered again.
    }
  }
  ADD_FAILURE() << "the record was never confirmed";
}

TEST(FragmentsRaceTest, HoweverProcessesInterleaveAndDieTheImageLandsAndNothingStays) {
  const CutImage cut = cut_image("c-1", kImage, 3);
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    MemoryObjects objects;
    Turns turns(seed);
    std::vector<std::string> landed;
    std::vector<std::string> texts = {cut.head, cut.fragments[0], cut.fragments[1], cut.fragments[2]};
    if (seed % 2 == 0) texts.push_back(cut.fragments[seed / 2 % 3]);
    if (seed % 3 == 0) texts.push_back(cut.head);
    {
      std::vector<std::jthread> processes;
      for (size_t i = 0; i < texts.size(); ++i) turns.enter();
      for (size_t i = 0; i < texts.size(); ++i)
        processes.emplace_back([&, i] {
          deliver(texts[i], static_cast<int>(i) + 1, objects, turns, landed);
          turns.leave();
        });
    }
    ASSERT_FALSE(landed.empty());
    for (const std::string& image : landed) ASSERT_EQ(image, kImage);
    ASSERT_EQ(objects.count("done/"), 1);
    ASSERT_EQ(objects.count("pieces/"), 0);
  }
}

// Ends what is old again and again, beside processes that deliver; killed like them.
void expire_beside(int who, MemoryObjects& objects, Turns& turns, std::set<std::string>& kept,
                   std::vector<std::string>& landed) {
  ManualClock clock{1'790'000'000'000'000'000};
  for (int rounds = 0; rounds < 3; ++rounds) {
    try {
      TurnedObjects store(objects, turns, who);
      SharedFragments fragments(store, clock);
      const auto old = fragments.find_old("", INT64_MAX);
      for (const std::string& place : old.value().places) {
        Arena arena;
        const auto outcome = fragments.expire(place, INT64_MAX, arena);
        if (!outcome || outcome.value().fate == Fate::Waits) continue;
        turns.wait(who);
        if (outcome.value().image) landed.emplace_back(outcome.value().image->json);
        for (const auto& record : outcome.value().quarantined) kept.emplace(record.bytes);
        turns.wait(who);
        (void)fragments.finish(outcome.value()).ok();
      }
    } catch (const Killed&) {
      // Another process goes on.
    }
  }
}

TEST(FragmentsRaceTest, WhoeverSweepsBesideThemNoPieceIsNowhere) {
  const CutImage cut = cut_image("c-1", kImage, 3);
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    MemoryObjects objects;
    Turns turns(seed);
    std::vector<std::string> landed;
    std::set<std::string> kept;
    std::vector<std::string> texts = {cut.head, cut.fragments[0], cut.fragments[1]};
    if (seed % 2 == 0) texts.push_back(cut.fragments[2]);
    {
      std::vector<std::jthread> processes;
      for (size_t i = 0; i < texts.size() + 2; ++i) turns.enter();
      for (size_t i = 0; i < texts.size() + 2; ++i)
        processes.emplace_back([&, i] {
          const int who = static_cast<int>(i) + 1;
          if (i < texts.size()) {
            deliver(texts[i], who, objects, turns, landed, &kept);
          } else {
            expire_beside(who, objects, turns, kept, landed);
          }
          turns.leave();
        });
    }
    for (const std::string& image : landed) ASSERT_EQ(image, kImage);
    if (!landed.empty()) continue;
    for (const auto& [key, body] : objects.objects)
      if (key.starts_with("pieces/")) kept.insert(body);
    for (const std::string& text : texts) ASSERT_TRUE(kept.contains(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::lambda
