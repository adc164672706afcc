// Emulating a DSQL change stream from a real PostgreSQL, through logical decoding.
//
// Makes things in that database that stay until drop_emulation(): a publication of all tables, a replication
// slot, REPLICA IDENTITY FULL on every table, and (for a superuser) an event trigger in a schema of the
// slot's name that sets the same on tables made later. It needs wal_level = logical. Meant for tests and
// trials, not for a production database: FULL makes every update and delete write its old row to the log.
//
// A transaction becomes one record per row with its net effect; TRUNCATE, which DSQL does not have, becomes a
// notice. The slot's position moves only after the records were written and flushed, so after a crash some
// come again and none is missing.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "emulate/delivery.h"
#include "emulate/record_out.h"

namespace sluice::emulate {

struct PostgresOptions {
  std::string dsn;
  std::string slot = "sluice_emulate";         // made when it is missing; lower-case letters, digits and _
  std::string publication = "sluice_emulate";  // of all tables, made when it is missing
  bool follow = false;                         // otherwise until what is committed now has been written
  DeliveryOptions delivery;
  size_t oversize_bytes = size_t{9} << 20;  // larger records are split
  // One line for a person about something that is not as in DSQL. May be empty.
  std::function<void(const std::string&)> notice;
};

struct PostgresSummary {
  int64_t transactions = 0;  // with at least one record
  int64_t changes = 0;       // net changes of rows
  DeliveryCounts delivery;
};

// Runs until everything committed at the call has been written or, with `follow`, until `stop` is set; what
// was committed before that is still written. Errors: Refused (cannot connect, not allowed, wal_level, a
// value that cannot be encoded, the writer), Unavailable (connection lost: call again, it continues).
// Threads: one call per slot at a time; `stop` from anywhere.
Result<PostgresSummary> emulate_postgres(const PostgresOptions& options, RecordOut& out,
                                         const std::atomic<bool>& stop);

// Removes the slot, the publication and the event trigger; tables keep their replica identity. What is not
// there is fine. A slot that somebody still reads is waited for, for about five seconds.
Result<void> drop_emulation(const PostgresOptions& options);

}  // namespace sluice::emulate
