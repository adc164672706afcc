// sluice emulate and drive: what makes changes of a PostgreSQL database into records.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "app/commands.h"
#include "app/delivery_flags.h"
#include "app/emulation_target.h"
#include "app/exit_code.h"
#include "app/interrupt.h"
#include "app/options.h"
#include "app/report.h"
#include "app/text_width.h"
#include "base/text.h"
#include "emulate/drive.h"
#include "emulate/postgres.h"
#include "emulate/record_out.h"

namespace sluice::app {
namespace {

// An open descriptor to append to; closed at the end unless it is standard output.
class AppendFile {
 public:
  static Result<AppendFile> open(const std::string& path) {
    if (path == "-") return AppendFile(STDOUT_FILENO);
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0) return refused(fmt::format("cannot write to {} (--out): {}.", path, std::strerror(errno)));
    return AppendFile(file);
  }
  AppendFile(AppendFile&& other) noexcept : file_(other.file_) { other.file_ = -1; }
  AppendFile& operator=(AppendFile&&) = delete;
  ~AppendFile() {
    if (file_ > STDERR_FILENO) ::close(file_);
  }
  int descriptor() const { return file_; }

 private:
  explicit AppendFile(int file) : file_(file) {}
  int file_;
};

Result<void> emulate_into(const emulate::PostgresOptions& source, emulate::RecordOut& out) {
  const auto summary = TRY(emulate::emulate_postgres(source, out, watch_for_interrupts()));
  fmt::print(stderr, "sluice: {} changes of {} transactions written as {} records, {} of them repeats.\n",
             with_thousands(summary.changes), with_thousands(summary.transactions),
             with_thousands(summary.delivery.delivered), with_thousands(summary.delivery.repeats));
  return {};
}

// `stream` empty: to the file of --out.
Result<void> emulate(const Options& options, emulate::PostgresOptions source, const std::string& stream) {
  source.notice = [](const std::string& text) { fmt::print(stderr, "sluice: {}\n", printable(text)); };
  source.follow = options.on("follow");
  if (!stream.empty()) {
    const auto target = TRY(StreamTarget::open(stream, options, source.delivery.seed));
    TRY(emulate_into(source, target->out()));
    target->report();
    return {};
  }
  const std::string& path = options.text("out");
  const AppendFile file = TRY(AppendFile::open(path));
  emulate::LinesOut out(file.descriptor(), path == "-" ? "standard output" : path);
  std::signal(SIGPIPE, SIG_IGN);
  return emulate_into(source, out);
}

}  // namespace

int emulate_command(const Options& options) {
  emulate::PostgresOptions source;
  const auto dsn = options.required("postgres");
  if (!dsn.ok()) return misused(dsn.error());
  source.dsn = dsn.value();
  source.slot = options.text("slot");
  if (options.on("drop")) {
    const auto dropped = emulate::drop_emulation(source);
    return dropped.ok() ? kOk : cannot(dropped.error());
  }
  const auto stream = target_stream(options);
  if (!stream.ok()) return misused(stream.error());
  const auto delivery = delivery_of(options);
  if (!delivery.ok()) return misused(delivery.error());
  source.delivery = delivery.value();
  source.oversize_bytes = static_cast<size_t>(options.number("oversize_bytes"));
  const auto done = emulate(options, std::move(source), stream.value());
  return done.ok() ? kOk : cannot(done.error());
}

int drive_command(const Options& options) {
  const auto dsn = options.required("postgres");
  if (!dsn.ok()) return misused(dsn.error());
  const auto summary = emulate::drive({.dsn = dsn.value(),
                                       .rate = static_cast<double>(options.number("rate")),
                                       .seconds = static_cast<double>(options.number("seconds")),
                                       .seed = static_cast<uint64_t>(options.number("seed")),
                                       .schema_only = options.on("schema_only")},
                                      watch_for_interrupts());
  if (!summary.ok()) return cannot(summary.error());
  if (options.on("schema_only")) {
    fmt::print("The shop's tables are there.\n");
    return kOk;
  }
  const emulate::DriveSummary& done = summary.value();
  fmt::print("{} transactions in {}: {} rows inserted, {} updated, {} deleted.\n",
             with_thousands(done.transactions), human_duration(done.seconds), with_thousands(done.inserts),
             with_thousands(done.updates), with_thousands(done.deletes));
  return kOk;
}

}  // namespace sluice::app
