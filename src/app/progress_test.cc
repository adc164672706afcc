#include "app/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/text_width.h"

namespace sluice::app {
namespace {

using testing::HasSubstr;
using testing::Not;

pipeline::Snapshot halfway() {
  pipeline::Snapshot snapshot;
  snapshot.books = {.read = 1'204'881,
                    .landed = 1'204'102,
                    .rows = 1'204'102,
                    .repeats = 771,
                    .quarantined = 8,
                    .waiting = 0,
                    .bytes = 0};
  snapshot.source = {.bytes_read = 50 << 20, .bytes_total = 100 << 20};
  return snapshot;
}

constexpr Pace kPace = {.seconds = 29, .records_per_second = 41'203, .bytes_per_second = 2 << 20};

TEST(ProgressLine, shows_a_bar_counts_pace_and_the_time_left) {
  EXPECT_EQ(
      progress_line(halfway(), kPace, {.width = 200}),
      "██████████░░░░░░░░░░   50%  read 1,204,881  landed 1,204,102  repeats 771  quarantined 8  waiting 0"
      "  41,203/s  2.0 MiB/s  ETA 25.0 s");
}

TEST(ProgressLine, has_no_bar_where_it_is_not_rewritten) {
  EXPECT_EQ(
      progress_line(halfway(), kPace, {}),
      " 50%  read 1,204,881  landed 1,204,102  repeats 771  quarantined 8  waiting 0  41,203/s  2.0 MiB/s"
      "  ETA 25.0 s");
}

TEST(ProgressLine, leaves_out_the_least_important_when_the_terminal_is_narrow) {
  for (const size_t width : {size_t{120}, size_t{80}, size_t{60}, size_t{40}, size_t{30}}) {
    const std::string line = progress_line(halfway(), kPace, {.width = width});
    EXPECT_LE(display_width(line), width) << line;
    EXPECT_THAT(line, HasSubstr("read 1,204,881"));
  }
  const std::string narrow = progress_line(halfway(), kPace, {.width = 80});
  EXPECT_THAT(narrow, HasSubstr("quarantined 8"));
  EXPECT_THAT(narrow, Not(HasSubstr("waiting 0")));
}

TEST(ProgressLine, of_a_pipe_promises_no_end) {
  pipeline::Snapshot snapshot = halfway();
  snapshot.source.bytes_total.reset();
  const std::string line = progress_line(snapshot, kPace, {.width = 200});
  EXPECT_THAT(line, Not(HasSubstr("%")));
  EXPECT_THAT(line, Not(HasSubstr("ETA")));
}

TEST(ProgressLine, of_a_followed_source_says_how_old_the_newest_change_is) {
  pipeline::Snapshot snapshot = halfway();
  snapshot.newest_commit_ts_ns = 1'000'000'000;
  EXPECT_THAT(progress_line(snapshot, kPace, {.follow = true, .now_ns = 1'900'000'000}),
              HasSubstr("newest change 0.9 s ago"));
  // The source's clock may be ahead of ours.
  EXPECT_THAT(progress_line(snapshot, kPace, {.follow = true, .now_ns = 0}),
              HasSubstr("newest change 0.0 s ago"));
}

TEST(ProgressLine, colours_only_when_asked_and_only_what_needs_a_look) {
  EXPECT_THAT(progress_line(halfway(), kPace, {.colour = false}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(progress_line(halfway(), kPace, {.colour = true}), HasSubstr("\x1b[33mquarantined 8\x1b[0m"));
}

TEST(ProgressJson, is_one_object_with_every_number) {
  EXPECT_EQ(
      progress_json(halfway(), kPace),
      R"({"event":"progress","seconds":29.0,"read":1204881,"landed":1204102,"rows":1204102,"repeats":771,)"
      R"("quarantined":8,"waiting":0,"source_bytes":52428800,"source_bytes_total":104857600,)"
      R"("records_per_second":41203,"newest_commit_ts_ns":0,"final":false})");
}

TEST(ProgressMode, is_a_line_only_on_a_terminal) {
  EXPECT_EQ(progress_mode("auto", true), ProgressMode::Line);
  EXPECT_EQ(progress_mode("auto", false), ProgressMode::Plain);
  EXPECT_EQ(progress_mode("json", true), ProgressMode::Json);
  EXPECT_EQ(progress_mode("none", true), ProgressMode::None);
}

// What a meter wrote to a file by the end of a story.
class MeterTest : public testing::Test {
 protected:
  ~MeterTest() override { std::fclose(file_); }
  ProgressMeter meter(ProgressMode mode) { return {mode, false, false, file_, clock_}; }
  void after(double seconds) { clock_.advance_ns(static_cast<int64_t>(seconds * 1e9)); }
  std::string written() {
    std::rewind(file_);
    std::string text(10'000, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file_));
    return text;
  }

  ManualClock clock_{0};
  std::FILE* file_ = std::tmpfile();
};

TEST_F(MeterTest, plain_lines_come_every_few_seconds) {
  ProgressMeter plain = meter(ProgressMode::Plain);
  for (int i = 0; i < 60; ++i) {
    after(0.2);
    plain.show(halfway());
  }
  const std::string text = written();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
}

TEST_F(MeterTest, the_pace_is_what_was_read_in_between) {
  ProgressMeter json = meter(ProgressMode::Json);
  pipeline::Snapshot snapshot;
  snapshot.books.read = 1000;
  after(1);
  json.show(snapshot);
  EXPECT_THAT(written(), HasSubstr("\"records_per_second\":1000,"));
}

TEST_F(MeterTest, a_notice_takes_the_line_off_the_screen_first) {
  ProgressMeter line = meter(ProgressMode::Line);
  after(1);
  line.show(halfway());
  line.notice("orders.ndjson was replaced.");
  EXPECT_THAT(written(), HasSubstr("\x1b[K\r\x1b[Ksluice: orders.ndjson was replaced.\n"));
}

TEST_F(MeterTest, json_mode_writes_nothing_but_json) {
  ProgressMeter json = meter(ProgressMode::Json);
  json.notice("a \"quoted\" word");
  EXPECT_EQ(written(), "{\"event\":\"notice\",\"message\":\"a \\\"quoted\\\" word\"}\n");
}

TEST_F(MeterTest, none_still_says_notices) {
  ProgressMeter none = meter(ProgressMode::None);
  after(100);
  none.show(halfway());
  none.notice("once");
  EXPECT_EQ(written(), "sluice: once\n");
}

}  // namespace
}  // namespace sluice::app
