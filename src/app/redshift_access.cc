#include "app/redshift_access.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/s3.h"
#include "sink/redshift/copy_file.h"

namespace sluice::app {
namespace {

constexpr std::string_view kScheme = "redshift:";
constexpr std::string_view kCluster = "cluster:";

// As AWS names workgroups and clusters.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

}  // namespace

bool is_redshift(std::string_view text) { return text.starts_with(kScheme); }

Result<aws::RedshiftPlace> redshift_place_of(std::string_view text, const std::string& where) {
  const auto wrong = [&](std::string_view what) {
    return refused(
        fmt::format("{} is '{}': {} Write redshift:WORKGROUP/DATABASE, or "
                    "redshift:cluster:CLUSTER/DATABASE for a provisioned cluster.",
                    where, text, what));
  };
  if (!is_redshift(text)) return wrong("it names no Redshift.");
  std::string_view rest = text.substr(kScheme.size());
  const bool is_cluster = rest.starts_with(kCluster);
  if (is_cluster) rest.remove_prefix(kCluster.size());
  const size_t slash = rest.find('/');
  aws::RedshiftPlace place;
  if (!is_name(rest.substr(0, slash)))
    return wrong(is_cluster ? "the cluster's name is missing or wrong."
                            : "the workgroup's name is missing or "
                              "wrong.");
  (is_cluster ? place.cluster : place.workgroup) = rest.substr(0, slash);
  if (slash == std::string_view::npos || slash + 1 == rest.size()) return wrong("the database is missing.");
  place.database = rest.substr(slash + 1);
  if (place.database.size() > 127) return wrong("the database's name is too long.");
  return place;
}

Result<sink::redshift::Settings> redshift_settings_of(const Options& options, const std::string& text,
                                                      const std::string& where) {
  sink::redshift::Settings settings;
  settings.place = TRY(redshift_place_of(text, where));
  settings.place.secret_arn = options.text("redshift_secret");
  settings.place.db_user = options.text("redshift_user");
  if (!settings.place.db_user.empty() && !settings.place.workgroup.empty())
    return refused(
        fmt::format("{} is for provisioned clusters; a workgroup takes the AWS identity or "
                    "redshift_secret.",
                    options.value("redshift_user").where));
  settings.schema = options.text("redshift_schema");
  const std::string& shape = options.text("redshift_shape");
  settings.shape = shape == "values" ? sink::redshift::Shape::Values
                   : shape == "copy" ? sink::redshift::Shape::Copy
                                     : sink::redshift::Shape::Packed;
  settings.statement_bytes = options.number("redshift_statement_bytes");
  settings.string_bytes = options.number("redshift_string_bytes");
  settings.value_parameters = options.number("redshift_parameters");
  settings.in_flight = static_cast<int>(options.number("redshift_in_flight"));
  settings.calls_per_second = static_cast<double>(options.number("redshift_calls_per_second"));
  settings.wait_s = options.number("redshift_wait") / 1000;
  if (options.has("redshift_copy")) {
    const auto files = aws::parse_s3_place(options.text("redshift_copy"));
    if (!files.ok())
      return refused(fmt::format("{}: {}", options.value("redshift_copy").where, files.error().message));
    settings.copy_bucket = files.value().bucket;
    settings.copy_prefix = files.value().prefix;
  }
  settings.copy_role = options.text("redshift_copy_role");
  settings.copy_from_bytes = options.number("redshift_copy_bytes");
  TRY(sink::redshift::check_copy_settings(settings));
  return settings;
}

Result<sink::redshift::Settings> redshift_settings_of(const Options& options) {
  return redshift_settings_of(options, TRY(options.required("to")), options.value("to").where);
}

}  // namespace sluice::app
