#include "app/run_source.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/units.h"
#include "source/file.h"
#include "source/kinesis.h"

namespace sluice::app {
Result<source::StartPosition> start_of(const Options& options) {
  using Place = source::ShardPosition::Kind;
  const Value& value = options.value("start");
  if (value.text == "trim-horizon") return source::StartPosition{Place::TrimHorizon, 0};
  if (value.text == "latest") return source::StartPosition{Place::Latest, 0};
  if (value.text.starts_with("at:")) {
    if (const auto time_ms = parse_time_ms(std::string_view(value.text).substr(3)))
      return source::StartPosition{Place::At, *time_ms};
  }
  return refused(
      fmt::format("{} is '{}'; it takes trim-horizon, latest, or at: and a time with its zone, for "
                  "example at:2026-09-21T14:00:00Z.",
                  value.where, value.text));
}

Result<std::unique_ptr<RunSource>> RunSource::look(const Options& options) {
  std::unique_ptr<RunSource> from(new RunSource(options));
  from->address_ = TRY(source_of(options));
  if (from->address_.kind == SourceAddress::Kind::File) {
    TRY(from->look_at_file());
  } else {
    TRY(from->look_at_stream());
  }
  return from;
}

// Pipes are not opened twice.
Result<void> RunSource::look_at_file() const {
  const std::string& path = address_.place;
  std::error_code failed;
  const auto status = std::filesystem::status(path, failed);
  const bool may_look = !std::filesystem::exists(status) || std::filesystem::is_regular_file(status) ||
                        std::filesystem::is_directory(status);
  if (path != "-" && may_look) TRY(source::open_file({.path = path, .saved = {}}));
  return {};
}

Result<void> RunSource::look_at_stream() {
  start_ = TRY(start_of(options_));
  kinesis_ = TRY(KinesisAccess::open(address_.place, options_));
  // Whatever may pass is no reason not to begin: the reader tries for as long as it takes.
  const auto summary = kinesis_->look("read");
  if (!summary.ok() && summary.error().kind == ErrorKind::Refused) return summary.error();
  return {};
}

Result<std::unique_ptr<source::Source>> RunSource::open(std::vector<change::Checkpoint> saved) {
  if (address_.kind == SourceAddress::Kind::File) {
    return source::open_file({.path = address_.place,
                              .follow = options_.on("follow"),
                              .max_record_bytes = static_cast<size_t>(options_.number("max_record_bytes")),
                              .saved = std::move(saved)});
  }
  source::KinesisSourceOptions reading;
  reading.reader.stream = kinesis_->stream();
  reading.reader.typed = fmt::format("kinesis:{}", kinesis_->stream().shown());
  reading.reader.start = start_;
  reading.reader.until_end = !options_.on("follow");
  reading.reader.ahead_bytes = static_cast<size_t>(options_.number("read_ahead"));
  reading.reader.saved = std::move(saved);
  return source::open_kinesis(kinesis_->kinesis(), std::move(reading));
}

}  // namespace sluice::app
