#include "net/url.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace sluice::net {
namespace {

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// What may stand in an address: visible ASCII. Anything else would end up in a request line.
bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char letter) { return letter > ' ' && letter < 0x7f; });
}

bool is_host(std::string_view host) {
  return !host.empty() && host.find_first_of("/?#@[]\\%\"<>^`{|}") == std::string_view::npos;
}

std::optional<uint16_t> parse_port(std::string_view text) {
  const auto number = parse_uint64(text);
  if (!number || *number == 0 || *number > 65535) return std::nullopt;
  return static_cast<uint16_t>(*number);
}

// Takes "host", "host:port", "[v6]" or "[v6]:port" apart.
Result<void> parse_authority(std::string_view text, Url& url) {
  std::string_view port;
  std::string_view host = text;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return refused("its [ has no ]");
    host = text.substr(1, end - 1);
    if (host.find(':') == std::string_view::npos) return refused("what is in [] is no IPv6 address");
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return refused("its port is not a number");
  } else if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (!is_host(host)) return refused("it names no host");
  url.host = host;
  std::transform(url.host.begin(), url.host.end(), url.host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  const uint16_t usual = url.tls ? 443 : 80;
  url.port = usual;
  if (!port.empty()) {
    const auto number = parse_port(port.substr(1));
    if (!number) return refused("its port is not a number from 1 to 65535");
    url.port = *number;
  }
  url.default_port = url.port == usual;
  return {};
}

}  // namespace

std::string Url::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (!default_port) text += ":" + std::to_string(port);
  return text;
}

Result<Url> parse_url(std::string_view text) {
  Url url;
  if (text.starts_with("https://")) {
    url.tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return refused("an address must begin with http:// or https://");
  }
  const size_t end = std::min(text.find_first_of("/?#"), text.size());
  std::string_view authority = text.substr(0, end);
  std::string_view rest = text.substr(end);
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    url.user_info = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  if (!is_visible(authority) || !is_visible(rest))
    return refused("an address has a space or a character that must be percent-encoded");
  if (const auto parsed = parse_authority(authority, url); !parsed.ok())
    return refused("the address of " + std::string(authority) + " is not one: " + parsed.error().message);
  rest = rest.substr(0, rest.find('#'));
  const size_t question = rest.find('?');
  url.path = rest.substr(0, question);
  if (url.path.empty()) url.path = "/";
  if (question != std::string_view::npos) url.query = rest.substr(question + 1);
  return url;
}

std::string percent_encode(std::string_view text, bool keep_slashes) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() + 16);
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    const bool plain = (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') ||
                       (letter >= '0' && letter <= '9') || letter == '-' || letter == '.' || letter == '_' ||
                       letter == '~' || (keep_slashes && letter == '/');
    if (plain) {
      out.push_back(letter);
    } else {
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out.push_back(static_cast<char>((high << 4) | low));
        i += 2;
        continue;
      }
    }
    out.push_back(text[i]);
  }
  return out;
}

}  // namespace sluice::net
