#include "net/endpoint.h"

#include <algorithm>
#include <array>
#include <optional>

#include "net/instance_metadata.h"
#include "net/shared_config.h"
#include "net/url.h"

namespace sluice::net {
namespace {

struct Partition {
  std::string_view region_prefix;
  std::string_view suffix;
  std::string_view dual_stack_suffix;
};
// The last one is for every Region that no other names.
constexpr std::array<Partition, 3> kPartitions = {
    {{"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
     {"us-gov-", "amazonaws.com", "api.aws"},
     {"", "amazonaws.com", "api.aws"}}};

// A Region becomes part of a host's name, so nothing else may be in it.
bool is_region(std::string_view text) {
  const bool letters = std::all_of(text.begin(), text.end(), [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-';
  });
  return letters && !text.empty() && text.size() < 40 && text.front() != '-' && text.back() != '-';
}

// "redshift-data" as AWS_ENDPOINT_URL_ names it: REDSHIFT_DATA.
std::string capital_name(std::string_view service) {
  if (service == "monitoring") service = "cloudwatch";
  std::string name(service);
  std::transform(name.begin(), name.end(), name.begin(), [](char letter) {
    return letter == '-' ? '_' : static_cast<char>(letter >= 'a' && letter <= 'z' ? letter & ~0x20 : letter);
  });
  return name;
}

bool is_on(const std::optional<std::string>& setting) {
  return setting && same_header_name(*setting, "true");
}

Result<std::string> checked_address(std::string address, const std::string& name) {
  while (address.ends_with('/')) address.pop_back();
  const auto url = parse_url(address);
  if (!url.ok()) return refused("cannot use " + name + ": " + url.error().message + ".");
  if (!url.value().query.empty() || !url.value().user_info.empty())
    return refused("cannot use " + name + ": it may only hold a scheme, a host, a port and a path.");
  return address;
}

// The services that Sluice talks to; a setting for any other is nobody's.
constexpr std::array<std::string_view, 12> kServices = {
    "kinesis", "redshift-data", "redshift-serverless", "dsql", "sts",        "s3",
    "sqs",     "lambda",        "cloudformation",      "iam",  "monitoring", "dynamodb"};

Result<void> read_addresses(const Environment& environment, const SharedConfig& shared,
                            EndpointSettings& to) {
  if (is_on(environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))) return {};
  const std::string profile = profile_name(environment);
  const auto everywhere = environment("AWS_ENDPOINT_URL");
  const auto of_profile = setting_of(shared, profile, "endpoint_url");
  if (everywhere) {
    to.url = TRY(checked_address(*everywhere, "AWS_ENDPOINT_URL"));
  } else if (of_profile) {
    to.url = TRY(checked_address(*of_profile, "endpoint_url of the profile " + profile));
  }
  const auto services = shared.services.find(setting_of(shared, profile, "services").value_or(""));
  for (const std::string_view service : kServices) {
    const std::string capital = capital_name(service);
    const std::string variable = "AWS_ENDPOINT_URL_" + capital;
    if (const auto own = environment(variable)) {
      to.urls[std::string(service)] = TRY(checked_address(*own, variable));
    } else if (!everywhere && services != shared.services.end()) {
      std::string small = capital;
      std::transform(small.begin(), small.end(), small.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
      const auto own_of_profile = services->second.find(small + ".endpoint_url");
      if (own_of_profile != services->second.end())
        to.urls[std::string(service)] = TRY(checked_address(
            own_of_profile->second, small + ".endpoint_url of [services " + services->first + "]"));
    }
  }
  return {};
}

Result<std::string> find_region(const Surroundings& surroundings, const SharedConfig& shared) {
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"})
    if (const auto region = surroundings.environment(variable)) return *region;
  const std::string profile = profile_name(surroundings.environment);
  if (const auto region = setting_of(shared, profile, "region")) return *region;
  const auto of_instance = instance_metadata(surroundings, "/latest/meta-data/placement/region");
  if (of_instance.ok()) return of_instance.value();
  return refused(
      "no AWS Region is known. Looked at: AWS_REGION and AWS_DEFAULT_REGION (not set); region of the "
      "profile " +
      profile + " in " + shared.looked_at + "; the instance (" + of_instance.error().message +
      "). Set AWS_REGION, or give --region.");
}

}  // namespace

Result<std::string> endpoint_url(const EndpointSettings& settings, std::string_view service) {
  if (const auto own = settings.urls.find(std::string(service)); own != settings.urls.end())
    return own->second;
  if (!settings.url.empty()) return settings.url;
  const std::string& region = settings.region;
  if (!is_region(region))
    return refused("the AWS Region is not one: only a-z, 0-9 and - may be in it (AWS_REGION).");
  if (region.find("-iso") != std::string::npos)
    return refused("the addresses of the Region " + region + " are not public. Set AWS_ENDPOINT_URL_" +
                   capital_name(service) + ".");
  const auto* partition = kPartitions.begin();
  while (!region.starts_with(partition->region_prefix)) ++partition;
  // Aurora DSQL has but the one kind of address.
  const bool dual_stack = settings.dual_stack || service == "dsql";
  std::string host(service);
  if (settings.fips) host += "-fips";
  if (service == "s3" && dual_stack) host += ".dualstack";
  const std::string_view suffix =
      dual_stack && service != "s3" ? partition->dual_stack_suffix : partition->suffix;
  return "https://" + host + "." + region + "." + std::string(suffix);
}

Result<EndpointSettings> endpoint_settings(const Surroundings& surroundings, const std::string& region) {
  const Environment& environment = surroundings.environment;
  const SharedConfig shared = TRY(read_shared_config(environment));
  const std::string profile = profile_name(environment);
  const auto either = [&](const char* variable, const char* setting) {
    const auto value = environment(variable);
    return is_on(value ? value : setting_of(shared, profile, setting));
  };
  EndpointSettings settings;
  settings.fips = either("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
  settings.dual_stack = either("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
  TRY(read_addresses(environment, shared, settings));
  settings.region = region.empty() ? TRY(find_region(surroundings, shared)) : region;
  if (!is_region(settings.region))
    return refused("the AWS Region is not one: only a-z, 0-9 and - may be in it (AWS_REGION).");
  return settings;
}

}  // namespace sluice::net
