#include "aws/s3.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/text.h"
#include "net/url.h"

namespace sluice::aws {
namespace {

// Pages of 1,000 keys; a list that goes on for longer than this goes round.
constexpr int kMaxPages = 10'000;

constexpr Operation read(std::string_view name) { return {"s3", name, Effect::Read}; }
constexpr Operation write(std::string_view name) { return {"s3", name, Effect::Write}; }

std::string path_of(std::string_view bucket, std::string_view key) {
  return "/" + net::percent_encode(bucket) + "/" + net::percent_encode(key, true);
}

std::string object_text(std::string_view verb, std::string_view bucket, std::string_view key) {
  return fmt::format("{} s3://{}/{}", verb, bucket, key);
}

bool is_missing(const Error& error) { return error.reason == "NoSuchKey"; }

// What stands between <tag> and </tag>, and moves `text` behind it. Nothing when there is no such element.
std::optional<std::string_view> take_element(std::string_view& text, std::string_view tag) {
  const std::string open = fmt::format("<{}>", tag);
  const std::string close = fmt::format("</{}>", tag);
  const size_t start = text.find(open);
  if (start == std::string_view::npos) return std::nullopt;
  const size_t end = text.find(close, start);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view inside = text.substr(start + open.size(), end - start - open.size());
  text.remove_prefix(end + close.size());
  return inside;
}

std::optional<std::string_view> element(std::string_view text, std::string_view tag) {
  return take_element(text, tag);
}

// The five entities of XML; the keys themselves come percent-encoded.
std::string from_xml(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, char>, 5> kEntities = {
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
  std::string meant;
  while (!text.empty()) {
    const auto* found = std::find_if(kEntities.begin(), kEntities.end(),
                                     [&](const auto& entity) { return text.starts_with(entity.first); });
    meant.push_back(found == kEntities.end() ? text.front() : found->second);
    text.remove_prefix(found == kEntities.end() ? 1 : found->first.size());
  }
  return meant;
}

// "2026-01-02T03:04:05.678Z" in milliseconds since 1970; nothing when it is none.
std::optional<int64_t> iso_ms(std::string_view text) {
  std::tm time{};
  const std::string copy(text);
  const char* rest = ::strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (rest == nullptr) return std::nullopt;
  int64_t ms = int64_t{::timegm(&time)} * 1000;
  if (*rest == '.') {
    int64_t worth = 100;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest, worth /= 10) ms += (*rest - '0') * worth;
  }
  return *rest == 'Z' ? std::optional(ms) : std::nullopt;
}

std::string decoded_key(std::string_view text) {
  std::string key = from_xml(text);
  // S3 writes a space as "+" and a plus as "%2B".
  std::replace(key.begin(), key.end(), '+', ' ');
  return net::percent_decode(key);
}

}  // namespace

std::string S3Place::url_of(std::string_view key) const { return fmt::format("s3://{}/{}", bucket, key); }

Result<S3Place> parse_s3_place(std::string_view text) {
  constexpr std::string_view kScheme = "s3://";
  std::string_view rest = text.starts_with(kScheme) ? text.substr(kScheme.size()) : std::string_view();
  const size_t slash = std::min(rest.find('/'), rest.size());
  S3Place place{std::string(rest.substr(0, slash)),
                std::string(rest.substr(std::min(slash + 1, rest.size())))};
  const bool is_name = place.bucket.size() >= 3 && place.bucket.size() <= 63 &&
                       std::all_of(place.bucket.begin(), place.bucket.end(), [](char letter) {
                         return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
                                letter == '-' || letter == '.';
                       });
  if (!is_name || place.prefix.size() > 512) {
    return refused(
        fmt::format("'{}' is no place in S3: write s3://BUCKET or s3://BUCKET/PREFIX, where the "
                    "bucket's name has 3 to 63 lower-case letters, digits, '.' and '-'.",
                    text));
  }
  if (!place.prefix.empty() && !place.prefix.ends_with('/')) place.prefix += '/';
  return place;
}

Result<S3Page> parse_s3_page(std::string_view body) {
  S3Page page;
  if (!element(body, "IsTruncated")) return bad_reply("it is no list of objects");
  const bool truncated = element(body, "IsTruncated") == "true";
  if (truncated) page.next_token = from_xml(element(body, "NextContinuationToken").value_or(""));
  if (truncated && page.next_token.empty()) return bad_reply("NextContinuationToken is missing");
  while (const auto contents = take_element(body, "Contents")) {
    const auto key = element(*contents, "Key");
    const auto bytes = parse_uint64(element(*contents, "Size").value_or(""));
    const auto modified = iso_ms(element(*contents, "LastModified").value_or(""));
    if (!key || key->empty() || !bytes || !modified)
      return bad_reply("an object lacks Key, Size or LastModified");
    page.objects.push_back({decoded_key(*key), *bytes, *modified});
  }
  return page;
}

Result<void> S3::put(std::string_view bucket, std::string_view key, std::string body,
                     std::string_view content_type) {
  TRY(session_.send(write("PutObject"), object_text("write", bucket, key), "PUT", path_of(bucket, key),
                    {{"Content-Type", std::string(content_type)}}, std::move(body), timeouts_.write_ms));
  return {};
}

Result<std::optional<std::string>> S3::get(std::string_view bucket, std::string_view key) {
  auto reply = session_.send(read("GetObject"), object_text("read", bucket, key), "GET", path_of(bucket, key),
                             {}, {}, timeouts_.read_ms);
  if (!reply.ok() && is_missing(reply.error())) return std::optional<std::string>();
  return std::optional(TRY(std::move(reply)).body);
}

Result<std::optional<S3Object>> S3::head(std::string_view bucket, std::string_view key) {
  // A list of the one key, since the reply to HEAD has no body that says why there is none.
  for (S3Object& object : TRY(list(bucket, key)))
    if (object.key == key) return std::optional(std::move(object));
  return std::optional<S3Object>();
}

Result<std::vector<S3Object>> S3::list(std::string_view bucket, std::string_view prefix) {
  std::vector<S3Object> objects;
  std::string token;
  for (int number = 0; number < kMaxPages; ++number) {
    // In the order of the names, as the signature wants them.
    std::string query;
    if (!token.empty()) query.append("continuation-token=").append(net::percent_encode(token)).append("&");
    query.append("encoding-type=url&list-type=2&prefix=").append(net::percent_encode(prefix));
    S3Page page = TRY(ask_page(bucket, prefix, query));
    std::move(page.objects.begin(), page.objects.end(), std::back_inserter(objects));
    token = std::move(page.next_token);
    if (token.empty()) return objects;
  }
  return unreadable_reply(read("ListObjectsV2"), object_text("list", bucket, prefix),
                          "the list does not end");
}

// The parameters of a query stand in the order of their names.
Result<S3Page> S3::list_page(std::string_view bucket, std::string_view prefix, std::string_view after) {
  std::string query = "encoding-type=url&list-type=2&prefix=" + net::percent_encode(prefix);
  if (!after.empty()) query += "&start-after=" + net::percent_encode(after);
  return ask_page(bucket, prefix, query);
}

Result<S3Page> S3::ask_page(std::string_view bucket, std::string_view prefix, const std::string& query) {
  const Operation operation = read("ListObjectsV2");
  const std::string what = object_text("list", bucket, prefix);
  const auto reply =
      TRY(session_.send(operation, what, "GET", fmt::format("/{}?{}", net::percent_encode(bucket), query), {},
                        {}, timeouts_.read_ms));
  Result<S3Page> parsed = parse_s3_page(reply.body);
  if (!parsed.ok()) return unreadable_reply(operation, what, parsed.error().message);
  return parsed;
}

Result<void> S3::remove(std::string_view bucket, std::string_view key) {
  const auto reply = session_.send(write("DeleteObject"), object_text("remove", bucket, key), "DELETE",
                                   path_of(bucket, key), {}, {}, timeouts_.write_ms);
  if (!reply.ok() && !is_missing(reply.error())) return reply.error();
  return {};
}

}  // namespace sluice::aws
