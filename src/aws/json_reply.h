// Reading a service's JSON reply: each member is there with its type, or absent, or the reply is none.
//
// An absent member and null mean the same. One of the wrong type is Malformed with reason "bad-reply", never
// taken for absent. What is given points into the parser's document. Threads: any number at once.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aws/operation.h"
#include "base/result.h"

namespace sluice::aws {

Error bad_member(const char* member);

// The whole reply, which lives until `parser` is used again.
Result<simdjson::dom::object> object_of(simdjson::dom::parser& parser, const std::string& body);
// An item of the list `member`.
Result<simdjson::dom::object> item_of(const simdjson::dom::element& item, const char* member);

std::optional<simdjson::dom::element> member_of(const simdjson::dom::object& object, const char* member);
// "" when it is absent.
Result<std::string_view> text_of(const simdjson::dom::object& object, const char* member);
// Neither absent nor empty.
Result<std::string_view> required_text(const simdjson::dom::object& object, const char* member);
Result<int64_t> number_of(const simdjson::dom::object& object, const char* member, int64_t otherwise);
// False when it is absent.
Result<bool> flag_of(const simdjson::dom::object& object, const char* member);
// Must be there.
Result<simdjson::dom::array> array_of(const simdjson::dom::object& object, const char* member);
Result<std::optional<simdjson::dom::array>> optional_array(const simdjson::dom::object& object,
                                                           const char* member);
// Must be there.
Result<simdjson::dom::object> object_in(const simdjson::dom::object& object, const char* member);
Result<std::optional<simdjson::dom::object>> optional_object(const simdjson::dom::object& object,
                                                             const char* member);
// Seconds with a fraction since 1970, as milliseconds; 0 when it is absent.
Result<int64_t> time_of(const simdjson::dom::object& object, const char* member);

}  // namespace sluice::aws
