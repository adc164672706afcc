#include "app/catalog_source.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "app/aws_access.h"
#include "aws/s3.h"
#include "base/clock.h"
#include "base/text.h"
#include "net/retry.h"

namespace sluice::app {
namespace {

constexpr std::string_view kS3 = "s3://";
constexpr std::string_view kToml = "toml:";
constexpr std::string_view kGzip = "gzip:";
// A cluster's tables are some hundred kilobytes; more is no catalog, or a bomb.
constexpr size_t kMostBytes = size_t{64} << 20;
constexpr int64_t kCommandPatienceMs = 30'000;

bool is_object(const std::string& text) { return text.starts_with(kS3); }
bool is_inline(const std::string& text) { return text.starts_with(kToml) || text.starts_with(kGzip); }

Result<std::string> unpacked(std::string packed, const std::string& where) {
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return refused("zlib cannot be started.");
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  int state = Z_OK;
  while (state == Z_OK && text.size() < kMostBytes) {
    const size_t had = text.size();
    text.resize(had + (size_t{64} << 10));
    stream.next_out = reinterpret_cast<Bytef*>(text.data() + had);
    stream.avail_out = static_cast<uInt>(text.size() - had);
    state = inflate(&stream, Z_NO_FLUSH);
    text.resize(text.size() - stream.avail_out);
  }
  const bool is_whole = state == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  if (is_whole) return text;
  return refused(
      fmt::format("{}: what stands behind gzip: is not the whole of one gzip file. Make it with `gzip -9c "
                  "FILE | base64 -w0`.",
                  where));
}

Result<std::string> inline_text(const Value& value) {
  if (value.text.starts_with(kToml)) return value.text.substr(kToml.size());
  std::string packed = value.text.substr(kGzip.size());
  std::erase_if(packed, [](char c) { return c == ' ' || c == '\n' || c == '\r'; });
  std::optional<std::string> bytes = base64_decode(packed);
  if (!bytes)
    return refused(
        fmt::format("{}: what stands behind gzip: is not base64. Make it with `gzip -9c FILE | base64 -w0`.",
                    value.where));
  return unpacked(*std::move(bytes), value.where);
}

Result<std::string> object_text(const Value& value, aws::Session& session, int64_t patience_ms) {
  const std::string_view place = std::string_view(value.text).substr(kS3.size());
  const size_t slash = place.find('/');
  if (slash == 0 || slash == std::string_view::npos || place.ends_with('/'))
    return refused(fmt::format("{} is '{}': write s3://BUCKET/KEY with the key of the catalog's object.",
                               value.where, value.text));
  const auto bucket = place.substr(0, slash);
  const auto key = place.substr(slash + 1);
  net::SystemSleeper sleeper;
  const aws::S3::Timeouts timeouts{.read_ms = std::max<int64_t>(patience_ms / 2, 1)};
  const auto read =
      net::retry({.deadline_ms = patience_ms, .first_delay_ms = 100, .repeatable = true}, system_clock(),
                 sleeper, [&] { return aws::S3(session, timeouts).get(bucket, key); });
  if (!read.ok())
    return Error{
        read.error().kind, read.error().reason,
        fmt::format("{}: the catalog {} cannot be read: {}", value.where, value.text, read.error().message)};
  if (!read.value())
    return refused(
        fmt::format("{}: there is no object {}. Put the file there that `sluice catalog read` writes.",
                    value.where, value.text));
  return *read.value();
}

Result<std::optional<catalog::Catalog>> catalog_from_here(const Options& options) {
  const Value& value = options.value("catalog");
  if (value.text.empty()) return std::optional<catalog::Catalog>();
  if (!is_inline(value.text)) return std::optional<catalog::Catalog>(TRY(catalog::read_file(value.text)));
  const std::string text = TRY(inline_text(value));
  return std::optional<catalog::Catalog>(TRY(catalog::parse_toml(text, value.where)));
}

}  // namespace

std::string catalog_name(const Options& options) {
  const Value& value = options.value("catalog");
  return is_inline(value.text) ? value.where : value.text;
}

Result<std::optional<catalog::Catalog>> catalog_of(const Options& options, aws::Session& session,
                                                   int64_t patience_ms) {
  const Value& value = options.value("catalog");
  if (!is_object(value.text)) return catalog_from_here(options);
  const std::string text = TRY(object_text(value, session, patience_ms));
  return std::optional<catalog::Catalog>(TRY(catalog::parse_toml(text, value.text)));
}

Result<std::optional<catalog::Catalog>> catalog_of(const Options& options) {
  if (!is_object(options.text("catalog"))) return catalog_from_here(options);
  const AwsAccess aws = TRY(reach_aws(options, options.text("region")));
  return catalog_of(options, *aws.session, kCommandPatienceMs);
}

}  // namespace sluice::app
