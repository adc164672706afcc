#include "app/kinesis_access.h"

#include <fmt/format.h>

#include <utility>

#include "net/url.h"

namespace sluice::app {
namespace {

// arn:aws:kinesis:REGION:... ; empty for a name.
std::string region_of(const aws::StreamName& stream) {
  size_t start = 0;
  for (int colons = 0; colons < 3; ++colons) {
    start = stream.arn.find(':', start);
    if (start == std::string::npos) return {};
    ++start;
  }
  return stream.arn.substr(start, stream.arn.find(':', start) - start);
}

}  // namespace

KinesisAccess::KinesisAccess(aws::StreamName stream, AwsAccess aws)
    : stream_(std::move(stream)), aws_(std::move(aws)), kinesis_(*aws_.session) {}

Result<void> KinesisAccess::check(std::string_view text, const Options& options) {
  const std::string of_stream = region_of(TRY(aws::parse_stream_name(text)));
  const Value& region = options.value("region");
  if (!of_stream.empty() && !region.text.empty() && region.text != of_stream) {
    return refused(fmt::format("{} is '{}', but the stream's ARN says {}. Leave one of them out.",
                               region.where, region.text, of_stream));
  }
  const Value& url = options.value("endpoint_url");
  if (!url.text.empty() && !net::parse_url(url.text).ok()) {
    return refused(
        fmt::format("{} is '{}': write http:// or https://, a host and a port.", url.where, url.text));
  }
  return {};
}

Result<std::unique_ptr<KinesisAccess>> KinesisAccess::open(std::string_view text, const Options& options) {
  TRY(check(text, options));
  aws::StreamName stream = TRY(aws::parse_stream_name(text));
  const std::string& asked = options.text("region");
  AwsAccess aws = TRY(reach_aws(options, asked.empty() ? region_of(stream) : asked));
  return std::unique_ptr<KinesisAccess>(new KinesisAccess(std::move(stream), std::move(aws)));
}

Result<aws::StreamSummary> KinesisAccess::look(std::string_view doing) {
  Result<aws::StreamSummary> summary = kinesis_.describe(stream_);
  if (!summary.ok() && summary.error().reason == "ResourceNotFoundException") {
    return refused(
        fmt::format("cannot {} kinesis:{}: there is no stream {} in {}. Check its name, the Region and the "
                    "account.",
                    doing, stream_.shown(), stream_.shown(), region()));
  }
  return summary;
}

}  // namespace sluice::app
