// The threads of the Kinesis source, against a model of the stream and the real clock.
#include "source/kinesis.h"

#include <chrono>
#include <set>
#include <thread>

#include "source/reader_fixture_for_test.h"

namespace sluice::source {
namespace {

using testing::HasSubstr;

class KinesisSourceTest : public testing::Test {
 protected:
  KinesisSourceTest() {
    options_.reader.stream.name = "shop-cdc";
    options_.reader.typed = "kinesis:shop-cdc";
    options_.reader.pace = {.reads_per_second = 5, .bytes_per_second = int64_t{2} << 20, .idle_ms = 200};
  }

  void put(int count, size_t bytes) {
    for (int i = 0; i < count; ++i) {
      std::string data = fmt::format("record {}", put_++);
      data.resize(std::max(bytes, data.size()), '.');
      model_.put(static_cast<size_t>(i), std::move(data));
    }
  }
  void open() { source_ = open_kinesis(client_, options_); }
  // Takes until the end or an error.
  Result<void> drain() {
    while (true) {
      Pull pull = TRY(source_->next());
      if (pull.block) {
        for (const change::RawRecord& record : pull.block->records) landed_.insert(std::string(record.bytes));
      } else if (pull.quiet == Quiet::End) {
        return {};
      }
    }
  }

  KinesisModel model_{system_clock(), 6};
  std::unique_ptr<net::CredentialsProvider> credentials_ = net::fixed_credentials({"id", "secret", {}, 0});
  aws::Session session_{model_, *credentials_, system_clock(),
                        net::EndpointSettings{"eu-west-1", false, false, "http://127.0.0.1:1", {}}};
  aws::Kinesis client_{session_};
  KinesisSourceOptions options_;
  std::unique_ptr<Source> source_;
  int put_ = 0;
  std::set<std::string> landed_;
};

TEST_F(KinesisSourceTest, gives_every_record_of_every_shard_and_then_the_end) {
  put(600, 100);
  model_.split(model_.open_shards()[2]);
  put(600, 100);
  open();
  ASSERT_TRUE(drain().ok());
  EXPECT_EQ(landed_.size(), 1200U);
  EXPECT_EQ(source_->progress().shards.size(), 8U);
  EXPECT_EQ(source_->next().value().quiet, Quiet::End) << "the end stays the end";
}

TEST_F(KinesisSourceTest, gives_what_came_before_an_error_and_then_the_error) {
  put(60, 100);
  std::atomic<int> pages = 0;
  model_.fault = [&](std::string_view operation) -> std::optional<Result<net::HttpResponse>> {
    if (operation == "GetRecords" && ++pages > 6) return KinesisModel::failure(400, "AccessDeniedException");
    return std::nullopt;
  };
  options_.reader.until_end = false;
  open();
  const Result<void> drained = drain();
  ASSERT_FALSE(drained.ok());
  EXPECT_THAT(drained.error().message, HasSubstr("kinesis:GetRecords"));
  EXPECT_EQ(landed_.size(), 60U);
  EXPECT_FALSE(source_->next().ok()) << "the error stays";
}

TEST_F(KinesisSourceTest, reads_no_further_than_stated_while_nobody_takes_the_blocks) {
  put(60, size_t{1} << 20);
  options_.reader.ahead_bytes = size_t{24} << 20;
  open();
  uint64_t read = 0;
  while (source_->progress().bytes_read == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  for (int i = 0; i < 30; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    read = source_->progress().bytes_read;
  }
  EXPECT_LE(read, size_t{24} << 20);
  ASSERT_TRUE(drain().ok());
  EXPECT_EQ(landed_.size(), 60U);
}

TEST_F(KinesisSourceTest, ends_its_threads_with_it_whatever_they_do) {
  for (int i = 0; i < 20; ++i) {
    put(20, 1000);
    open();
    std::this_thread::sleep_for(std::chrono::milliseconds(i));
    source_.reset();
  }
}

}  // namespace
}  // namespace sluice::source
