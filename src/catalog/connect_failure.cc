#include "catalog/connect_failure.h"

#include <algorithm>
#include <array>

namespace sluice::catalog {
namespace {

template <size_t kCount>
bool says(std::string_view words, const std::array<std::string_view, kCount>& parts) {
  return std::ranges::any_of(
      parts, [words](std::string_view part) { return words.find(part) != std::string_view::npos; });
}

// A server that answers says FATAL; unless it is only starting, stopping or full, trying again changes
// nothing.
bool is_for_a_person(std::string_view words) {
  static constexpr std::array<std::string_view, 5> kPassing = {"starting up", "shutting down", "recovery",
                                                               "too many", "connection slots"};
  static constexpr std::array<std::string_view, 7> kLasting = {
      "FATAL",       "no password supplied",     "access denied", "Permission denied", "certificate",
      "support SSL", "invalid connection option"};
  return !says(words, kPassing) && says(words, kLasting);
}

}  // namespace

Error connect_failure(std::string_view words, std::string_view what, std::string_view advice) {
  std::string text = "cannot connect to " + std::string(what) + ": " + std::string(words);
  if (!text.ends_with('.') && !text.ends_with('?') && !text.ends_with('!')) text += '.';
  if (!is_for_a_person(words)) return unavailable(std::move(text));
  if (!advice.empty()) text += " " + std::string(advice);
  return refused(std::move(text));
}

}  // namespace sluice::catalog
