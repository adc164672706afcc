// Signature Version 4: what AWS believes a request by. Pure functions of their arguments.
//
// The vectors of AWS's own test suite are in sigv4_test.cc. Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http.h"

namespace sluice::net {

// `session_token` is empty for long-term keys. `expires_ns` is wall time; 0 never expires.
struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
  int64_t expires_ns = 0;
};

struct Signing {
  std::string region;
  std::string service;  // the signing name: "kinesis", "redshift-data", "dsql"
  int64_t wall_ns = 0;  // when it is signed, as the server will judge it
  // S3 signs a path as it was sent. Everybody else removes its dot segments and encodes it a second time.
  bool path_as_sent = false;
  // S3 also demands the body's hash as the header X-Amz-Content-Sha256.
  bool content_hash_header = false;
};

// Adds X-Amz-Date, X-Amz-Security-Token (when there is one) and Authorization. Signs Host and every header
// that the request has, but those that a proxy may change (Connection, User-Agent, X-Amzn-Trace-Id, Expect).
// Fails Refused when the url is none.
Result<void> sign_headers(HttpRequest& request, const Credentials& credentials, const Signing& signing);

enum class PresignedBody {
  Empty,     // the hash of no bytes: tokens for DSQL, GET requests
  Unsigned,  // UNSIGNED-PAYLOAD, which only S3 takes
};

// `address` with X-Amz-Algorithm ... X-Amz-Signature in its query: whoever has it may make that one request
// until `expires_s` seconds after signing. It is a credential; do not show it. Signs the header Host only.
Result<std::string> presign_url(std::string_view method, const std::string& address,
                                const Credentials& credentials, const Signing& signing, int64_t expires_s,
                                PresignedBody body = PresignedBody::Empty);

// "20150830T123600Z".
std::string amz_date(int64_t wall_ns);

}  // namespace sluice::net
