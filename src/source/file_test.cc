// Reason for length: one fixture and many short stories.
#include "source/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <thread>

#include "base/text.h"
#include "source/file_position.h"

namespace sluice::source {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
namespace fs = std::filesystem;

std::string gzip(std::string_view text) {
  z_stream z{};
  EXPECT_EQ(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&z, text.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(packed.data());
  z.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  packed.resize(z.total_out);
  deflateEnd(&z);
  return packed;
}

std::string zstd(std::string_view text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  packed.resize(ZSTD_compress2(context, packed.data(), packed.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return packed;
}

// What one record looked like, with the bytes copied out.
struct Line {
  std::string sequence;
  std::string bytes;
  friend bool operator==(const Line&, const Line&) = default;
  friend void PrintTo(const Line& line, std::ostream* out) {
    *out << line.sequence << "=" << line.bytes.substr(0, 80);
  }
};

class FileSourceTest : public ::testing::Test {
 protected:
  FileSourceTest() : clock_(1'790'000'000'000'000'000) {
    std::string pattern = fs::temp_directory_path() / "sluice-file-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    options_.path = folder_ / "orders.ndjson";
  }
  ~FileSourceTest() override { fs::remove_all(folder_); }

  void write(std::string_view bytes) { put(options_.path, bytes, std::ios::trunc); }
  void append(std::string_view bytes) { put(options_.path, bytes, std::ios::app); }
  static void put(const std::string& path, std::string_view bytes, std::ios::openmode mode) {
    std::ofstream(path, std::ios::binary | mode)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  void open() {
    FileSourceOptions options{options_.path,        options_.follow,
                              options_.block_bytes, options_.max_record_bytes,
                              options_.saved,       clock_};
    auto opened = open_file(std::move(options));
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    source_ = std::move(opened).value();
    for (std::string& notice : source_->take_notices()) notices_.push_back(std::move(notice));
  }

  std::string open_error() {
    auto opened = open_file({options_.path, options_.follow, options_.block_bytes, options_.max_record_bytes,
                             options_.saved, clock_});
    EXPECT_FALSE(opened.ok());
    if (opened.ok()) return {};
    EXPECT_EQ(opened.error().kind, ErrorKind::Refused);
    return opened.error().message;
  }

  // Pulls once; remembers the block's checkpoint as the ledger would.
  Quiet pull() {
    auto pulled = source_->next();
    if (!pulled.ok()) {
      error_ = pulled.error();
      return Quiet::End;
    }
    for (std::string& notice : source_->take_notices()) notices_.push_back(std::move(notice));
    if (!pulled.value().block) return pulled.value().quiet;
    ++blocks_;
    const change::Block block = std::move(*pulled.value().block);
    block_records_.push_back(block.records.size());
    for (const change::RawRecord& record : block.records) {
      EXPECT_EQ(record.position.shard, block.shard);
      lines_.push_back({std::string(record.position.sequence), std::string(record.bytes)});
      for (size_t i = 0; i < kReadableSlack; ++i) slack_ += record.bytes.data()[record.bytes.size() + i];
      if (options_.max_record_bytes < 1'000'000) slack_.clear();
    }
    shards_[block.shard] += block.records.size();
    shard_ = block.shard;
    saved_[block.shard] = block.checkpoint;
    return Quiet::Later;
  }
  void pull_to_end() {
    while (pull() != Quiet::End) {
    }
  }
  // In follow mode: until it has been quiet once.
  void pull_until_quiet() {
    size_t before = 0;
    do {
      before = blocks_;
      pull();
    } while (blocks_ != before && !error_);
  }
  std::vector<Line> read_all() {
    open();
    pull_to_end();
    return std::exchange(lines_, {});
  }
  // As a new run of the program, with what the ledger has.
  void restart() {
    options_.saved.clear();
    for (const auto& [shard, position] : saved_) options_.saved.push_back({shard, position});
    error_.reset();
    notices_.clear();
    source_.reset();
    open();
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (const Line& line : lines_) texts.push_back(line.bytes);
    return texts;
  }

  fs::path folder_;
  ManualClock clock_;
  FileSourceOptions options_;
  std::unique_ptr<Source> source_;
  std::vector<Line> lines_;
  std::vector<std::string> notices_;
  std::map<std::string, size_t> shards_;
  std::string shard_;
  std::map<std::string, std::string> saved_;
  std::optional<Error> error_;
  size_t blocks_ = 0;
  std::vector<size_t> block_records_;
  std::string slack_;
};

// Lines of many lengths, with their offsets.
std::string varied_lines(size_t count, const char* newline = "\n") {
  std::string text;
  for (size_t i = 0; i < count; ++i)
    text += "{\"n\":" + std::to_string(i) + ",\"pad\":\"" + std::string(i * 7 % 61, 'x') + "\"}" + newline;
  return text;
}

TEST_F(FileSourceTest, GivesEachLineWithItsOffsetAsSequence) {
  write("{\"a\":1}\n{\"bb\":22}\n{}\n");
  EXPECT_THAT(read_all(), ElementsAre(Line{"0", "{\"a\":1}"}, Line{"8", "{\"bb\":22}"}, Line{"18", "{}"}));
  EXPECT_FALSE(error_);
}

TEST_F(FileSourceTest, TakesTheCarriageReturnOffAndOnlyOne) {
  write("{\"a\":1}\r\n{}\r\r\n{\"b\":\"\r\"}\n");
  EXPECT_THAT(read_all(),
              ElementsAre(Line{"0", "{\"a\":1}"}, Line{"9", "{}\r"}, Line{"14", "{\"b\":\"\r\"}"}));
}

TEST_F(FileSourceTest, PassesOverLinesOfBlanksButCountsTheirBytes) {
  write("\n\r\n  \t\n{}\n\n\n[]\n \n");
  EXPECT_THAT(read_all(), ElementsAre(Line{"7", "{}"}, Line{"12", "[]"}));
}

TEST_F(FileSourceTest, AnEmptyFileAndAFileOfEmptyLinesEndAtOnce) {
  write("");
  EXPECT_THAT(read_all(), IsEmpty());
  write("\n\n\r\n   ");
  EXPECT_THAT(read_all(), IsEmpty());
  EXPECT_FALSE(error_);
}

TEST_F(FileSourceTest, TheLastLineNeedsNoNewline) {
  write("{}\n{\"last\":1}");
  EXPECT_THAT(read_all(), ElementsAre(Line{"0", "{}"}, Line{"3", "{\"last\":1}"}));
}

TEST_F(FileSourceTest, KeepsBytesThatAreNotText) {
  write(std::string("\xff\xfe\0x\n{}\n", 8));
  EXPECT_THAT(read_all(), ElementsAre(Line{"0", std::string("\xff\xfe\0x", 4)}, Line{"5", "{}"}));
}

TEST_F(FileSourceTest, EveryBlockSizeGivesTheSameLines) {
  const std::string text = varied_lines(60, "\r\n") + "{\"last\":true}\r";
  write(text);
  const std::vector<Line> expected = read_all();
  ASSERT_EQ(expected.size(), 61U);
  EXPECT_EQ(expected.back().bytes, "{\"last\":true}");
  for (size_t block_bytes = 1; block_bytes < 300; ++block_bytes) {
    options_.block_bytes = block_bytes;
    ASSERT_EQ(read_all(), expected) << "with blocks of " << block_bytes;
  }
}

TEST_F(FileSourceTest, PackedFilesAreKnownByTheirFirstBytesAndReadTheSame) {
  const std::string text = varied_lines(5000);
  write(text);
  const std::vector<Line> expected = read_all();
  for (const std::string& packed : {gzip(text), zstd(text)}) {
    write(packed);
    for (const size_t block_bytes : {size_t{100}, size_t{4096}, size_t{1} << 20}) {
      options_.block_bytes = block_bytes;
      EXPECT_EQ(read_all(), expected);
      EXPECT_FALSE(error_);
    }
  }
}

TEST_F(FileSourceTest, MembersAndFramesInARowAreOneStream) {
  const std::string text = varied_lines(900);
  write(text);
  const std::vector<Line> expected = read_all();
  for (const auto& pack : {gzip, zstd}) {
    std::string packed = pack("");
    for (size_t at = 0; at < text.size(); at += 1000) packed += pack(std::string_view(text).substr(at, 1000));
    packed += pack("");
    write(packed);
    EXPECT_EQ(read_all(), expected);
    EXPECT_FALSE(error_) << error_->message;
  }
}

TEST_F(FileSourceTest, ZerosAfterGzipDataArePaddingAndOtherBytesAreNot) {
  write(gzip("{\"a\":1}\n") + std::string(1000, '\0'));
  EXPECT_THAT(read_all(), ElementsAre(Line{"0", "{\"a\":1}"}));
  EXPECT_FALSE(error_);
  write(gzip("{\"a\":1}\n") + "{\"b\":2}\n");
  EXPECT_THAT(read_all(), ElementsAre(Line{"0", "{\"a\":1}"}));
  ASSERT_TRUE(error_);
  EXPECT_THAT(error_->message, HasSubstr("not gzip"));
}

TEST_F(FileSourceTest, ReadsWhatTheCommandLineToolsWrite) {
  const std::string text = varied_lines(20000);
  write(text);
  const std::vector<Line> expected = read_all();
  for (const std::string tool : {"gzip", "zstd"}) {
    if (std::system(("command -v " + tool + " >/dev/null 2>&1").c_str()) != 0) continue;
    const std::string packed = folder_ / ("orders." + tool);
    ASSERT_EQ(std::system((tool + " -c " + (folder_ / "orders.ndjson").string() + " > " + packed).c_str()),
              0);
    options_.path = packed;
    EXPECT_EQ(read_all(), expected) << tool;
    options_.path = folder_ / "orders.ndjson";
  }
}

TEST_F(FileSourceTest, ShortFilesThatStartLikeAPackedOneArePlain) {
  for (const std::string text : {"\x1f", "(", "P", "P*M", "\x28\xb5\x2f"}) {
    write(text);
    EXPECT_THAT(read_all(), ElementsAre(Line{"0", text}));
  }
}

class CutShort : public FileSourceTest,
                 public ::testing::WithParamInterface<std::string (*)(std::string_view)> {};
INSTANTIATE_TEST_SUITE_P(Packed, CutShort, ::testing::Values(&gzip, &zstd));

TEST_P(CutShort, GivesTheWholeLinesBeforeTheCutAndThenRefuses) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += sha256_hex(std::to_string(i)) + "\n";
  write(text);
  const std::vector<Line> whole = read_all();
  const std::string packed = GetParam()(text);
  for (size_t cut = 4; cut < packed.size(); cut += 1 + packed.size() / 97) {
    write(std::string_view(packed).substr(0, cut));
    error_.reset();
    const std::vector<Line> lines = read_all();
    ASSERT_TRUE(error_) << "cut at " << cut;
    EXPECT_EQ(error_->kind, ErrorKind::Refused);
    EXPECT_THAT(error_->message,
                AllOf(StartsWith("file:" + options_.path), HasSubstr("cut off"), HasSubstr("at byte")));
    ASSERT_LE(lines.size(), whole.size());
    EXPECT_TRUE(std::equal(lines.begin(), lines.end(), whole.begin())) << "cut at " << cut;
    EXPECT_FALSE(source_->next().ok()) << "the refusal stays";
  }
}

TEST_P(CutShort, ContinuesWhereTheCutWasOnceTheFileIsWhole) {
  std::string text;
  for (int i = 0; i < 9000; ++i) text += sha256_hex(std::to_string(i)) + "\n";
  const std::string packed = GetParam()(text);
  options_.block_bytes = 5000;
  write(std::string_view(packed).substr(0, packed.size() / 2));
  open();
  pull_to_end();
  ASSERT_TRUE(error_);
  const size_t before = lines_.size();
  write(packed);
  restart();
  pull_to_end();
  EXPECT_EQ(lines_.size(), 9000U);
  ASSERT_GT(before, 0U);
  EXPECT_THAT(notices_, ElementsAre(HasSubstr("continues at byte")));
  for (size_t i = 0; i < lines_.size(); ++i) ASSERT_EQ(lines_[i].sequence, std::to_string(i * 65));
}

TEST_P(CutShort, DamageInTheMiddleIsToldAfterTheLinesBeforeIt) {
  std::string text;
  for (int i = 0; i < 30000; ++i) text += sha256_hex(std::to_string(i)) + "\n";
  std::string packed = GetParam()(text);
  for (size_t at = packed.size() / 2; at < packed.size() / 2 + 64; ++at)
    packed[at] = static_cast<char>(~packed[at]);
  write(packed);
  EXPECT_GT(read_all().size(), 1000U);
  ASSERT_TRUE(error_);
  EXPECT_THAT(error_->message, HasSubstr("damaged"));
}

TEST_F(FileSourceTest, ALineMayBeMuchLongerThanABlock) {
  const std::string longer(20'000'000, 'z');
  options_.block_bytes = 4096;
  write("{}\n" + longer + "\r\n[]\n");
  EXPECT_THAT(read_all(), ElementsAre(Line{"0", "{}"}, Line{"3", longer}, Line{"20000005", "[]"}));
}

TEST_F(FileSourceTest, ALineOverTheLimitStopsAfterTheLinesBeforeIt) {
  options_.max_record_bytes = 10;
  for (const size_t block_bytes : {size_t{1}, size_t{8}, size_t{64}, size_t{1} << 20}) {
    options_.block_bytes = block_bytes;
    for (const std::string end : {"", "\n", "\r\n", "\n{}\n"}) {
      error_.reset();
      write("{}\n0123456789\r\n01234567890" + end);
      EXPECT_THAT(read_all(), ElementsAre(Line{"0", "{}"}, Line{"3", "0123456789"}));
      ASSERT_TRUE(error_);
      EXPECT_EQ(error_->message,
                "file:" + options_.path +
                    ": the line at byte 15 is longer than 10 bytes. Raise --max-record-bytes or repair "
                    "the line; nothing from there on was read.");
    }
  }
}

TEST_F(FileSourceTest, ManyLinesComeInWholeStepsAndTheRestAfterThem) {
  write(varied_lines(1300) + "\n\n");
  const std::vector<Line> lines = read_all();
  EXPECT_THAT(block_records_, ElementsAre(1024U, 276U));
  ASSERT_EQ(lines.size(), 1300U);
  EXPECT_THAT(lines.back().bytes, HasSubstr("\"n\":1299,"));
  restart();
  pull_to_end();
  EXPECT_THAT(lines_, IsEmpty());
}

TEST_F(FileSourceTest, ABlockOfExactlyOneStepMoreIsGivenWhole) {
  write(varied_lines(1024));
  EXPECT_EQ(read_all().size(), 1024U);
  EXPECT_THAT(block_records_, ElementsAre(1024U));
}

TEST_F(FileSourceTest, ManyLinesBeforeOneOverTheLimitAreAllRead) {
  options_.max_record_bytes = 200;
  for (const std::string end : {"", "\n", "\n{}\n"}) {
    error_.reset();
    write(varied_lines(1300) + std::string(300, 'x') + end);
    EXPECT_EQ(read_all().size(), 1300U);
    ASSERT_TRUE(error_);
    EXPECT_THAT(error_->message, HasSubstr("is longer than 200 bytes"));
  }
}

TEST_F(FileSourceTest, ALineOfExactlyTheLimitIsFineWithAnyEnd) {
  options_.max_record_bytes = 10;
  options_.block_bytes = 4;
  for (const std::string end : {"", "\r", "\n", "\r\n"}) {
    write("0123456789" + end);
    EXPECT_THAT(read_all(), ElementsAre(Line{"0", "0123456789"}));
    EXPECT_FALSE(error_);
  }
}

TEST_F(FileSourceTest, AStoppedRunContinuesAfterAnyBlock) {
  const std::string text = varied_lines(200, "\r\n") + "{\"last\":1}";
  for (const std::string& bytes : {text, gzip(text), zstd(text)}) {
    write(bytes);
    options_.block_bytes = 256;
    options_.saved.clear();
    lines_.clear();
    blocks_ = 0;
    const std::vector<Line> expected = read_all();
    const size_t blocks = blocks_;
    ASSERT_GT(blocks, 20U);
    for (size_t stop = 0; stop <= blocks; ++stop) {
      options_.saved.clear();
      saved_.clear();
      lines_.clear();
      blocks_ = 0;
      open();
      for (size_t pulls = 0; pulls < stop; ++pulls) pull();
      restart();
      pull_to_end();
      ASSERT_EQ(lines_, expected) << "stopped after " << stop << " blocks";
      EXPECT_EQ(notices_.size(), stop > 0 ? 1U : 0U);
    }
  }
}

TEST_F(FileSourceTest, AFinishedFileGivesNothingMoreUntilItGrows) {
  write("{\"a\":1}\n");
  open();
  pull_to_end();
  restart();
  pull_to_end();
  EXPECT_THAT(texts(), ElementsAre("{\"a\":1}"));
  append("{\"b\":2}\n");
  restart();
  pull_to_end();
  EXPECT_THAT(lines_, ElementsAre(Line{"0", "{\"a\":1}"}, Line{"8", "{\"b\":2}"}));
  EXPECT_EQ(shards_.size(), 1U);
}

TEST_F(FileSourceTest, AnotherFileAtThePathIsReadFromItsStartAsAnotherShard) {
  write("{\"a\":1}\n{\"a\":2}\n");
  open();
  pull_to_end();
  for (const std::string other : {"{\"b\":1}\n{\"a\":2}\n{\"c\":3}\n", "{\"b\":1}\n", ""}) {
    write(other);
    lines_.clear();
    restart();
    pull_to_end();
    EXPECT_EQ(lines_.size(), static_cast<size_t>(std::count(other.begin(), other.end(), '\n')));
    EXPECT_THAT(notices_, ElementsAre(HasSubstr("is not the file that was read before")));
  }
  EXPECT_EQ(shards_.size(), 3U) << "the empty file gave no block";
  // The third file is the one to continue with, not the first.
  write("{\"b\":1}\n{\"d\":4}\n");
  lines_.clear();
  restart();
  pull_to_end();
  EXPECT_THAT(lines_, ElementsAre(Line{"8", "{\"d\":4}"}));
}

TEST_F(FileSourceTest, AFileThatWasPackedMeanwhileIsTheSameStream) {
  write(varied_lines(100));
  options_.block_bytes = 1000;
  open();
  pull();
  const size_t before = lines_.size();
  write(gzip(varied_lines(100)));
  restart();
  pull_to_end();
  EXPECT_GT(before, 0U);
  EXPECT_EQ(lines_.size(), 100U);
}

TEST_F(FileSourceTest, ALastLineThatIsFinishedLaterIsNeitherRepeatedNorCutInTwo) {
  write("{}\n{\"a\":");
  open();
  pull_to_end();
  append("");
  restart();
  pull_to_end();
  EXPECT_THAT(lines_, ElementsAre(Line{"0", "{}"}, Line{"3", "{\"a\":"})) << "unchanged: nothing new";
  append("1}\n[]\n");
  restart();
  pull_to_end();
  EXPECT_THAT(lines_,
              ElementsAre(Line{"0", "{}"}, Line{"3", "{\"a\":"}, Line{"3", "{\"a\":1}"}, Line{"11", "[]"}));
}

TEST_F(FileSourceTest, ALastLineThatGetsItsNewlineLaterIsNotRepeated) {
  for (const std::string newline : {"\n", "\r\n"}) {
    write("{}\n{\"a\":1}");
    saved_.clear();
    options_.saved.clear();
    lines_.clear();
    open();
    pull_to_end();
    append(newline + "{\"b\":2}\n");
    restart();
    pull_to_end();
    EXPECT_THAT(texts(), ElementsAre("{}", "{\"a\":1}", "{\"b\":2}"));
  }
}

TEST_F(FileSourceTest, FollowsAFileAsItGrows) {
  options_.follow = true;
  write("{\"a\":1}\n{\"half\"");
  open();
  pull_until_quiet();
  EXPECT_THAT(texts(), ElementsAre("{\"a\":1}"));
  EXPECT_EQ(pull(), Quiet::Later) << "half a line is not a record while more may come";
  append(":2}\r");
  pull_until_quiet();
  append("\n{}\n");
  pull_until_quiet();
  EXPECT_THAT(lines_, ElementsAre(Line{"0", "{\"a\":1}"}, Line{"8", "{\"half\":2}"}, Line{"20", "{}"}));
  restart();
  append("[]\n");
  pull_until_quiet();
  EXPECT_EQ(lines_.size(), 4U);
  EXPECT_EQ(lines_.back(), (Line{"23", "[]"}));
}

TEST_F(FileSourceTest, FollowsAFileThatGrowsByPackedPieces) {
  options_.follow = true;
  for (const auto& pack : {gzip, zstd}) {
    lines_.clear();
    const std::string first = pack("{\"a\":1}\n{\"b\":2}\n");
    write(first.substr(0, first.size() / 2));
    open();
    pull_until_quiet();
    append(first.substr(first.size() / 2));
    pull_until_quiet();
    append(pack("{\"c\":3}\n"));
    pull_until_quiet();
    EXPECT_THAT(texts(), ElementsAre("{\"a\":1}", "{\"b\":2}", "{\"c\":3}"));
    EXPECT_FALSE(error_);
  }
}

TEST_F(FileSourceTest, FollowingAnEmptyFileFindsOutItsFormatLater) {
  options_.follow = true;
  write("");
  open();
  EXPECT_EQ(pull(), Quiet::Later);
  const std::string packed = zstd("{}\n");
  append(packed.substr(0, 2));
  EXPECT_EQ(pull(), Quiet::Later);
  append(packed.substr(2));
  pull_until_quiet();
  EXPECT_THAT(texts(), ElementsAre("{}"));
}

TEST_F(FileSourceTest, AReplacedFileIsFinishedFirstAndThenTheNewOneIsRead) {
  options_.follow = true;
  write("{\"a\":1}\n");
  open();
  pull_until_quiet();
  append("{\"a\":2}\n{\"a\":3}");
  fs::rename(options_.path, folder_ / "orders.1");
  pull_until_quiet();
  EXPECT_EQ(pull(), Quiet::Later) << "moved away and nothing new yet";
  write("{\"b\":1}\n");
  pull_until_quiet();
  pull_until_quiet();
  EXPECT_THAT(texts(), ElementsAre("{\"a\":1}", "{\"a\":2}", "{\"a\":3}", "{\"b\":1}"));
  EXPECT_THAT(notices_, ElementsAre(HasSubstr("was replaced by another file")));
  EXPECT_EQ(shards_.size(), 2U);
  restart();
  append("{\"b\":2}\n");
  pull_until_quiet();
  EXPECT_EQ(lines_.back(), (Line{"8", "{\"b\":2}"}));
}

TEST_F(FileSourceTest, WhatWasWrittenJustBeforeTheReplacementIsReadFromTheOldFile) {
  options_.follow = true;
  write("{\"a\":1}\n");
  open();
  pull_until_quiet();
  append("{\"a\":2}\n");
  fs::rename(options_.path, folder_ / "orders.1");
  write("{\"b\":1}\n");
  pull_until_quiet();
  EXPECT_THAT(texts(), ElementsAre("{\"a\":1}", "{\"a\":2}", "{\"b\":1}"));
  EXPECT_EQ(shards_.size(), 2U);
}

TEST_F(FileSourceTest, AFileCutShortOrRewrittenInPlaceIsReadAgain) {
  options_.follow = true;
  write("{\"a\":1}\n{\"a\":2}\n");
  open();
  pull_until_quiet();
  write("{\"b\":1}\n");
  pull_until_quiet();
  EXPECT_THAT(notices_, ElementsAre(HasSubstr("was cut short")));
  EXPECT_EQ(pull(), Quiet::Later);
  write("{\"c\":1}\n{\"c\":2}\n{\"c\":3}\n");
  pull_until_quiet();
  EXPECT_EQ(notices_.size(), 2U);
  EXPECT_THAT(notices_.back(), HasSubstr("was rewritten"));
  EXPECT_THAT(texts(),
              ElementsAre("{\"a\":1}", "{\"a\":2}", "{\"b\":1}", "{\"c\":1}", "{\"c\":2}", "{\"c\":3}"));
  EXPECT_EQ(shards_.size(), 3U);
}

TEST_F(FileSourceTest, APipeIsReadToItsEndAndIsANewShardEachTime) {
  ASSERT_EQ(::mkfifo(options_.path.c_str(), 0600), 0);
  options_.follow = true;
  std::thread writer([this] { put(options_.path, varied_lines(5000) + "{\"last\":1}", std::ios::out); });
  open();
  pull_to_end();
  writer.join();
  EXPECT_EQ(lines_.size(), 5001U);
  EXPECT_THAT(shard_, StartsWith("pipe:1790000000000000000"));
}

TEST_F(FileSourceTest, StandardInputIsCalledByItsNameAndNotResumed) {
  write(gzip("{\"a\":1}\n{\"b\":2}"));
  const int saved_stdin = ::dup(STDIN_FILENO);
  const int file = ::open(options_.path.c_str(), O_RDONLY);
  ASSERT_EQ(::dup2(file, STDIN_FILENO), STDIN_FILENO);
  ::close(file);
  options_.path = "-";
  open();
  pull_to_end();
  ::dup2(saved_stdin, STDIN_FILENO);
  ::close(saved_stdin);
  EXPECT_THAT(lines_, ElementsAre(Line{"0", "{\"a\":1}"}, Line{"8", "{\"b\":2}"}));
  EXPECT_EQ(shard_, "stdin:1790000000000000000");
}

TEST_F(FileSourceTest, ASlowPipeGivesItsLinesAsTheyComeInSmallBlocks) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe(ends), 0);
  options_.path = "/dev/fd/" + std::to_string(ends[0]);
  open();
  ::close(ends[0]);
  EXPECT_EQ(pull(), Quiet::Later);
  ASSERT_EQ(::write(ends[1], "{}\n[", 4), 4);
  auto pulled = source_->next();
  ASSERT_TRUE(pulled.ok() && pulled.value().block);
  EXPECT_EQ(pulled.value().block->records.size(), 1U);
  EXPECT_LT(pulled.value().block->memory_bytes + pulled.value().block->arena.reserved_bytes(), 1000U);
  EXPECT_EQ(pull(), Quiet::Later);
  ASSERT_EQ(::write(ends[1], "]", 1), 1);
  ::close(ends[1]);
  pull_to_end();
  EXPECT_THAT(lines_, ElementsAre(Line{"3", "[]"}));
}

TEST_F(FileSourceTest, ProgressCountsThePackedBytes) {
  const std::string packed = gzip(varied_lines(50000));
  write(packed);
  open();
  EXPECT_EQ(source_->progress().bytes_total, packed.size());
  pull_to_end();
  EXPECT_EQ(source_->progress().bytes_read, packed.size());
}

TEST_F(FileSourceTest, SaysWhatCannotBeReadAndWhatToDo) {
  EXPECT_EQ(open_error(), "cannot read file:" + options_.path +
                              ": there is no such file. Check the path, or use file:- for standard input.");
  options_.path = folder_;
  EXPECT_EQ(open_error(), "cannot read file:" + options_.path +
                              ": it is a directory. Name a file, for example file:" + options_.path +
                              "/orders.ndjson.");
  options_.path = "";
  EXPECT_THAT(open_error(), HasSubstr("Write file:PATH"));
  options_.path = folder_ / "orders.ndjson";
  write("{}\n");
  options_.path += "/deeper";
  EXPECT_THAT(open_error(), HasSubstr("Not a directory"));
}

TEST_F(FileSourceTest, AnUnreadableFileIsRefused) {
  write("{}\n");
  ASSERT_EQ(::chmod(options_.path.c_str(), 0), 0);
  // Root may read everything, so it becomes nobody for a moment.
  const uid_t me = ::geteuid();
  ASSERT_EQ(::seteuid(me == 0 ? 65534 : me), 0);
  EXPECT_THAT(open_error(), HasSubstr("permission denied"));
  ASSERT_EQ(::seteuid(me), 0);
}

TEST_F(FileSourceTest, APositionOfANewerSluiceIsRefusedNotIgnored) {
  write("{}\n");
  open();
  pull_to_end();
  for (auto& [shard, position] : saved_) position = "v2:whatever";
  options_.saved = {{saved_.begin()->first, saved_.begin()->second}};
  EXPECT_THAT(open_error(), HasSubstr("newer sluice"));
}

TEST_F(FileSourceTest, TwoFilesOfOneNameInTwoFoldersAreTwoShards) {
  write("{}\n");
  open();
  pull_to_end();
  fs::create_directory(folder_ / "b");
  options_.path = folder_ / "b" / "orders.ndjson";
  write("{}\n");
  restart();
  pull_to_end();
  EXPECT_EQ(shards_.size(), 2U);
  // The same file by another way there is the same shard.
  options_.path = folder_ / "b" / ".." / "orders.ndjson";
  restart();
  pull_to_end();
  EXPECT_EQ(shards_.size(), 2U);
}

TEST(FileShard, IsShortPrintableUtf8) {
  EXPECT_THAT(file_shard("/var/data/orders.ndjson", 1),
              ::testing::MatchesRegex("file:orders.ndjson:[0-9a-f]{16}"));
  EXPECT_NE(file_shard("/a/x", 1), file_shard("/a/x", 2));
  EXPECT_NE(file_shard("/a/x", 1), file_shard("/b/x", 1));
  std::string umlauts;
  for (int i = 0; i < 50; ++i) umlauts += "xü";
  for (const std::string& name :
       {umlauts, "x" + umlauts, "y\n\x7f:z" + umlauts, std::string("\xff\xfe"), std::string()}) {
    const std::string shard = file_shard("/dir/" + name, 1);
    EXPECT_LE(shard.size(), 82U);
    EXPECT_TRUE(is_utf8(shard));
    EXPECT_EQ(std::count(shard.begin(), shard.end(), ':'), 2);
    EXPECT_THAT(shard, Not(HasSubstr("\n")));
  }
}

TEST(FilePosition, SurvivesBeingWrittenDown) {
  for (const FilePosition& position :
       {FilePosition{}, FilePosition{UINT64_MAX, 0xFFFFFFFF, UINT32_MAX, OpenLine{7, 1}},
        FilePosition{12, 0xAB, 3, std::nullopt}}) {
    auto again = FilePosition::parse(position.text());
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again.value(), position);
  }
  for (const char* text :
       {"", "v1", "v1:1:00000000:0", "v1:-1:00000000:1", "v1:1:0000000:1", "v1:1:0000000g:1",
        "v1:1:00000000:1:5", "v2:1:00000000:1", "v1:1:00000000:1:5:00000000:9"}) {
    EXPECT_FALSE(FilePosition::parse(text).ok()) << text;
  }
}

}  // namespace
}  // namespace sluice::source
