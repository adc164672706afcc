#include "net/proxy.h"

#include <algorithm>

namespace sluice::net {
namespace {

Result<std::optional<Url>> proxy_named(const Environment& environment, const std::string& small,
                                       const std::string& capital) {
  std::string name = small;
  std::optional<std::string> text = environment(small);
  if (!text) {
    name = capital;
    text = environment(capital);
  }
  if (!text) return std::optional<Url>();
  const auto url = parse_url(text->find("://") == std::string::npos ? "http://" + *text : *text);
  if (!url.ok())
    return refused("cannot use the proxy of " + name + ": it is not an address like http://host:port.");
  if (url.value().tls)
    return refused("cannot use the proxy of " + name +
                   ": a proxy that is itself reached by https:// is not supported.");
  return std::optional<Url>(url.value());
}

bool is_link_local_or_loopback(const std::string& host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "::1" ||
         host.starts_with("fd00:ec2:") ||
         ((host.starts_with("127.") || host.starts_with("169.254.")) &&
          host.find_first_not_of("0123456789.") == std::string::npos);
}

bool matches(std::string_view entry, const Url& url) {
  if (entry == "*") return true;
  const size_t colon = entry.rfind(':');
  if (colon != std::string_view::npos && entry.find(':') == colon) {
    if (entry.substr(colon + 1) != std::to_string(url.port)) return false;
    entry = entry.substr(0, colon);
  }
  if (entry.starts_with('.')) entry.remove_prefix(1);
  if (entry.empty()) return false;
  return url.host == entry ||
         (url.host.ends_with(entry) && url.host[url.host.size() - entry.size() - 1] == '.');
}

}  // namespace

Result<ProxySettings> proxy_settings(const Environment& environment) {
  ProxySettings settings;
  settings.for_https = TRY(proxy_named(environment, "https_proxy", "HTTPS_PROXY"));
  settings.for_http = TRY(proxy_named(environment, "http_proxy", "HTTP_PROXY"));
  auto list = environment("no_proxy");
  if (!list) list = environment("NO_PROXY");
  std::string entry;
  for (const char letter : list.value_or("") + ",") {
    if (letter == ',' || letter == ' ' || letter == '\t') {
      if (!entry.empty()) settings.no_proxy.push_back(entry);
      entry.clear();
    } else {
      entry.push_back(letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20) : letter);
    }
  }
  return settings;
}

const Url* proxy_for(const ProxySettings& settings, const Url& url) {
  const std::optional<Url>& proxy = url.tls ? settings.for_https : settings.for_http;
  if (!proxy || is_link_local_or_loopback(url.host)) return nullptr;
  const bool direct = std::any_of(settings.no_proxy.begin(), settings.no_proxy.end(),
                                  [&](const std::string& entry) { return matches(entry, url); });
  return direct ? nullptr : &*proxy;
}

}  // namespace sluice::net
