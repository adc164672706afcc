#include "emulate/record_out.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <sstream>

namespace sluice::emulate {
namespace {

using ::testing::HasSubstr;

TEST(LinesOut, EveryRecordIsALineOnceItIsFlushed) {
  const std::string path = ::testing::TempDir() + "record_out_test.ndjson";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ASSERT_GE(file, 0);
  LinesOut out(file, path);
  const std::string long_record(300'000, 'x');
  ASSERT_TRUE(out.write("one"));
  ASSERT_TRUE(out.write(long_record));
  ASSERT_TRUE(out.write("three"));
  ASSERT_TRUE(out.flush());
  ::close(file);
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), "one\n" + long_record + "\nthree\n");
}

TEST(LinesOut, ARecordIsNeverJoinedToATornLine) {
  const std::string path = ::testing::TempDir() + "record_out_torn_test.ndjson";
  for (const std::string before : {"whole\n", "torn"}) {
    std::ofstream(path, std::ios::trunc) << before;
    const int file = ::open(path.c_str(), O_WRONLY | O_APPEND);
    ASSERT_GE(file, 0);
    LinesOut out(file, path);
    ASSERT_TRUE(out.write("one"));
    ASSERT_TRUE(out.write("two"));
    ASSERT_TRUE(out.flush());
    ::close(file);
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    EXPECT_EQ(text.str(), (before == "torn" ? "torn\n" : before) + "one\ntwo\n");
  }
}

TEST(LinesOut, APipeWhoseReaderHasGoneIsRefusedByName) {
  std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  LinesOut out(pipe[1], "standard output");
  ASSERT_TRUE(out.write("one"));
  ASSERT_TRUE(out.flush());
  ::close(pipe[0]);
  ASSERT_TRUE(out.write("two"));
  Result<void> flushed = out.flush();
  ASSERT_FALSE(flushed);
  EXPECT_THAT(flushed.error().message, HasSubstr("the reader of standard output has gone"));
  ::close(pipe[1]);
}

TEST(LinesOut, AFullDiskIsSaid) {
  const int full = ::open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  LinesOut out(full, "changes.ndjson");
  ASSERT_TRUE(out.write("one"));
  Result<void> flushed = out.flush();
  ASSERT_FALSE(flushed);
  EXPECT_THAT(flushed.error().message, HasSubstr("cannot write changes.ndjson: No space left"));
  ::close(full);
}

}  // namespace
}  // namespace sluice::emulate
