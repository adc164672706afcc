#include "net/credential_text.h"

#include <simdjson.h>

#include <ctime>

namespace sluice::net {
namespace {

Error bad(const std::string& why) { return malformed("bad-credentials", why); }

Result<Credentials> checked(Credentials credentials, const std::optional<std::string>& expiration) {
  if (credentials.access_key_id.empty()) return bad("AccessKeyId is missing");
  if (credentials.secret_access_key.empty()) return bad("SecretAccessKey is missing");
  if (expiration) {
    const auto expires = parse_utc(*expiration);
    if (!expires) return bad("Expiration is no time like 2026-01-02T03:04:05Z");
    credentials.expires_ns = *expires;
  }
  return credentials;
}

}  // namespace

std::optional<int64_t> parse_utc(std::string_view text) {
  std::tm time{};
  const std::string copy(text);
  const char* rest = ::strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (rest == nullptr) return std::nullopt;
  if (*rest == '.') {
    ++rest;
    while (*rest >= '0' && *rest <= '9') ++rest;
  }
  const std::string_view zone = rest;
  if (zone != "Z" && zone != "+00:00" && zone != "+0000") return std::nullopt;
  const int64_t seconds = ::timegm(&time);
  if (seconds <= 0 || seconds > 9'000'000'000) return std::nullopt;
  return seconds * 1'000'000'000;
}

Result<Credentials> credentials_in_json(const std::string& text) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(text).get(object) != simdjson::SUCCESS) return bad("it is no JSON object");
  const auto member = [&](const char* name) {
    std::string_view value;
    return object[name].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
  };
  // The metadata service says so when the instance's role gives none.
  const std::string code = member("Code");
  if (!code.empty() && code != "Success") return bad("it has the code of a failure");
  Credentials credentials{member("AccessKeyId"), member("SecretAccessKey"), member("Token"), 0};
  if (credentials.session_token.empty()) credentials.session_token = member("SessionToken");
  const std::string expiration = member("Expiration");
  return checked(std::move(credentials),
                 expiration.empty() ? std::nullopt : std::optional<std::string>(expiration));
}

std::string_view xml_text(std::string_view text, std::string_view tag) {
  const std::string open = "<" + std::string(tag) + ">";
  const size_t start = text.find(open);
  if (start == std::string_view::npos) return {};
  const size_t end = text.find("</", start);
  if (end == std::string_view::npos) return {};
  return text.substr(start + open.size(), end - start - open.size());
}

Result<Credentials> credentials_in_xml(std::string_view text) {
  const size_t start = text.find("<Credentials>");
  if (start == std::string_view::npos) return bad("it has no Credentials");
  text = text.substr(start);
  Credentials credentials{std::string(xml_text(text, "AccessKeyId")),
                          std::string(xml_text(text, "SecretAccessKey")),
                          std::string(xml_text(text, "SessionToken")), 0};
  return checked(std::move(credentials), std::string(xml_text(text, "Expiration")));
}

}  // namespace sluice::net
