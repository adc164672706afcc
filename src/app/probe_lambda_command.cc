// sluice probe lambda: what about a function and its mappings can lose changes or stop a shard.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "app/aws_access.h"
#include "app/commands.h"
#include "app/exit_code.h"
#include "app/options.h"
#include "app/output.h"
#include "app/report.h"
#include "aws/json_object.h"
#include "aws/kinesis.h"
#include "aws/lambda.h"
#include "base/clock.h"
#include "lambda/event.h"
#include "lambda/mapping_rules.h"
#include "net/retry.h"

namespace sluice::app {
namespace {

using lambda::Danger;
using lambda::Finding;

constexpr int64_t kPatienceMs = 60'000;

// Something that was looked at, and what was found about it.
struct Looked {
  std::string kind;   // "function", "mapping"
  std::string name;   // a function's name, a mapping's id
  std::string about;  // for a person
  std::vector<Finding> findings;
};

template <typename Attempt>
auto again(const Attempt& attempt) -> decltype(attempt()) {
  net::SystemSleeper sleeper;
  return net::retry({.deadline_ms = kPatienceMs, .repeatable = true}, system_clock(), sleeper, attempt);
}

// What the stream of a mapping says of itself; Refused where this user may not ask.
Result<aws::StreamSummary> stream_of(aws::Session& session, const aws::EventSourceMapping& mapping) {
  const aws::StreamName stream = TRY(aws::parse_stream_name(lambda::stream_arn_of(mapping.source_arn)));
  aws::Kinesis kinesis(session);
  return again([&] { return kinesis.describe(stream); });
}

std::string source_text(const std::string& arn) {
  const size_t last = arn.find_last_of("/:");
  return arn.empty() ? "nothing" : arn.substr(last == std::string::npos ? 0 : last + 1);
}

Looked look_at(const aws::FunctionConfiguration& function) {
  return {"function", function.name,
          fmt::format("{} s, {} MiB, {}", function.timeout_s, function.memory_mib, function.runtime),
          lambda::judge_function(function)};
}

Result<Looked> look_at(aws::Session& session, const aws::EventSourceMapping& mapping) {
  Looked looked{
      "mapping",
      mapping.id,
      fmt::format("from {}, {}", source_text(lambda::stream_arn_of(mapping.source_arn)), mapping.state),
      {}};
  if (!mapping.last_result.empty()) looked.about += ", last result: " + mapping.last_result;
  std::optional<int64_t> retention_hours;
  if (lambda::is_stream(mapping)) {
    const Result<aws::StreamSummary> stream = stream_of(session, mapping);
    if (stream.ok()) {
      retention_hours = stream.value().retention_hours;
      looked.about += fmt::format(", kept for {} h", *retention_hours);
    } else if (stream.error().kind == ErrorKind::Refused) {
      looked.about += ", not known for how long it is kept: " + stream.error().message;
    } else {
      return stream.error();
    }
  }
  looked.findings = lambda::judge_mapping(mapping, retention_hours);
  return looked;
}

Result<std::vector<Looked>> look(const Options& options) {
  const AwsAccess aws = TRY(reach_aws(options, options.text("region")));
  aws::Lambda service(*aws.session);
  const std::string& name = options.text("function");
  const auto function = TRY(again([&] { return service.function(name); }));
  const auto mappings = TRY(again([&] { return service.mappings(name); }));
  std::vector<Looked> all = {look_at(function)};
  for (Finding& finding : lambda::judge_mappings(mappings)) all[0].findings.push_back(std::move(finding));
  for (const aws::EventSourceMapping& mapping : mappings) all.push_back(TRY(look_at(*aws.session, mapping)));
  return all;
}

int64_t count(const std::vector<Looked>& all, Danger danger) {
  int64_t sum = 0;
  for (const Looked& one : all) sum += std::ranges::count(one.findings, danger, &Finding::danger);
  return sum;
}

std::string text_of(const std::vector<Looked>& all) {
  std::string text;
  for (const Looked& one : all) {
    text += fmt::format("{} {}: {}\n", one.kind, one.name, one.about);
    if (one.findings.empty()) text += "  well set\n";
    for (const Finding& finding : one.findings)
      text += fmt::format("  {:<7} {}.\n          {}.\n",
                          finding.danger == Danger::Loss ? "LOSS" : lambda::danger_name(finding.danger),
                          finding.what, finding.remedy);
  }
  return text + fmt::format("{} can lose changes, {} can stop them, {} to consider\n",
                            count(all, Danger::Loss), count(all, Danger::Stall), count(all, Danger::Advice));
}

std::string json_of(const std::vector<Looked>& all) {
  std::string items;
  for (const Looked& one : all) {
    std::string findings;
    for (const Finding& finding : one.findings)
      findings += (findings.empty() ? "" : ",") + aws::JsonObject()
                                                      .text("danger", lambda::danger_name(finding.danger))
                                                      .text("what", finding.what)
                                                      .text("remedy", finding.remedy)
                                                      .done();
    items += (items.empty() ? "" : ",") + aws::JsonObject()
                                              .text("kind", one.kind)
                                              .text("name", one.name)
                                              .text("about", one.about)
                                              .raw("findings", "[" + findings + "]")
                                              .done();
  }
  return aws::JsonObject()
             .number("loss", count(all, Danger::Loss))
             .number("stall", count(all, Danger::Stall))
             .number("advice", count(all, Danger::Advice))
             .raw("looked_at", "[" + items + "]")
             .done() +
         "\n";
}

}  // namespace

int probe_lambda_command(const Options& options) {
  if (!options.has("function"))
    return misused(
        refused("--function is missing: which function? `sluice probe lambda --help` has examples."));
  const auto all = look(options);
  if (!all.ok()) return cannot(all.error());
  Output output = Output::standard_output();
  const auto written = output.write(options.on("json") ? json_of(all.value()) : text_of(all.value()));
  if (!written.ok()) return cannot(written.error());
  if (const auto closed = output.close(); !closed.ok()) return cannot(closed.error());
  return count(all.value(), Danger::Loss) + count(all.value(), Danger::Stall) > 0 ? kNeedsAPerson : kOk;
}

}  // namespace sluice::app
