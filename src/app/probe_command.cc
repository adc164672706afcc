// sluice probe redshift: what a workgroup really takes, as answers and as settings.
#include <fmt/format.h>

#include <algorithm>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/options.h"
#include "app/output.h"
#include "app/redshift_access.h"
#include "app/redshift_session.h"
#include "app/report.h"
#include "sink/redshift/probe.h"

namespace sluice::app {
namespace {

// As lines of a configuration file.
std::string settings_text(const sink::redshift::ProbeReport& report) {
  std::string text;
  for (const auto& [name, value] : report.settings) {
    const bool number = std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    text += number ? fmt::format("{} = {}\n", name, value) : fmt::format("{} = \"{}\"\n", name, value);
  }
  return text;
}

Result<void> run_probe(const Options& options, const sink::redshift::Settings& settings) {
  const auto session = TRY(RedshiftSession::open(options));
  const auto report =
      TRY(sink::redshift::probe(session->api(), settings, session->clock(), session->sleeper()));
  Output output = Output::standard_output();
  size_t widest = 0;
  for (const auto& line : report.lines) widest = std::max(widest, line.question.size());
  for (const auto& line : report.lines)
    TRY(output.write(fmt::format("# {:<{}}  {}\n", line.question, widest, line.answer)));
  TRY(output.write(settings_text(report)));
  return output.close();
}

}  // namespace

int probe_redshift_command(const Options& options) {
  const auto settings = redshift_settings_of(options);
  if (!settings.ok()) return misused(settings.error());
  const auto done = run_probe(options, settings.value());
  return done.ok() ? kOk : cannot(done.error());
}

}  // namespace sluice::app
