#include "lambda/object_store.h"

#include <algorithm>

namespace sluice::lambda {
namespace {

// One attempt at most, so that a call that hangs leaves time for another.
constexpr int64_t kAttemptMs = 20'000;

}  // namespace

int64_t S3Objects::left_ms() const {
  return std::max<int64_t>((deadline_ns_ - clock_.steady_ns()) / 1'000'000, 1);
}

aws::S3 S3Objects::s3() const {
  const int64_t timeout_ms = std::min(left_ms(), kAttemptMs);
  return aws::S3(session_, {.read_ms = timeout_ms, .write_ms = timeout_ms});
}

net::RetryPolicy S3Objects::policy() const {
  // Every call may be made twice: the same bytes go to the same key.
  return {.deadline_ms = left_ms(), .first_delay_ms = 50, .max_delay_ms = 2'000, .repeatable = true};
}

Result<void> S3Objects::put(const std::string& key, std::string body) {
  return net::retry(policy(), clock_, sleeper_,
                    [&] { return s3().put(place_.bucket, place_.prefix + key, body); });
}

Result<std::optional<std::string>> S3Objects::get(const std::string& key) {
  return net::retry(policy(), clock_, sleeper_, [&] { return s3().get(place_.bucket, place_.prefix + key); });
}

Result<std::vector<aws::S3Object>> S3Objects::list(const std::string& prefix) {
  std::vector<aws::S3Object> objects = TRY(net::retry(
      policy(), clock_, sleeper_, [&] { return s3().list(place_.bucket, place_.prefix + prefix); }));
  for (aws::S3Object& object : objects) object.key.erase(0, place_.prefix.size());
  return objects;
}

Result<ObjectStore::Page> S3Objects::page(const std::string& prefix, const std::string& after) {
  aws::S3Page found = TRY(net::retry(policy(), clock_, sleeper_, [&] {
    return s3().list_page(place_.bucket, place_.prefix + prefix, after.empty() ? "" : place_.prefix + after);
  }));
  for (aws::S3Object& object : found.objects) object.key.erase(0, place_.prefix.size());
  return Page{std::move(found.objects), found.next_token.empty()};
}

Result<void> S3Objects::remove(const std::string& key) {
  return net::retry(policy(), clock_, sleeper_,
                    [&] { return s3().remove(place_.bucket, place_.prefix + key); });
}

}  // namespace sluice::lambda
