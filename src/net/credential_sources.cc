#include "net/credential_sources.h"

#include <array>
#include <utility>

#include "net/credential_process.h"
#include "net/credential_text.h"
#include "net/instance_metadata.h"
#include "net/sts.h"
#include "net/url.h"

namespace sluice::net {
namespace {

constexpr int kMaxProfiles = 5;  // that lead to one another by source_profile
constexpr int64_t kContainerTimeoutMs = 2000;

std::string without_line_end(std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

Result<Credentials> by_web_identity(const Surroundings& surroundings, const std::string& token_file,
                                    const Role& role) {
  const std::string token = without_line_end(TRY(read_small_file(token_file)));
  if (token.empty()) return refused("cannot assume the role " + role.arn + ": " + token_file + " is empty.");
  return assume_role_with_web_identity(surroundings, role, token);
}

// Follows source_profile from profile to profile.
class ProfileReader {
 public:
  ProfileReader(const Surroundings& surroundings, const SharedConfig& shared)
      : surroundings_(surroundings), shared_(shared) {}

  Result<FoundCredentials> read(const std::string& profile, int depth = 0) const {
    if (depth >= kMaxProfiles)
      return refused("the profile " + profile + " leads round in circles by source_profile.");
    if (const auto arn = setting(profile, "role_arn")) return by_role(profile, *arn, depth);
    if (auto keys = TRY(own_keys(profile))) return keys;
    if (setting(profile, "sso_session") || setting(profile, "sso_start_url") ||
        setting(profile, "login_session"))
      return refused("not supported: the profile " + profile +
                     " logs in by a browser. Put what `aws configure export-credentials --profile " +
                     profile + " --format env` prints into the environment.");
    const auto command = setting(profile, "credential_process");
    if (!command) return FoundCredentials();
    const auto printed = run_credential_process(*command);
    const std::string what = "cannot use the credential_process of the profile " + profile + ": ";
    if (!printed.ok()) return refused(what + printed.error().message + ".");
    auto credentials = credentials_in_json(printed.value());
    if (!credentials.ok()) return refused(what + "of what it prints " + credentials.error().message + ".");
    return FoundCredentials(std::move(credentials).value());
  }

 private:
  std::optional<std::string> setting(const std::string& profile, const char* name) const {
    return setting_of(shared_, profile, name);
  }

  Result<FoundCredentials> own_keys(const std::string& profile) const {
    const auto id = setting(profile, "aws_access_key_id");
    const auto secret = setting(profile, "aws_secret_access_key");
    if (!id && !secret) return FoundCredentials();
    if (!id || !secret)
      return refused("the profile " + profile +
                     " has only one of aws_access_key_id and aws_secret_access_key.");
    return FoundCredentials(Credentials{*id, *secret, setting(profile, "aws_session_token").value_or(""), 0});
  }

  Result<FoundCredentials> by_role(const std::string& profile, const std::string& arn, int depth) const {
    if (setting(profile, "mfa_serial"))
      return refused("not supported: the role of the profile " + profile +
                     " wants a code from a device (mfa_serial).");
    Role role{.arn = arn,
              .session_name = setting(profile, "role_session_name").value_or("sluice"),
              .external_id = setting(profile, "external_id").value_or("")};
    if (const auto token_file = setting(profile, "web_identity_token_file"))
      return FoundCredentials(TRY(by_web_identity(surroundings_, *token_file, role)));
    FoundCredentials source;
    if (const auto other = setting(profile, "source_profile")) {
      // A role may be assumed with the keys that stand next to it.
      source = *other == profile ? TRY(own_keys(profile)) : TRY(read(*other, depth + 1));
      if (!source)
        return refused("the profile " + *other + " (source_profile of " + profile + ") has no credentials.");
    } else if (const auto place = setting(profile, "credential_source")) {
      source = TRY(from_place(*place, profile));
      if (!source)
        return refused("there are no credentials at " + *place + " (credential_source of the profile " +
                       profile + ").");
    } else {
      return refused("the profile " + profile +
                     " has role_arn but neither source_profile, credential_source nor "
                     "web_identity_token_file.");
    }
    return FoundCredentials(TRY(assume_role(surroundings_, role, *source)));
  }

  Result<FoundCredentials> from_place(const std::string& place, const std::string& profile) const {
    std::string why;
    if (place == "Environment") return credentials_of_environment(surroundings_);
    if (place == "EcsContainer") return credentials_of_container(surroundings_);
    if (place == "Ec2InstanceMetadata") return credentials_of_instance(surroundings_, why);
    return refused("credential_source of the profile " + profile +
                   " must be Environment, EcsContainer or Ec2InstanceMetadata.");
  }

  const Surroundings& surroundings_;
  const SharedConfig& shared_;
};

bool may_hold_credentials(const Url& url) {
  static constexpr std::array<std::string_view, 6> kHosts = {
      "localhost", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23", "fd00:ec2:0:0:0:0:0:23"};
  if (url.tls) return true;
  for (const std::string_view host : kHosts)
    if (url.host == host) return true;
  return url.host.starts_with("127.") && url.host.find_first_not_of("0123456789.") == std::string::npos;
}

// The header that some containers want: out of a file, read anew each time because it is replaced.
Result<std::string> container_authorization(const Environment& environment) {
  std::string token;
  if (const auto file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    token = without_line_end(TRY(read_small_file(*file)));
  } else {
    token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
  }
  if (token.find_first_of("\r\n") != std::string::npos)
    return refused("the container's authorization token has a line end in it.");
  return token;
}

}  // namespace

Result<FoundCredentials> credentials_of_environment(const Surroundings& surroundings) {
  const auto id = surroundings.environment("AWS_ACCESS_KEY_ID");
  const auto secret = surroundings.environment("AWS_SECRET_ACCESS_KEY");
  if (!id && !secret) return FoundCredentials();
  if (!id || !secret)
    return refused("only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set. Set both or none.");
  return FoundCredentials(
      Credentials{*id, *secret, surroundings.environment("AWS_SESSION_TOKEN").value_or(""), 0});
}

Result<FoundCredentials> credentials_of_web_identity(const Surroundings& surroundings) {
  const auto file = surroundings.environment("AWS_WEB_IDENTITY_TOKEN_FILE");
  const auto arn = surroundings.environment("AWS_ROLE_ARN");
  if (!file || !arn) return FoundCredentials();
  Role role;
  role.arn = *arn;
  role.session_name = surroundings.environment("AWS_ROLE_SESSION_NAME").value_or("sluice");
  return FoundCredentials(TRY(by_web_identity(surroundings, *file, role)));
}

Result<FoundCredentials> credentials_of_profile(const Surroundings& surroundings, const SharedConfig& shared,
                                                const std::string& profile) {
  return ProfileReader(surroundings, shared).read(profile);
}

Result<FoundCredentials> credentials_of_container(const Surroundings& surroundings) {
  const auto relative = surroundings.environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const auto full = surroundings.environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!relative && !full) return FoundCredentials();
  HttpRequest ask{.url = relative ? "http://169.254.170.2" + *relative : *full, .repeatable = true};
  const auto url = parse_url(ask.url);
  if (!url.ok())
    return refused("the container's address for credentials is not one: " + url.error().message + ".");
  if (!may_hold_credentials(url.value()))
    return refused("will not ask " + url.value().host +
                   " for credentials without TLS (AWS_CONTAINER_CREDENTIALS_FULL_URI).");
  const std::string authorization = TRY(container_authorization(surroundings.environment));
  if (!authorization.empty()) ask.headers.push_back({"Authorization", authorization});
  const std::string what =
      "cannot get credentials from the container's endpoint " + url.value().authority() + ": ";
  const auto reply = surroundings.transport->send(ask, kContainerTimeoutMs);
  if (!reply.ok()) return unavailable(what + reply.error().message);
  const std::string status = "it answered with status " + std::to_string(reply.value().status) + ".";
  if (reply.value().status >= 500 || reply.value().status == 429) return unavailable(what + status);
  if (reply.value().status != 200) return refused(what + status);
  auto credentials = credentials_in_json(reply.value().body);
  if (!credentials.ok()) return refused(what + "of what it answered " + credentials.error().message + ".");
  return FoundCredentials(std::move(credentials).value());
}

Result<FoundCredentials> credentials_of_instance(const Surroundings& surroundings, std::string& why) {
  constexpr std::string_view kRoles = "/latest/meta-data/iam/security-credentials/";
  const auto role = instance_metadata(surroundings, kRoles);
  if (!role.ok()) {
    why = role.error().reason == "no-such-metadata" ? "the instance has no role" : role.error().message;
    if (!role.error().reason.empty()) return FoundCredentials();
    return role.error();
  }
  const std::string name = without_line_end(role.value());
  const std::string text = TRY(instance_metadata(surroundings, std::string(kRoles) + percent_encode(name)));
  auto credentials = credentials_in_json(text);
  if (!credentials.ok())
    return unavailable("the metadata service gives no credentials for the role " + name + ": " +
                       credentials.error().message + ".");
  return FoundCredentials(std::move(credentials).value());
}

}  // namespace sluice::net
