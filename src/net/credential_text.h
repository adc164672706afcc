// Credentials as their givers write them: JSON from processes, containers and instances, XML from STS.
//
// Every error is Malformed and says which member is missing; none repeats any of the text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/sigv4.h"

namespace sluice::net {

// {"AccessKeyId","SecretAccessKey","Token" or "SessionToken","Expiration"}; the last two may be missing or
// null.
Result<Credentials> credentials_in_json(const std::string& text);
// The first <Credentials> of an STS reply.
Result<Credentials> credentials_in_xml(std::string_view text);
// The text between <tag> and the next tag's end; empty when there is none.
std::string_view xml_text(std::string_view text, std::string_view tag);
// "2026-01-02T03:04:05Z", with a fraction or +00:00 too, as nanoseconds since 1970.
std::optional<int64_t> parse_utc(std::string_view text);

}  // namespace sluice::net
