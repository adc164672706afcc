// Why no connection to PostgreSQL or DSQL came about, for everything that connects through libpq.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::catalog {

// The error for libpq's words, as one line. libpq gives no SQLSTATE for a connection that failed, so the
// words decide: Unavailable when it may pass by itself (nobody listens, the server starts, stops or is full),
// otherwise Refused, because a person must change something. `what` is what was to be reached, `advice` what
// to do about a refusal.
Error connect_failure(std::string_view words, std::string_view what, std::string_view advice = {});

}  // namespace sluice::catalog
