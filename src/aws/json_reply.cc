#include "aws/json_reply.h"

#include <cmath>

namespace sluice::aws {
namespace {

namespace dom = simdjson::dom;

// A member as a T, nothing when it is absent.
template <typename T>
Result<std::optional<T>> optional_of(const dom::object& object, const char* member) {
  const auto found = member_of(object, member);
  if (!found) return std::optional<T>();
  T value{};
  if (found->get(value) != simdjson::SUCCESS) return bad_member(member);
  return std::optional<T>(value);
}

template <typename T>
Result<T> required_of(const dom::object& object, const char* member) {
  const std::optional<T> found = TRY(optional_of<T>(object, member));
  if (!found) return bad_member(member);
  return *found;
}

}  // namespace

Error bad_member(const char* member) {
  return bad_reply(std::string(member) + " is missing or of the wrong type");
}

Result<dom::object> object_of(dom::parser& parser, const std::string& body) {
  dom::element document;
  dom::object object;
  const simdjson::error_code failed = parser.parse(body).get(document);
  if (failed != simdjson::SUCCESS)
    return bad_reply(std::string("it is not JSON (") + simdjson::error_message(failed) + ")");
  if (document.get(object) != simdjson::SUCCESS) return bad_reply("it is no object");
  return object;
}

Result<dom::object> item_of(const dom::element& item, const char* member) {
  dom::object object;
  if (item.get(object) != simdjson::SUCCESS) return bad_member(member);
  return object;
}

std::optional<dom::element> member_of(const dom::object& object, const char* member) {
  dom::element value;
  if (object[member].get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
  return value;
}

Result<std::string_view> text_of(const dom::object& object, const char* member) {
  return TRY(optional_of<std::string_view>(object, member)).value_or(std::string_view());
}

Result<std::string_view> required_text(const dom::object& object, const char* member) {
  const std::string_view text = TRY(text_of(object, member));
  if (text.empty()) return bad_member(member);
  return text;
}

Result<int64_t> number_of(const dom::object& object, const char* member, int64_t otherwise) {
  return TRY(optional_of<int64_t>(object, member)).value_or(otherwise);
}

Result<bool> flag_of(const dom::object& object, const char* member) {
  return TRY(optional_of<bool>(object, member)).value_or(false);
}

Result<dom::array> array_of(const dom::object& object, const char* member) {
  return required_of<dom::array>(object, member);
}

Result<std::optional<dom::array>> optional_array(const dom::object& object, const char* member) {
  return optional_of<dom::array>(object, member);
}

Result<dom::object> object_in(const dom::object& object, const char* member) {
  return required_of<dom::object>(object, member);
}

Result<std::optional<dom::object>> optional_object(const dom::object& object, const char* member) {
  return optional_of<dom::object>(object, member);
}

Result<int64_t> time_of(const dom::object& object, const char* member) {
  const double seconds = TRY(optional_of<double>(object, member)).value_or(0);
  if (!(seconds >= 0 && seconds < 1e11)) return bad_member(member);
  return std::llround(seconds * 1000);
}

}  // namespace sluice::aws
