// ObjectStore: objects by key, shared by every process of the function; S3 behind it.
//
// Strongly consistent, as S3 is: a call that begins after a put() or remove() was answered sees what it did.
// The fragments' correctness rests on exactly that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/s3.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/retry.h"

namespace sluice::lambda {

// Threads: as the implementation says. Errors of every call: those of aws::S3, tried again for as long as
// there is time.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  virtual Result<void> put(const std::string& key, std::string body) = 0;
  virtual Result<std::optional<std::string>> get(const std::string& key) = 0;
  virtual Result<std::vector<aws::S3Object>> list(const std::string& prefix) = 0;
  // A thousand of them at most, beginning behind the key `after`.
  struct Page {
    std::vector<aws::S3Object> objects;
    bool is_last = true;
  };
  virtual Result<Page> page(const std::string& prefix, const std::string& after) = 0;
  virtual Result<void> remove(const std::string& key) = 0;
};

// A place in S3. Threads: one at a time. What it is given outlives it.
class S3Objects final : public ObjectStore {
 public:
  S3Objects(aws::Session& session, aws::S3Place place, const Clock& clock, net::Sleeper& sleeper)
      : session_(session), place_(std::move(place)), clock_(clock), sleeper_(sleeper) {}

  // On the clock's steady time: no call goes on for longer.
  void set_deadline(int64_t deadline_ns) { deadline_ns_ = deadline_ns; }

  Result<void> put(const std::string& key, std::string body) override;
  Result<std::optional<std::string>> get(const std::string& key) override;
  Result<std::vector<aws::S3Object>> list(const std::string& prefix) override;
  Result<Page> page(const std::string& prefix, const std::string& after) override;
  Result<void> remove(const std::string& key) override;

 private:
  int64_t left_ms() const;
  aws::S3 s3() const;
  net::RetryPolicy policy() const;

  aws::Session& session_;
  aws::S3Place place_;
  const Clock& clock_;
  net::Sleeper& sleeper_;
  int64_t deadline_ns_ = 0;
};

}  // namespace sluice::lambda
