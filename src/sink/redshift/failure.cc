#include "sink/redshift/failure.h"

#include <algorithm>
#include <array>
#include <string>

#include "aws/redshift_data.h"

namespace sluice::sink::redshift {
namespace {

template <size_t kCount>
bool says(const std::string& words, const std::array<std::string_view, kCount>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return words.find(part) != std::string::npos; });
}

}  // namespace

FailureCause cause_of(std::string_view raw) {
  static constexpr std::array<std::string_view, 16> kPermanent = {
      "permission denied",  "access denied",      "not authorized", "does not exist", "must be owner",
      "authentication",     "syntax error",       "read-only",      "not found",      "no schema has",
      "iam role",           "s3serviceexception", "not unique",     "cannot cast",    "expression is of type",
      "conversion function"};
  static constexpr std::array<std::string_view, 25> kTransient = {"serializable isolation",
                                                                  "1023",
                                                                  "deadlock",
                                                                  "cancel",
                                                                  "abort",
                                                                  "timeout",
                                                                  "timed out",
                                                                  "connection",
                                                                  "disk full",
                                                                  "out of memory",
                                                                  "internal error",
                                                                  "restart",
                                                                  "shutting down",
                                                                  "resum",
                                                                  "paused",
                                                                  "temporarily",
                                                                  "try again",
                                                                  "too many",
                                                                  "query queue",
                                                                  "wlm",
                                                                  "insufficient memory",
                                                                  "could not fork",
                                                                  "not available",
                                                                  "unavailable",
                                                                  "terminat"};
  static constexpr std::array<std::string_view, 18> kData = {
      "invalid input",  "value too long",    "cannot insert a null", "null value", "json",
      "super",          "overflow",          "out of range",         "numeric",    "invalid digit",
      "invalid timest", "invalid date",      "string length",        "exceeds",    "utf8",
      "utf-8",          "invalid character", "load into table"};
  std::string words = aws::shown_words(raw);
  std::transform(words.begin(), words.end(), words.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  if (says(words, kPermanent)) return FailureCause::Permanent;
  if (says(words, kTransient)) return FailureCause::Transient;
  if (says(words, kData)) return FailureCause::Data;
  return FailureCause::Unknown;
}

}  // namespace sluice::sink::redshift
