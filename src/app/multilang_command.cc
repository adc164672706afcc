// sluice multilang: one shard from KCL's MultiLangDaemon into a store that several writers share.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "app/address.h"
#include "app/commands.h"
#include "app/exit_code.h"
#include "app/interrupt.h"
#include "app/kinesis_access.h"
#include "app/options.h"
#include "app/report.h"
#include "app/store.h"
#include "base/log.h"
#include "net/retry.h"
#include "source/multilang.h"

namespace sluice::app {
namespace {

// How long a store or a stream that is out of reach is waited for before the process ends, which ends its
// daemon, so that other workers take its shards. The store's own patience in the middle of the work is as
// long.
constexpr net::RetryPolicy kPatience = {
    .deadline_ms = 300'000, .first_delay_ms = 500, .max_delay_ms = 10'000, .repeatable = true};
// So often in a row, without anything landed, another writer may have been first.
constexpr int kMostFenced = 100;

Result<Destination> shared_destination(const Options& options) {
  Destination to = TRY(destination_of(options));
  if (to.kind == Destination::Kind::Postgres) return to;
  return refused(
      fmt::format("{} is '{}': under the MultiLangDaemon every shard has a process of its own, and a DuckDB "
                  "file takes one writer. Write --to postgres:DSN, or read all shards in one process with "
                  "`sluice run --from kinesis:STREAM`.",
                  options.value("to").where, options.text("to")));
}

Result<aws::StreamSummary> describe(KinesisAccess& access, net::Sleeper& sleeper) {
  return (net::retry(kPatience, system_clock(), sleeper,
                     [&] { return access.kinesis().describe(access.stream()); }));
}

// One writer's life: from what the store has to the end of the shard, or until another writer was first.
Result<void> write_shard(const Options& options, const Destination& to, const aws::StreamSummary& stream,
                         const std::optional<catalog::Catalog>& catalog, source::Multilang& source,
                         net::Sleeper& sleeper) {
  const auto sink = TRY(
      net::retry(kPatience, system_clock(), sleeper, [&] { return open_store(options, to, true, catalog); }));
  const sink::SavedState saved = TRY(sink->load());
  // As the ledger of every Sluice names it, so that workers and `sluice run` continue one another.
  const std::string name = source::ledger_stream(stream.name, stream.arn, stream.created_s);
  TRY(source.continue_from(name, stream.retention_hours, saved.checkpoints));
  pipeline::PipelineOptions pipeline_options = pipeline_options_of(options, catalog);
  pipeline_options.look_over_store = false;
  const pipeline::Hooks hooks{
      .progress = {}, .notice = [](const std::string& text) { log_info(text); }, .stop = nullptr};
  const auto summary = TRY(pipeline::run(source, *sink, pipeline_options, system_clock(), hooks));
  const auto shard = summary.shards.empty() ? change::Books() : summary.shards.begin()->second;
  log_info(fmt::format("{}: done. Read {}, landed {}, repeats {}, quarantined {}; {} had landed before.",
                       source.shard_id(), shard.read, shard.landed, shard.repeats, shard.quarantined,
                       source.passed_over()));
  return {};
}

Result<void> serve(const Options& options, const Destination& to, const std::string& stream) {
  // The daemon ends its children by the end of their input. A signal to all of a service's processes must not
  // be quicker; the second one is.
  watch_for_interrupts();
  std::signal(SIGPIPE, SIG_IGN);  // a daemon that is gone is an error of write()
  net::SystemSleeper sleeper;
  const auto catalog = TRY(catalog_of(options));
  const auto access = TRY(KinesisAccess::open(stream, options));
  source::Multilang source({.typed = fmt::format("kinesis:{}", access->stream().shown())}, sleeper);
  if (!TRY(source.begin())) return {};
  const aws::StreamSummary about = TRY(describe(*access, sleeper));
  uint64_t answered = 0;
  for (int fenced = 1;; ++fenced) {
    Result<void> written = write_shard(options, to, about, catalog, source, sleeper);
    if (written.ok() || written.error().reason != "fenced") return written;
    if (source.answered() > answered) fenced = 1;
    answered = source.answered();
    if (fenced == kMostFenced) return written;
    // A lease that moves has two owners for a moment. The store took nothing twice: look at what it has now.
    log_info(fmt::format("{}: another worker wrote this shard; continuing behind it.", source.shard_id()));
    sleeper.sleep_ms(std::min(100 * fenced, 2000));
  }
}

}  // namespace

int multilang_command(const Options& options) {
  const auto to = shared_destination(options);
  if (!to.ok()) return misused(to.error());
  const auto stream = options.required("stream");
  if (!stream.ok()) return misused(stream.error());
  const Result<void> served = serve(options, to.value(), stream.value());
  return served.ok() ? kOk : cannot(served.error());
}

}  // namespace sluice::app
