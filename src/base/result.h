// Result<T>: a value, or an error that says what the caller must do next.
//
// The kind decides the action, never the text. An error that is dropped does not compile: both types are
// [[nodiscard]]. Threads: plain values, as safe as what they hold.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace sluice {

enum class ErrorKind {
  Malformed,       // the data is wrong: quarantine this record and go on
  Refused,         // stop and tell a person; trying again changes nothing
  Throttled,       // the other side asks for less: slower
  Unavailable,     // nothing happened: try again
  OutcomeUnknown,  // it may have happened: make the retry harmless
};

// What went wrong. `reason` is a short stable code (`crc-mismatch`) that machines count by and may be empty;
// `message` is one sentence for a person: what was wrong, where, what to do. Neither ever holds a value of a
// customer's row or a credential.
struct [[nodiscard]] Error {
  ErrorKind kind = ErrorKind::Refused;
  std::string reason;
  std::string message;
};

inline Error malformed(std::string reason, std::string message) {
  return {ErrorKind::Malformed, std::move(reason), std::move(message)};
}
inline Error refused(std::string message) { return {ErrorKind::Refused, {}, std::move(message)}; }
inline Error unavailable(std::string message) { return {ErrorKind::Unavailable, {}, std::move(message)}; }

template <typename T>
class [[nodiscard]] Result {
 public:
  using Value = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Only after ok(); otherwise the program stops.
  T& value() & {
    CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T value() && {
    CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  // Only after !ok().
  const Error& error() const& {
    CHECK(!ok());
    return *std::get_if<1>(&state_);
  }
  Error error() && {
    CHECK(!ok());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, Error> state_;
};

// Success without a value.
template <>
class [[nodiscard]] Result<void> {
 public:
  using Value = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  void value() const { CHECK(ok()); }
  const Error& error() const& {
    CHECK(!ok());
    return *error_;
  }
  Error error() && {
    CHECK(!ok());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace sluice

// The value of a Result, or return its error from the function that this stands in. Never inside braces that
// build an aggregate: compilers forget to destroy the members that were built before the return.
#define TRY(expression)                                                       \
  __extension__({                                                             \
    auto sluice_try_result = (expression);                                    \
    if (!sluice_try_result.ok()) return std::move(sluice_try_result).error(); \
    std::move(sluice_try_result).value();                                     \
  })
