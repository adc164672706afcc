// Rekeying in a shared store: which ids the rows of a table get by another key.
#pragma once

#include <string>

#include "base/result.h"
#include "change/batch.h"
#include "sink/postgres/connection.h"
#include "sink/rekey_effect.h"

namespace sluice::sink::postgres {

// What PostgreSQL's text can hold: an id with a NUL becomes its digest, as one that is too long does.
std::string storable_id(std::string_view record_id);

// Gives the table's rows in the log their new ids. Within the caller's transaction, which holds the table's
// key.
Result<void> apply_rekey(Connection& connection, const change::Rekey& rekey);

// What that would do, in a transaction of its own that leaves nothing behind.
Result<RekeyEffect> try_rekey(Connection& connection, const change::Rekey& rekey);

}  // namespace sluice::sink::postgres
