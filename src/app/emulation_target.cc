#include "app/emulation_target.h"

#include <fmt/format.h>

#include <utility>

#include "app/commands.h"
#include "app/text_width.h"
#include "base/clock.h"
#include "base/text.h"

namespace sluice::app {
namespace {

constexpr std::string_view kScheme = "kinesis:";
constexpr int64_t kLargestRecordKib = 10'240;

}  // namespace

Result<std::string> target_stream(const Options& options) {
  const Value& to = options.value("to");
  const bool has_to = to.origin == Origin::Flag && !to.text.empty();
  const bool has_out = options.has("out");
  if (has_to == has_out) {
    return refused(
        fmt::format("{}: give --out FILE for a file (- is standard output), or --to kinesis:STREAM. "
                    "`sluice {} --help` has examples.",
                    has_to ? "--out and --to were both given" : "where the records go is missing",
                    options.command().words));
  }
  if (has_out) return std::string();
  if (!to.text.starts_with(kScheme) || to.text.size() == kScheme.size())
    return refused(fmt::format("--to is '{}': records of {} go to kinesis:STREAM, a name or an ARN.", to.text,
                               options.command().words));
  const std::string stream = to.text.substr(kScheme.size());
  TRY(KinesisAccess::check(stream, options));
  return stream;
}

StreamTarget::StreamTarget(std::unique_ptr<KinesisAccess> access, emulate::KinesisOutOptions options)
    : access_(std::move(access)), out_(access_->kinesis(), std::move(options), system_clock(), sleeper_) {}

Result<std::unique_ptr<StreamTarget>> StreamTarget::open(const std::string& stream, const Options& options,
                                                         uint64_t seed) {
  auto access = TRY(KinesisAccess::open(stream, options));
  const aws::StreamSummary summary = TRY(access->look("write to"));
  const auto notice = [](const std::string& text) { fmt::print(stderr, "sluice: {}\n", printable(text)); };
  if (summary.max_record_kib < kLargestRecordKib)
    notice(fmt::format(
        "the stream {} takes records up to {}, and Aurora DSQL writes up to 10 MiB; raise it with "
        "aws kinesis update-max-record-size --max-record-size-in-ki-b 10240",
        access->stream().shown(), human_bytes(static_cast<uint64_t>(summary.max_record_kib) << 10)));
  emulate::KinesisOutOptions sending;
  sending.stream = access->stream();
  sending.seed = seed;
  sending.notice = notice;
  return std::unique_ptr<StreamTarget>(new StreamTarget(std::move(access), std::move(sending)));
}

void StreamTarget::report() const {
  const emulate::KinesisOutCounts& counts = out_.counts();
  if (counts.sent_again > 0 || counts.in_doubt > 0)
    fmt::print(stderr,
               "sluice: {} records were not taken at first and sent again; {} may be in the stream twice.\n",
               with_thousands(counts.sent_again), with_thousands(counts.in_doubt));
}

}  // namespace sluice::app
