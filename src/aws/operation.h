// Operation: what is asked of a service, and what its failures mean.
//
// The same failure means different things: a reply that is lost is nothing to a read, which is asked again;
// of a write nobody knows whether it happened.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"

namespace sluice::aws {

enum class Effect {
  Read,    // may be asked again at no cost
  Write,   // changes something; a lost reply leaves open whether it did
  Create,  // a write that is Refused when the thing exists or is being made
};

struct Operation {
  std::string_view service;  // signing name and right: "kinesis"
  std::string_view name;     // "GetRecords"
  Effect effect = Effect::Read;
  // Its request holds rows or SQL, which the service may repeat in its message: that is then not shown.
  bool carries_rows = false;
};

// The service's short code for what went wrong ("ExpiredIteratorException"), out of the header
// x-amzn-ErrorType or the body of any of AWS's protocols; empty when there is none.
std::string failure_code(const net::HttpResponse& reply);

// The error for a reply that is not 2xx. `what` completes "cannot ...", as "read the stream shop-cdc". The
// reason is the service's code. Kinds:
//   Throttled       the service asks for less (429, ProvisionedThroughputExceededException, ...)
//   Unavailable     again: 5xx and 408 to a read, an expired iterator or page token, a thing that is busy
//   OutcomeUnknown  5xx and 408 to a write
//   Refused         everything else: no right, no such stream, a wrong request, a redirect
Error failed_reply(const Operation& operation, std::string_view what, const net::HttpResponse& reply);

// The error for a request whose reply was lost or cut, or never asked for, out of the transport's.
Error failed_transport(const Operation& operation, std::string_view what, const Error& error);

// The error for a 2xx whose body is not what the service promises: perhaps cut, perhaps not the service.
// `why` comes from bad_reply(), where the reply was read without knowing what it answers.
Error unreadable_reply(const Operation& operation, std::string_view what, std::string_view why);

Error bad_reply(const std::string& why);

}  // namespace sluice::aws
