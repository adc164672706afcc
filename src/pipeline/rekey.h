// Rekeying: other record ids for rows that are in the log.
#pragma once

#include <string>
#include <vector>

#include "change/batch.h"

namespace sluice::pipeline {

// The rekey that gives the rows of `table` the ids that this key makes.
change::Rekey rekey_by(change::TableName table, std::vector<std::string> key_columns);

}  // namespace sluice::pipeline
