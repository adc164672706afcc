#include "net/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "net/url.h"

namespace sluice::net {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kUnsigned = "UNSIGNED-PAYLOAD";

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, 32> digest{};
  unsigned int length = 0;
  const unsigned char* made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &length);
  CHECK(made != nullptr && length == digest.size());
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// RFC 3986, 5.2.4, and several slashes as one, as AWS wants it.
std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  for (size_t start = 1; start <= path.size();) {
    const size_t end = std::min(path.find('/', start), path.size());
    const std::string_view segment = path.substr(start, end - start);
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
    start = end + 1;
  }
  std::string out;
  for (const std::string_view segment : kept) (out += '/') += segment;
  if (out.empty() || path.ends_with('/')) out += '/';
  return out;
}

std::string canonical_path(const Url& url, const Signing& signing) {
  if (signing.path_as_sent) return url.path;
  return percent_encode(without_dot_segments(url.path), true);
}

// Sorted by name, then by value, each encoded anew so that only one spelling exists.
std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (size_t start = 0; start < query.size();) {
    const size_t end = std::min(query.find('&', start), query.size());
    const std::string_view pair = query.substr(start, end - start);
    const size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    if (!pair.empty())
      pairs.emplace_back(percent_encode(percent_decode(pair.substr(0, equals))),
                         percent_encode(percent_decode(value)));
    start = end + 1;
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

// Without white space at the ends, and with one space where there was more.
void append_trimmed(std::string& to, std::string_view value) {
  const size_t start = to.size();
  bool gap = false;
  for (const char letter : value) {
    if (letter == ' ' || letter == '\t' || letter == '\r' || letter == '\n') {
      gap = true;
      continue;
    }
    if (gap && to.size() > start) to += ' ';
    gap = false;
    to += letter;
  }
}

bool may_be_changed_on_the_way(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kNames = {
      "connection", "user-agent", "x-amzn-trace-id", "expect", "transfer-encoding", "authorization"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

struct SignedHeaders {
  std::string canonical;  // "name:value\n" each
  std::string names;      // "host;x-amz-date"
};

SignedHeaders signed_headers(const std::vector<Header>& headers, const std::string& host) {
  std::map<std::string, std::string> values = {{"host", host}};
  for (const Header& header : headers) {
    std::string name = header.name;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    if (name == "host" || may_be_changed_on_the_way(name)) continue;
    const auto [entry, added] = values.try_emplace(name);
    if (!added) entry->second += ',';
    append_trimmed(entry->second, header.value);
  }
  SignedHeaders out;
  for (const auto& [name, value] : values) {
    out.canonical.append(name).append(":").append(value).append("\n");
    if (!out.names.empty()) out.names += ';';
    out.names += name;
  }
  return out;
}

std::string scope_of(const std::string& date, const Signing& signing) {
  return date.substr(0, 8) + "/" + signing.region + "/" + signing.service + "/aws4_request";
}

struct DerivedKey {
  std::string secret;
  std::string scope;
  std::string key;
};

// The same for a day of requests to one service: deriving it costs four times what signing with it does, so
// each thread keeps its last one.
const std::string& derived_key(const std::string& secret, const std::string& date, const Signing& signing) {
  thread_local DerivedKey last;
  std::string scope = scope_of(date, signing);
  if (last.secret == secret && last.scope == scope) return last.key;
  std::string key = hmac_sha256("AWS4" + secret, date.substr(0, 8));
  key = hmac_sha256(key, signing.region);
  key = hmac_sha256(key, signing.service);
  key = hmac_sha256(key, "aws4_request");
  last = {secret, std::move(scope), std::move(key)};
  return last.key;
}

std::string signature_of(const std::string& canonical_request, const std::string& date,
                         const Credentials& credentials, const Signing& signing) {
  const std::string to_sign = std::string(kAlgorithm) + "\n" + date + "\n" + scope_of(date, signing) + "\n" +
                              sha256_hex(canonical_request);
  const std::string signature =
      hmac_sha256(derived_key(credentials.secret_access_key, date, signing), to_sign);
  return hex({reinterpret_cast<const unsigned char*>(signature.data()), signature.size()});
}

}  // namespace

std::string amz_date(int64_t wall_ns) {
  const std::string text = utc_text(wall_ns);  // 2015-08-30T12:36:00.000000000Z
  return text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 5) + text.substr(14, 2) + text.substr(17, 2) +
         "Z";
}

Result<void> sign_headers(HttpRequest& request, const Credentials& credentials, const Signing& signing) {
  const Url url = TRY(parse_url(request.url));
  const std::string date = amz_date(signing.wall_ns);
  const std::string body_hash = sha256_hex(request.body);
  request.headers.push_back({"X-Amz-Date", date});
  if (!credentials.session_token.empty())
    request.headers.push_back({"X-Amz-Security-Token", credentials.session_token});
  if (signing.content_hash_header) request.headers.push_back({"X-Amz-Content-Sha256", body_hash});
  const SignedHeaders headers = signed_headers(request.headers, url.authority());
  const std::string canonical = request.method + "\n" + canonical_path(url, signing) + "\n" +
                                canonical_query(url.query) + "\n" + headers.canonical + "\n" + headers.names +
                                "\n" + body_hash;
  request.headers.push_back(
      {"Authorization", std::string(kAlgorithm) + " Credential=" + credentials.access_key_id + "/" +
                            scope_of(date, signing) + ", SignedHeaders=" + headers.names +
                            ", Signature=" + signature_of(canonical, date, credentials, signing)});
  return {};
}

Result<std::string> presign_url(std::string_view method, const std::string& address,
                                const Credentials& credentials, const Signing& signing, int64_t expires_s,
                                PresignedBody body) {
  Url url = TRY(parse_url(address));
  const std::string date = amz_date(signing.wall_ns);
  std::string query =
      url.query + "&X-Amz-Algorithm=" + std::string(kAlgorithm) +
      "&X-Amz-Credential=" + percent_encode(credentials.access_key_id + "/" + scope_of(date, signing)) +
      "&X-Amz-Date=" + date + "&X-Amz-Expires=" + std::to_string(expires_s) + "&X-Amz-SignedHeaders=host";
  if (!credentials.session_token.empty())
    query += "&X-Amz-Security-Token=" + percent_encode(credentials.session_token);
  query = canonical_query(query);
  const std::string canonical = std::string(method) + "\n" + canonical_path(url, signing) + "\n" + query +
                                "\nhost:" + url.authority() + "\n\nhost\n" +
                                (body == PresignedBody::Unsigned ? std::string(kUnsigned) : sha256_hex(""));
  return std::string(url.tls ? "https://" : "http://") + url.authority() + url.path + "?" + query +
         "&X-Amz-Signature=" + signature_of(canonical, date, credentials, signing);
}

}  // namespace sluice::net
