// The command `sluice`: finds out what is asked for and hands it to one of the functions below.
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <exception>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/exit_code.h"
#include "app/report.h"

namespace sluice::app {
namespace {

struct Performer {
  std::string_view words;
  int (*perform)(const Options& options);
};

constexpr std::array kPerformers = {
    Performer{"run", run_command},
    Performer{"multilang", multilang_command},
    Performer{"query", query_command},
    Performer{"views", views_command},
    Performer{"schema", schema_command},
    Performer{"quarantine list", quarantine_list_command},
    Performer{"quarantine show", quarantine_show_command},
    Performer{"quarantine retry", quarantine_retry_command},
    Performer{"quarantine export", quarantine_export_command},
    Performer{"redrive", redrive_command},
    Performer{"generate", generate_command},
    Performer{"emulate", emulate_command},
    Performer{"drive", drive_command},
    Performer{"catalog read", catalog_read_command},
    Performer{"catalog diff", catalog_diff_command},
    Performer{"catalog learn", catalog_learn_command},
    Performer{"rekey", rekey_command},
    Performer{"verify-current", verify_current_command},
    Performer{"probe redshift", probe_redshift_command},
    Performer{"probe lambda", probe_lambda_command},
    Performer{"config show", config_show_command},
};

int perform(const Options& options) {
  for (const Performer& performer : kPerformers) {
    if (performer.words == options.command().words) return performer.perform(options);
  }
  CHECK(false);
  return kRefused;
}

int answer(const std::vector<std::string>& words, char** variables) {
  auto request = parse_command_line(words);
  if (!request.ok()) return misused(request.error());
  if (const std::string& text = request.value().text_to_print; !text.empty()) {
    fmt::print("{}", text);
    return kOk;
  }
  const auto options = resolve_options(std::move(request).value(), environment_of(variables));
  return options.ok() ? perform(options.value()) : misused(options.error());
}

}  // namespace
}  // namespace sluice::app

int main(int count, char** words, char** variables) {
  using namespace sluice;  // NOLINT(google-build-using-namespace): main stands outside of it
  try {
    const int code = app::answer({words + 1, words + count}, variables);
    if (std::fflush(stdout) != 0 && code == app::kOk) {
      return app::cannot(refused(fmt::format("cannot write to standard output: {}.", std::strerror(errno))));
    }
    return code;
  } catch (const std::bad_alloc&) {
    return app::cannot(
        refused("out of memory. Everything confirmed is durable; lower --batch-bytes or --memory-limit."));
  } catch (const std::exception& error) {
    return app::cannot(refused(
        fmt::format("stopped by a bug of sluice: {}. Everything confirmed is durable.", error.what())));
  }
}
