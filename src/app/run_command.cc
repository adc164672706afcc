// sluice run: a source into the store, until its end or for good.
#include <fmt/format.h>

#include "app/address.h"
#include "app/commands.h"
#include "app/daemon.h"
#include "app/interrupt.h"
#include "app/options.h"
#include "app/progress.h"
#include "app/report.h"
#include "app/run_source.h"
#include "app/screen.h"
#include "app/store.h"
#include "app/summary.h"
#include "base/log.h"

namespace sluice::app {
namespace {

// What a run has made durable when it ends with an error.
void say_what_is_durable(const pipeline::Snapshot& last) {
  if (!last.final || last.books.read == 0) return;
  fmt::print(stderr, "  What was read before is durable: {}.\n",
             progress_line(last, {}, {.counts_only = true}));
}

Result<RunReport> run(const Options& options, const Destination& to, ProgressMeter& meter,
                      pipeline::Snapshot& last) {
  const std::atomic<bool>& stop = watch_for_interrupts();
  RunWatch watch(system_clock(), options.number("unhealthy_after"));
  const std::unique_ptr<Daemon> daemon = TRY(Daemon::start(options, watch, stop));
  auto catalog = TRY(catalog_of(options));
  const std::unique_ptr<RunSource> from = TRY(RunSource::look(options));
  const auto sink = TRY(open_store(options, to, true, catalog));
  auto saved = TRY(sink->load());
  const auto source = TRY(from->open(std::move(saved.checkpoints)));
  const auto show = [&](const pipeline::Snapshot& snapshot) {
    last = snapshot;
    meter.show(snapshot);
    watch.note(snapshot);
  };
  const auto notice = [&](const std::string& text) {
    if (options.text("log") == "text") return meter.notice(text);
    meter.clear();
    log_info(text);
  };
  const pipeline::Hooks hooks{.progress = show, .notice = notice, .stop = &stop};
  RunReport report;
  report.summary = TRY(
      pipeline::run(*source, *sink, pipeline_options_of(options, std::move(catalog)), system_clock(), hooks));
  report.expired_unread = source->progress().expired_unread;
  report.quarantine = TRY(sink->quarantine_counts());
  report.repeats_in_log =
      TRY(sink->count_repeats(report.summary.oldest_commit_ts_ns, report.summary.newest_commit_ts_ns));
  report.can_skip_repeats = to.kind != Destination::Kind::Redshift;
  report.from = options.text("from");
  report.to = to.kind == Destination::Kind::DuckDb ? options.text("to") : to.shown;
  report.db = to.flag;
  report.seconds = meter.seconds();
  report.now_ns = system_clock().wall_ns();
  report.incomplete_after_ms = options.number("incomplete_after");
  report.strict = options.on("strict");
  report.verbose = options.on("verbose");
  return report;
}

}  // namespace

int run_command(const Options& options) {
  const auto from = source_of(options);
  if (!from.ok()) return misused(from.error());
  const auto start = start_of(options);
  if (!start.ok()) return misused(start.error());
  const auto to = destination_of(options);
  if (!to.ok()) return misused(to.error());
  configure_log(LogLevel::Info, options.text("log") == "json" ? LogFormat::Json : LogFormat::Text);
  ProgressMeter meter(progress_mode(options.text("progress"), is_terminal(stderr)), takes_colour(stderr),
                      options.on("follow"), stderr, system_clock());
  pipeline::Snapshot last;
  const auto report = run(options, to.value(), meter, last);
  meter.clear();
  if (!report.ok()) {
    const int code = cannot(report.error());
    say_what_is_durable(last);
    return code;
  }
  fmt::print("{}", options.on("json") ? summary_json(report.value())
                                      : summary_text(report.value(), takes_colour(stdout)));
  return exit_code_of(report.value());
}

}  // namespace sluice::app
