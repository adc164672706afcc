// What an emulation needs inside the source database: publication, slot, replica identities, its own schema.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "catalog/postgres_connection.h"
#include "emulate/pgoutput.h"
#include "emulate/postgres.h"

namespace sluice::emulate {

// Makes what is missing; harmless when all is there. The slot comes last, so every change that it shows has
// its old row. Refused with what to do when the server or the user does not allow it.
Result<void> prepare_database(catalog::Connection& connection, const PostgresOptions& options);

// The largest commit time that an earlier run wrote, 0 at first. Kept as the comment on the emulation's
// schema, where it causes no record.
Result<int64_t> saved_commit_ns(catalog::Connection& connection, const PostgresOptions& options);
Result<void> save_commit_ns(catalog::Connection& connection, const PostgresOptions& options,
                            int64_t commit_ns);

// A position in the log that lies behind every transaction committed before the call, and is on the disk.
Result<pgoutput::Lsn> current_position(catalog::Connection& connection);

}  // namespace sluice::emulate
