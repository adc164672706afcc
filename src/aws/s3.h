// S3: whole objects in and out, one attempt each.
//
// S3 is strongly consistent: what a put() or remove() that was answered has done is seen by every get() and
// list() that begins later, whoever makes them. A put() is all or nothing, and the same put() again does no
// harm, so one of unknown outcome may be repeated. Objects are addressed by path (https://s3.../BUCKET/KEY),
// which every bucket name and every emulator takes.
// Limits: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/session.h"
#include "base/result.h"

namespace sluice::aws {

// A bucket, and what the keys of our objects in it begin with: nothing, or a text that ends in "/".
struct S3Place {
  std::string bucket;
  std::string prefix;

  // s3://BUCKET/PREFIX, for people and for services that read the object.
  std::string url_of(std::string_view key) const;
};
// `text` as the user typed it: s3://BUCKET or s3://BUCKET/PREFIX. Refused when it is none.
Result<S3Place> parse_s3_place(std::string_view text);

struct S3Object {
  std::string key;
  uint64_t bytes = 0;
  int64_t modified_ms = 0;  // since 1970 UTC; when it was last put
};

// One page of a list; for list(), and for tests. Malformed with reason "bad-reply" when it is none.
struct S3Page {
  std::vector<S3Object> objects;
  std::string next_token;  // empty: the last page
};
Result<S3Page> parse_s3_page(std::string_view body);

// Threads: any number at once.
class S3 {
 public:
  struct Timeouts {
    int64_t read_ms = 60'000;
    int64_t write_ms = 60'000;
  };
  explicit S3(Session& session) : session_(session) {}
  S3(Session& session, Timeouts timeouts) : session_(session), timeouts_(timeouts) {}

  // The object is durable with exactly these bytes. At most 5 GiB. OutcomeUnknown: again.
  Result<void> put(std::string_view bucket, std::string_view key, std::string body,
                   std::string_view content_type = "application/octet-stream");
  // Its bytes; nothing when there is no such object. Where the credentials may not list the bucket, S3
  // refuses (AccessDenied) instead of saying that there is none.
  Result<std::optional<std::string>> get(std::string_view bucket, std::string_view key);
  // Its size and time without its bytes; nothing when there is no such object.
  Result<std::optional<S3Object>> head(std::string_view bucket, std::string_view key);
  // Every object whose key begins with `prefix`, in the order of the keys' bytes. Reads every page.
  Result<std::vector<S3Object>> list(std::string_view bucket, std::string_view prefix);
  // The first thousand of them at most, beginning behind the key `after`; the next ones begin behind the last
  // of these, while next_token is not empty.
  Result<S3Page> list_page(std::string_view bucket, std::string_view prefix, std::string_view after);
  // There is no such object afterwards; also when there was none.
  Result<void> remove(std::string_view bucket, std::string_view key);

 private:
  Result<S3Page> ask_page(std::string_view bucket, std::string_view prefix, const std::string& query);

  Session& session_;
  Timeouts timeouts_;
};

}  // namespace sluice::aws
