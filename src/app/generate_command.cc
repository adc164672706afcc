// sluice generate: a change stream from a seed, and the state that it must lead to.
#include <fmt/format.h>

#include "app/commands.h"
#include "app/delivery_flags.h"
#include "app/emulation_target.h"
#include "app/exit_code.h"
#include "app/options.h"
#include "app/output.h"
#include "app/report.h"
#include "base/text.h"
#include "emulate/generator.h"

namespace sluice::app {
namespace {

std::vector<std::string> names_in(const std::string& list) {
  std::vector<std::string> names;
  for (size_t start = 0; start < list.size();) {
    const size_t end = std::min(list.find(',', start), list.size());
    names.push_back(list.substr(start, end - start));
    start = end + 1;
  }
  return names;
}

Result<emulate::GenerateOptions> options_of(const Options& options) {
  TRY(options.required("changes"));
  TRY(target_stream(options));
  const emulate::DeliveryOptions delivery = TRY(delivery_of(options));
  emulate::GenerateOptions out;
  out.seed = delivery.seed;
  out.changes = options.number("changes");
  out.tables = names_in(options.text("tables"));
  out.duplicates = delivery.duplicates;
  out.reorder = delivery.reorder;
  out.poison = options.ratio("poison");
  out.oversize = options.ratio("oversize");
  out.oversize_bytes = static_cast<size_t>(options.number("oversize_bytes"));
  out.preview = options.on("preview");
  out.unusual = options.ratio("unusual");
  out.schema_changes = options.ratio("schema_changes");
  out.updates = options.ratio("updates");
  out.deletes = options.ratio("deletes");
  out.rows_per_table = static_cast<size_t>(options.number("rows"));
  out.most_statements = options.number("statements");
  return out;
}

// Writes everything that `fill` gives to the file of the flag `name`, if that was given.
template <typename Fill>
Result<void> write_file(const Options& options, std::string_view name, const Fill& fill) {
  if (!options.has(name)) return {};
  Output output = TRY(Output::open(options.text(name), "--" + std::string(name)));
  const auto write_line = [&output](std::string_view line) -> Result<void> {
    TRY(output.write(line));
    return output.write("\n");
  };
  TRY(fill(write_line));
  return output.close();
}

// The records themselves, to the stream of --to or the file of --out.
Result<void> write_records(const Options& options, emulate::Generator& generator) {
  using Take = emulate::Generator::Take;
  const std::string stream = TRY(target_stream(options));
  if (stream.empty())
    return write_file(options, "out", [&](const Take& take) { return generator.run(take); });
  const auto target = TRY(StreamTarget::open(stream, options, static_cast<uint64_t>(options.number("seed"))));
  TRY(generator.run([&](std::string_view record) { return target->out().write(record); }));
  TRY(target->out().flush());
  target->report();
  return {};
}

Result<void> generate(const Options& options, emulate::Generator& generator) {
  using Take = emulate::Generator::Take;
  TRY(write_records(options, generator));
  TRY(write_file(options, "truth", [&](const Take& take) { return generator.write_truth(take); }));
  TRY(write_file(options, "catalog_out",
                 [&](const Take& take) { return take(catalog::to_toml(generator.catalog())); }));
  TRY(write_file(options, "summary", [&](const Take& take) { return take(generator.summary().to_json()); }));
  return {};
}

}  // namespace

int generate_command(const Options& options) {
  const auto wanted = options_of(options);
  if (!wanted.ok()) return misused(wanted.error());
  auto generator = emulate::Generator::make(wanted.value());
  if (!generator.ok()) return misused(generator.error());
  const auto done = generate(options, generator.value());
  if (!done.ok()) return cannot(done.error());
  const emulate::GenerateSummary& summary = generator.value().summary();
  fmt::print(stderr,
             "sluice: {} changes as {} records, {} of them repeats and {} broken; {} rows are the truth.\n",
             with_thousands(summary.changes), with_thousands(summary.delivery.delivered),
             with_thousands(summary.delivery.repeats), with_thousands(summary.poison_records),
             with_thousands(summary.truth_rows));
  return kOk;
}

}  // namespace sluice::app
