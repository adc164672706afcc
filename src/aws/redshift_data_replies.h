// What the Redshift Data API answers, taken out of its JSON. For redshift_data.cc and tests.
//
// Every function fails Malformed with the reason "bad-reply" and a message that names the member; none
// repeats what the reply holds. A status that this program does not know is such a failure: nothing is
// concluded from it.
#pragma once

#include <string>

#include "aws/redshift_data.h"

namespace sluice::aws {

Result<Submitted> parse_submitted(const std::string& body);
Result<StatementState> parse_statement_state(const std::string& body);
Result<bool> parse_cancelled(const std::string& body);
Result<ResultPage> parse_result_page(const std::string& body);

}  // namespace sluice::aws
