// sluice run: a source into the store, until its end or for good.
#include <fmt/format.h>

#include "app/address.h"
#include "app/commands.h"
#include "app/interrupt.h"
#include "app/options.h"
#include "app/progress.h"
#include "app/report.h"
#include "app/screen.h"
#include "app/store.h"
#include "app/summary.h"
#include "source/file.h"

namespace sluice::app {
namespace {

Result<RunReport> run(const Options& options, const std::string& from, const std::string& to,
                      ProgressMeter& meter) {
  auto catalog = TRY(catalog_of(options));
  const auto sink = TRY(open_store(options, to, true, catalog));
  auto saved = TRY(sink->load());
  const auto source =
      TRY(source::open_file({.path = from,
                             .follow = options.on("follow"),
                             .max_record_bytes = static_cast<size_t>(options.number("max_record_bytes")),
                             .saved = std::move(saved.checkpoints)}));
  const pipeline::Hooks hooks{.progress = [&](const pipeline::Snapshot& snapshot) { meter.show(snapshot); },
                              .notice = [&](const std::string& text) { meter.notice(text); },
                              .stop = &watch_for_interrupts()};
  RunReport report;
  report.summary = TRY(
      pipeline::run(*source, *sink, pipeline_options_of(options, std::move(catalog)), system_clock(), hooks));
  report.quarantine = TRY(sink->quarantine_counts());
  report.from = options.text("from");
  report.to = options.text("to");
  report.db = to;
  report.seconds = meter.seconds();
  report.now_ns = system_clock().wall_ns();
  report.incomplete_after_ms = options.number("incomplete_after");
  report.strict = options.on("strict");
  report.verbose = options.on("verbose");
  return report;
}

}  // namespace

int run_command(const Options& options) {
  const auto from = source_path(options);
  if (!from.ok()) return misused(from.error());
  const auto to = destination_path(options);
  if (!to.ok()) return misused(to.error());
  ProgressMeter meter(progress_mode(options.text("progress"), is_terminal(stderr)), takes_colour(stderr),
                      options.on("follow"), stderr, system_clock());
  const auto report = run(options, from.value(), to.value(), meter);
  meter.clear();
  if (!report.ok()) return cannot(report.error());
  fmt::print("{}", options.on("json") ? summary_json(report.value())
                                      : summary_text(report.value(), takes_colour(stdout)));
  return exit_code_of(report.value());
}

}  // namespace sluice::app
