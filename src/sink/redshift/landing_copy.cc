// LandingRun's part for COPY: which rows go in one file, and its way through S3.
#include <fmt/format.h>

#include <algorithm>

#include "sink/redshift/copy_file.h"
#include "sink/redshift/landing_run.h"

namespace sluice::sink::redshift {
namespace {

// Images in one file of COPY; at least one row. Twice that is in memory at a time.
constexpr size_t kCopyFileBytes = 8U << 20;

}  // namespace

std::optional<LandingRun::Work> LandingRun::next_copy() {
  if (for_copy_.empty()) return std::nullopt;
  Work work;
  work.is_copy = true;
  for (size_t bytes = 0; !for_copy_.empty(); for_copy_.pop_front()) {
    bytes += rows_[for_copy_.front()].image.size();
    if (!work.rows.empty() && bytes > kCopyFileBytes) break;
    work.rows.push_back(for_copy_.front());
  }
  return work;
}

// The file's name is the statement's token, so that the same rows make the same file again.
void LandingRun::build_copy(Work& work) {
  work.csv.clear();
  for (const uint32_t row : work.rows) append_csv_row(work.csv, rows_[row], tables_[rows_[row].table]);
  work.statement = Statement{.sql = work.csv, .parameters = {}};
  work.file = state_.settings.copy_prefix + token_of(work);
  work.statement->sql = copy_statement(
      state_.settings, fmt::format("s3://{}/{}.manifest", state_.settings.copy_bucket, work.file));
}

// Both files are durable in S3 before the statement is submitted.
Result<void> LandingRun::upload(const Work& work) {
  const std::string& bucket = state_.settings.copy_bucket;
  const std::string data = work.file + ".csv.gz";
  const std::string packed = gzip(work.csv);
  out_.counters.sent_bytes += static_cast<int64_t>(packed.size());
  const auto put = [&](const std::string& key, const std::string& body) {
    const int64_t left = std::max<int64_t>(ms_left(), 0);
    return net::retry({.deadline_ms = left, .repeatable = true}, state_.clock, state_.sleeper,
                      [&] { return state_.s3->put(bucket, key, body); });
  };
  TRY(put(data, packed));
  return put(work.file + ".manifest", manifest_of(fmt::format("s3://{}/{}", bucket, data)));
}

// What is left over when this fails is for the bucket's lifecycle rule.
void LandingRun::remove_files(const Work& work) {
  for (const std::string_view end : {".manifest", ".csv.gz"})
    static_cast<void>(state_.s3->remove(state_.settings.copy_bucket, work.file + std::string(end)).ok());
}

}  // namespace sluice::sink::redshift
