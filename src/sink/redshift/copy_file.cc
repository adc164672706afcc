#include "sink/redshift/copy_file.h"

// zlib does not write to what it reads.
#define ZLIB_CONST
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/json_text.h"
#include "sink/redshift/statement.h"

namespace sluice::sink::redshift {
namespace {

void append_field(std::string& to, std::string_view text) {
  to += '"';
  for (size_t at = 0; at < text.size();) {
    const size_t quote = text.find('"', at);
    to.append(text, at, quote == std::string_view::npos ? quote : quote + 1 - at);
    if (quote == std::string_view::npos) break;
    to += '"';
    at = quote + 1;
  }
  to += '"';
}

bool is_plain(std::string_view text, std::string_view also) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           also.find(c) != std::string_view::npos;
  });
}

}  // namespace

void append_csv_row(std::string& to, const change::Row& row, const change::TableName& table) {
  const auto field = [&to](std::string_view text) {
    append_field(to, text);
    to += ',';
  };
  field(table.schema);
  field(table.table);
  field(row.operation);
  field(row.record_id);
  if (row.image.empty()) {
    to += "\\N,";
  } else {
    field(row.image);
  }
  field(timestamp_text(row.commit_ts_ns));
  field(std::to_string(row.commit_ts_ns));
  if (row.tx_id.empty()) {
    to += "\\N,";
  } else {
    field(row.tx_id);
  }
  field(row.position.shard);
  append_field(to, row.position.sequence);
  to += '\n';
}

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  // 15 bits of window, and 16 for gzip's header instead of zlib's.
  CHECK(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<const Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  CHECK(ended == Z_STREAM_END);
  return out;
}

std::string manifest_of(std::string_view file_url) {
  std::string text = R"({"entries":[{"url":)";
  append_json_string(text, file_url);
  return text + R"(,"mandatory":true}]})";
}

std::string copy_statement(const Settings& settings, std::string_view manifest_url) {
  const std::string role =
      settings.copy_role == "default" ? "default" : fmt::format("'{}'", settings.copy_role);
  return fmt::format(
      "COPY {} (source_schema, source_table, operation, record_id, event_data, commit_timestamp, "
      "commit_ts_ns, "
      "tx_id, shard_id, sequence_number) FROM '{}' IAM_ROLE {} FORMAT AS CSV GZIP MANIFEST TIMEFORMAT 'auto'",
      log_table(settings), manifest_url, role);
}

Result<void> check_copy_settings(const Settings& settings) {
  if (settings.shape == Shape::Copy && settings.copy_bucket.empty())
    return refused(
        "redshift_shape is 'copy', which needs a place for its files: redshift_copy, as "
        "s3://BUCKET/PREFIX.");
  if (!is_plain(settings.copy_bucket, ".-"))
    return refused("the bucket of redshift_copy has a character that no bucket has.");
  if (!is_plain(settings.copy_prefix, "/._-="))
    return refused("the prefix of redshift_copy may have letters, digits and / . _ - = only.");
  if (!is_plain(settings.copy_role, ":/._-=+@,"))
    return refused("redshift_copy_role is neither 'default' nor the ARN of a role.");
  return {};
}

}  // namespace sluice::sink::redshift
