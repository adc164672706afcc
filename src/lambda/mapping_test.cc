// Everything that can go wrong between the stream and Redshift, by seed; and afterwards no record is nowhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lambda/mapping_for_test.h"

namespace sluice::lambda {
namespace {

using sink::redshift::FakeDataApi;

struct Killed {};

// Three shards of changes with poison, oversized images whose pieces stand anywhere, operations that nobody
// knows yet, and records that no invocation can carry.
struct Traffic {
  std::map<std::string, std::vector<StreamRecord>> shards;
  std::set<std::pair<std::string, std::string>> changes;  // shard and sequence of what must be a row
  std::set<std::pair<std::string, std::string>> poison;   // of what must be in quarantine
  std::map<std::pair<std::string, std::string>, std::string> pieces;  // fragments, and their chunks
  size_t count = 0;

  explicit Traffic(uint64_t seed) {
    std::mt19937_64 random(seed);
    std::map<std::string, int> next;
    const auto add = [&](const std::string& data) {
      const std::string shard = fmt::format("shardId-00000000000{}", random() % 3);
      // Numbers of different length, so that they are not in order as texts.
      const std::string sequence = std::to_string(95 + 3 * next[shard]++);
      shards[shard].push_back({sequence, data});
      ++count;
      return std::pair(shard, sequence);
    };
    for (int i = 0; i < 240; ++i) {
      const uint64_t kind = random() % 40;
      if (kind == 0) {
        poison.insert(add("not json " + std::to_string(i)));
      } else if (kind == 1) {
        std::string refused = change_text(i);
        refused.replace(refused.find(R"(,"source")") - 1, 0, R"(,"x":"poison")");
        poison.insert(add(refused));
      } else if (kind == 2) {
        changes.insert(add(change_text(i, "x")));
      } else if (kind == 3) {
        std::string large = change_text(i);
        large.replace(large.find(R"(,"source")") - 1, 0, R"(,"x":")" + std::string(9'000, 'y') + R"(")");
        changes.insert(add(large));
      } else if (kind < 6) {
        const std::string chunk_id = fmt::format("c-{}", i);
        const CutImage cut = cut_image(chunk_id, fmt::format(R"({{"id":{}}})", i), 3);
        for (const std::string& fragment : cut.fragments) pieces.emplace(add(fragment), chunk_id);
        changes.insert(add(cut.head));
        if (random() % 2 == 0) pieces.emplace(add(cut.fragments[random() % 3]), chunk_id);
      } else {
        changes.insert(add(change_text(i, random() % 5 == 0 ? "d" : "u")));
      }
    }
  }
};

// Makes the world fail as its services do, and kills the function between any two calls.
class Mischief {
 public:
  Mischief(World& world, uint64_t seed) : random_(seed) {
    world.redshift.call = [this](const std::string&) {
      maybe_die();
      using Call = FakeDataApi::Call;
      static constexpr Call kCalls[] = {Call::Throttle,  Call::TooManyActive, Call::Fail500,
                                        Call::LoseReply, Call::LoseRequest,   Call::CannotConnect};
      return chance(0.12) ? kCalls[random_() % 6] : Call::Answer;
    };
    world.redshift.course = [this](int) {
      using Course = FakeDataApi::Course;
      static constexpr Course kCourses[] = {Course::FailForAWhile, Course::FailUnknown,    Course::Abort,
                                            Course::WriteFewer,    Course::SayUnknownRows, Course::Hang,
                                            Course::FailNoTable};
      return chance(0.15) ? kCourses[random_() % 7] : Course::Finish;
    };
    const auto objects = [this](const std::string&) -> std::optional<Error> {
      maybe_die();
      if (chance(0.05)) return unavailable("S3 is down");
      return std::nullopt;
    };
    world.pieces.fault = objects;
    world.kept.fault = objects;
  }
  static void stop(World& world) {
    world.redshift.call = [](const std::string&) { return FakeDataApi::Call::Answer; };
    world.redshift.course = [](int) { return FakeDataApi::Course::Finish; };
    world.pieces.fault = [](const std::string&) { return std::nullopt; };
    world.kept.fault = [](const std::string&) { return std::nullopt; };
  }
  bool chance(double share) { return static_cast<double>(random_() % 10'000) < share * 10'000; }
  int deaths = 0;

 private:
  void maybe_die() {
    if (!chance(0.01)) return;
    ++deaths;
    throw Killed();
  }
  std::mt19937_64 random_;
};

bool is_given_up(const MappingModel& mapping, const std::string& shard, const std::string& sequence) {
  return std::ranges::any_of(mapping.on_failure, [&](const GivenUp& given_up) {
    return given_up.shard_id == shard && source::compare_sequence_numbers(given_up.first, sequence) <= 0 &&
           source::compare_sequence_numbers(sequence, given_up.last) <= 0;
  });
}

bool waits(const World& world, const std::string& shard, const std::string& sequence) {
  return std::ranges::any_of(world.pieces.objects, [&](const auto& object) {
    return object.first.ends_with(fmt::format(".{}.shop-cdc~{}", sequence, shard));
  });
}

// Records that are neither a row nor in quarantine nor waiting nor in the on-failure queue.
std::vector<std::string> nowhere(const World& world, const Traffic& traffic, const MappingModel& mapping) {
  std::vector<std::string> found;
  for (const auto& [shard, records] : traffic.shards) {
    for (const StreamRecord& record : records) {
      const bool is_used =
          traffic.pieces.contains({shard, record.sequence}) && world.pieces.count("done/") > 0;
      if (!world.has_row(shard, record.sequence) && !world.is_quarantined(shard, record.sequence) &&
          !waits(world, shard, record.sequence) && !is_given_up(mapping, shard, record.sequence) && !is_used)
        found.push_back(shard + " " + record.sequence);
    }
  }
  return found;
}

class MappingTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(MappingTest, WhateverFailsEveryRecordIsSomewhereAndRedriveBringsTheRest) {
  const Traffic traffic(GetParam());
  World world;
  world.stream.shards = traffic.shards;
  Mischief mischief(world, GetParam() + 1000);
  auto process = std::make_unique<FunctionProcess>(world);
  MappingModel mapping(traffic.shards, MappingSettings(), GetParam() + 2000);
  mapping.run(
      [&](const std::string& shard_id, std::span<const StreamRecord> records) -> std::optional<std::string> {
        try {
          const int64_t deadline_ms = world.now_ms() + (mischief.chance(0.1) ? 1'500 : 30'000);
          const auto answer = process->invoke(kinesis_event(shard_id, records), deadline_ms);
          EXPECT_LE(world.now_ms(), deadline_ms) << "answered too late";
          return answer.ok() ? std::optional(answer.value()) : std::nullopt;
        } catch (const Killed&) {
          process = std::make_unique<FunctionProcess>(world);
          return std::nullopt;
        }
      });
  EXPECT_THAT(nowhere(world, traffic, mapping), ::testing::IsEmpty());
  EXPECT_GT(mischief.deaths, 0);
  EXPECT_GT(mapping.splits, 0);
  EXPECT_FALSE(mapping.on_failure.empty());

