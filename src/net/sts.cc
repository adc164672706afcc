#include "net/sts.h"

#include <algorithm>

#include "net/credential_text.h"
#include "net/endpoint.h"
#include "net/shared_config.h"
#include "net/url.h"

namespace sluice::net {
namespace {

constexpr int64_t kTimeoutMs = 10'000;

// The metadata service is not asked for the Region: it may be what is slow.
Result<EndpointSettings> settings_of(const Surroundings& surroundings) {
  const Environment& environment = surroundings.environment;
  std::string region = environment("AWS_REGION").value_or(environment("AWS_DEFAULT_REGION").value_or(""));
  if (region.empty()) {
    const SharedConfig shared = TRY(read_shared_config(environment));
    region = setting_of(shared, profile_name(environment), "region").value_or("us-east-1");
  }
  return endpoint_settings(surroundings, region);
}

// Only what a code is made of, so that nothing of a token can be in it.
std::string code_in(const HttpResponse& reply) {
  const std::string_view code = xml_text(reply.body, "Code");
  const bool plain = std::all_of(code.begin(), code.end(), [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '.';
  });
  if (code.empty() || code.size() > 60 || !plain) return "status " + std::to_string(reply.status);
  return std::string(code);
}

Result<Credentials> ask(const Surroundings& surroundings, const Role& role, const std::string& form,
                        const Credentials* source) {
  const EndpointSettings settings = TRY(settings_of(surroundings));
  const std::string endpoint = TRY(endpoint_url(settings, "sts"));
  HttpRequest request{.method = "POST", .url = endpoint + "/", .repeatable = true};
  request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"});
  request.body = form;
  if (source != nullptr)
    TRY(sign_headers(
        request, *source,
        {.region = settings.region, .service = "sts", .wall_ns = surroundings.clock->wall_ns()}));
  const std::string what = "cannot assume the role " + role.arn + ": ";
  const auto reply = surroundings.transport->send(request, kTimeoutMs);
  if (!reply.ok()) {
    const bool again = reply.error().kind != ErrorKind::Refused;
    return Error{again ? ErrorKind::Unavailable : ErrorKind::Refused, {}, what + reply.error().message};
  }
  const std::string code = code_in(reply.value());
  if (reply.value().status >= 500 || reply.value().status == 429 || code.starts_with("Throttl") ||
      code == "IDPCommunicationError")
    return unavailable(what + "STS says " + code + ".");
  if (reply.value().status != 200) return Error{ErrorKind::Refused, code, what + "STS says " + code + "."};
  auto credentials = credentials_in_xml(reply.value().body);
  if (!credentials.ok())
    return unavailable(what + "the reply of STS is not one: " + credentials.error().message + ".");
  return credentials;
}

std::string form_for(const char* action, const Role& role) {
  return std::string("Action=") + action + "&Version=2011-06-15&RoleArn=" + percent_encode(role.arn) +
         "&RoleSessionName=" + percent_encode(role.session_name);
}

}  // namespace

Result<Credentials> assume_role(const Surroundings& surroundings, const Role& role,
                                const Credentials& source) {
  std::string form = form_for("AssumeRole", role);
  if (!role.external_id.empty()) form += "&ExternalId=" + percent_encode(role.external_id);
  return ask(surroundings, role, form, &source);
}

Result<Credentials> assume_role_with_web_identity(const Surroundings& surroundings, const Role& role,
                                                  const std::string& token) {
  const std::string form =
      form_for("AssumeRoleWithWebIdentity", role) + "&WebIdentityToken=" + percent_encode(token);
  return ask(surroundings, role, form, nullptr);
}

}  // namespace sluice::net
