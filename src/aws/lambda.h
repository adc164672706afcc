// Lambda: what is set about a function and about the event source mappings that feed it. Reads only.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "aws/session.h"
#include "base/result.h"

namespace sluice::aws {

// What the service does not say is empty, 0 or -1, which it means for "no limit" where there is one.
struct EventSourceMapping {
  std::string id;
  std::string source_arn;
  std::string state;        // Enabled, Disabled, Creating, Updating, ...
  std::string last_result;  // "OK", "PROBLEM: ...", "No records processed"
  std::string starting_position;
  std::string on_failure_arn;
  std::set<std::string> response_types;
  int64_t batch_size = 0;
  int64_t batching_window_s = 0;
  int64_t most_retries = -1;
  int64_t most_record_age_s = -1;
  int64_t tumbling_window_s = 0;
  int64_t filters = 0;  // how many patterns
  bool bisects = false;
};

struct FunctionConfiguration {
  std::string name;
  std::string runtime;
  std::string log_format;  // Text, JSON
  int64_t timeout_s = 0;
  int64_t memory_mib = 0;
  // The names of its environment; nothing when the service does not show them.
  std::optional<std::set<std::string>> variables;
};

struct MappingsPage {
  std::vector<EventSourceMapping> mappings;
  std::string next_marker;  // empty: the last page
};

// Malformed with reason "bad-reply" when it is none.
Result<MappingsPage> parse_mappings(const std::string& body);
Result<FunctionConfiguration> parse_function(const std::string& body);

// One attempt each. Threads: any number at once.
class Lambda {
 public:
  explicit Lambda(Session& session) : session_(session) {}

  // `function` is a name, NAME:ALIAS, or an ARN. Refused with reason "ResourceNotFoundException": none such.
  Result<FunctionConfiguration> function(std::string_view function);
  // Every mapping that feeds exactly this name; those of an alias are not those of the function.
  Result<std::vector<EventSourceMapping>> mappings(std::string_view function);

 private:
  Session& session_;
};

}  // namespace sluice::aws