  Mischief::stop(world);
  world.redshift.clock.advance_ns(int64_t{600} * 1'000'000'000);
  process = std::make_unique<FunctionProcess>(world);
  for (const GivenUp& given_up : mapping.on_failure) {
    const auto note = parse_failure_note(
        failure_document(given_up.shard_id, given_up.first, given_up.last, given_up.count));
    // The queue delivers again what is not done: a statement that hangs is cancelled by who finds it again.
    Redriven redriven;
    for (int delivery = 0; delivery < 3 && !redriven.is_done; ++delivery)
      redriven = process->redrive().land(std::get<FailedRange>(note.value()),
                                         world.redshift.clock.steady_ns() + int64_t{300} * 1'000'000'000);
    EXPECT_TRUE(redriven.is_done) << redriven.trouble;
  }
  for (const auto& [shard, sequence] : traffic.changes)
    EXPECT_TRUE(world.has_row(shard, sequence)) << shard << " " << sequence;
  for (const auto& [shard, sequence] : traffic.poison)
    EXPECT_TRUE(world.is_quarantined(shard, sequence)) << shard << " " << sequence;
  EXPECT_EQ(world.pieces.count("pieces/"), 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, MappingTest, ::testing::Range<uint64_t>(1, 31));

// What people write first: submits and believes it, knows c, u and d, and swallows what goes wrong.
TEST(NaiveConsumerTest, LosesRecordsUnderTheSameMapping) {
  const Traffic traffic(1);
  World world;
  Mischief mischief(world, 1001);
  MappingModel mapping(traffic.shards, MappingSettings(), 2001);
  int submitted = 0;
  mapping.run([&](const std::string& shard_id,
                  std::span<const StreamRecord> records) -> std::optional<std::string> {
    try {
      for (const StreamRecord& record : records) {
        const bool is_known = record.data.find(R"("op":"c")") != std::string::npos ||
                              record.data.find(R"("op":"u")") != std::string::npos ||
                              record.data.find(R"("op":"d")") != std::string::npos;
        if (!is_known) continue;
        const std::string row = fmt::format(R"([{{"h":"shop-cdc/{}","q":"{}"}}])", shard_id, record.sequence);
        const aws::SqlParameter parameter{"p", row};
        const auto sent = world.redshift.api().execute(
            {.workgroup = "shop", .cluster = {}, .database = "dev", .secret_arn = {}, .db_user = {}},
            "INSERT INTO cdc_events SELECT :p", std::span(&parameter, 1), {}, 1000);
        submitted += sent.ok() ? 1 : 0;
      }
    } catch (const Killed&) {
      // As it would be caught by whoever wrote that.
    }
    return R"({"batchItemFailures":[]})";
  });
  Mischief::stop(world);
  world.redshift.clock.advance_ns(int64_t{600} * 1'000'000'000);
  for (int i = 1; i <= submitted; ++i) (void)world.redshift.api().describe(fmt::format("s-{}", i), 0, 1000);
  EXPECT_FALSE(nowhere(world, traffic, mapping).empty());
}

}  // namespace
}  // namespace sluice::lambda
