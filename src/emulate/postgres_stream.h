// ReplicationStream: PostgreSQL's streaming replication protocol for one logical slot.
//
// Values come as texts that parse without knowing the server's settings: ISO dates, ISO intervals, hex bytea,
// UTC, all digits of floats. Threads: one owner.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "catalog/postgres_connection.h"
#include "emulate/pgoutput.h"

namespace sluice::emulate {

class ReplicationStream {
 public:
  // Starts where the slot was confirmed last. Refused when the slot is in use (after waiting some seconds for
  // a predecessor that has just died) or the connection may not replicate.
  static Result<ReplicationStream> open(const std::string& dsn, const std::string& slot,
                                        const std::string& publication);

  // The next pgoutput message, or nothing after about 100 ms without one.
  // Errors: Unavailable (connection lost), Refused (the server ended the stream).
  Result<std::optional<std::string>> next();

  // Up to here every transaction that committed has been given out by next().
  pgoutput::Lsn reached() const { return reached_; }

  // Tells the server that everything up to `position` is safe and need not come again.
  Result<void> confirm(pgoutput::Lsn position);

  // Ends the stream; the slot has taken the last confirm() and is free on return.
  Result<void> close();

  // The cluster's own number, the same for its whole life.
  uint64_t system_identifier() const { return system_identifier_; }

 private:
  explicit ReplicationStream(catalog::Connection connection) : connection_(std::move(connection)) {}
  Result<void> start(const std::string& slot, const std::string& publication);
  Result<std::optional<std::string>> take_data(std::string_view data);
  Result<void> send_status(bool want_reply);
  Result<void> wait_for_data();
  Error broken(const std::string& doing) const;

  catalog::Connection connection_;
  pgoutput::Lsn reached_ = 0;
  pgoutput::Lsn confirmed_ = 0;
  uint64_t system_identifier_ = 0;
};

}  // namespace sluice::emulate
