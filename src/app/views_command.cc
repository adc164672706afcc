// sluice views: the views' text, or the views themselves made anew.
#include <fmt/format.h>

#include "app/address.h"
#include "app/commands.h"
#include "app/exit_code.h"
#include "app/options.h"
#include "app/output.h"
#include "app/report.h"
#include "app/store.h"
#include "base/text.h"

namespace sluice::app {
namespace {

Result<void> print_or_apply(const Options& options, const Destination& place) {
  auto catalog = TRY(catalog_of(options));
  const auto store = TRY(open_store(options, place, false, std::move(catalog)));
  TRY(store->load());
  Output output = Output::standard_output();
  if (!options.on("apply")) {
    for (const std::string& statement : TRY(store->view_statements())) TRY(output.write(statement + ";\n\n"));
    return output.close();
  }
  const int64_t count = TRY(store->refresh_views());
  TRY(output.write(fmt::format("{} view{} made anew in {}.\n", with_thousands(count), count == 1 ? "" : "s",
                               place.shown)));
  return output.close();
}

}  // namespace

int views_command(const Options& options) {
  const auto place = database_of(options);
  if (!place.ok()) return misused(place.error());
  if (options.on("print") && options.on("apply")) {
    return misused(refused("--print and --apply contradict each other; give one of them."));
  }
  const auto done = print_or_apply(options, place.value());
  return done.ok() ? kOk : cannot(done.error());
}

}  // namespace sluice::app
