// parse_shared_file over any bytes, as both kinds of file, and the two parsers of credentials. Whatever is
// accepted has no line end in a name or a value; an error never repeats a word of the text.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "net/credential_text.h"
#include "net/shared_config.h"
#include "net/url.h"

namespace {

using namespace sluice;

void check_settings(const std::map<std::string, net::Settings>& sections) {
  for (const auto& [section, settings] : sections) {
    CHECK(section.find('\n') == std::string::npos);
    for (const auto& [name, value] : settings) {
      CHECK(!name.empty() && name.find('\n') == std::string::npos);
      CHECK(value.find('\n') == std::string::npos);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const net::SharedFile kind : {net::SharedFile::Config, net::SharedFile::Credentials}) {
    net::SharedConfig config;
    const auto parsed = net::parse_shared_file(text, kind, config);
    check_settings(config.profiles);
    check_settings(config.services);
    CHECK(parsed.ok() ||
          (parsed.error().kind == ErrorKind::Refused && parsed.error().message.starts_with("line ")));
  }
  const auto json = net::credentials_in_json(text);
  CHECK(!json.ok() || !json.value().secret_access_key.empty());
  const auto xml = net::credentials_in_xml(text);
  CHECK(!xml.ok() || !xml.value().access_key_id.empty());
  const auto url = net::parse_url(text);
  if (url.ok()) {
    CHECK(!url.value().host.empty() && url.value().port != 0);
    CHECK(url.value().target().find_first_of(" \r\n") == std::string::npos);
  }
  CHECK(net::percent_decode(net::percent_encode(text)) == text);
  return 0;
}
