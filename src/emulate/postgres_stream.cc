#include "emulate/postgres_stream.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "base/clock.h"
#include "base/text.h"

namespace sluice::emulate {
namespace {

using catalog::Connection;
using catalog::Rows;

constexpr int kWaitMs = 100;
// How long a slot may still be held by a predecessor's dying connection, and a stream may take to end.
constexpr int64_t kPatienceNs = 15'000'000'000;
constexpr const char* kSlotInUse = "55006";  // object_in_use

// Texts that parse the same everywhere; and patience with a reader that is full for a while.
constexpr const char* kSettings =
    "-c datestyle=ISO -c intervalstyle=iso_8601 -c timezone=UTC -c extra_float_digits=3 -c bytea_output=hex "
    "-c wal_sender_timeout=10min";

uint64_t big_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

void append_big_endian(std::string& to, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) to.push_back(static_cast<char>(value >> shift));
}

struct CopyBuffer {
  char* data = nullptr;
  ~CopyBuffer() { PQfreemem(data); }
};

}  // namespace

Error ReplicationStream::broken(const std::string& doing) const {
  if (PQstatus(connection_.raw()) != CONNECTION_OK) {
    return unavailable("the replication connection to PostgreSQL was lost: " + connection_.last_error());
  }
  return refused("PostgreSQL: " + doing + ": " + connection_.last_error());
}

Result<ReplicationStream> ReplicationStream::open(const std::string& dsn, const std::string& slot,
                                                  const std::string& publication) {
  const int64_t deadline_ns = system_clock().steady_ns() + kPatienceNs;
  for (;;) {
    ReplicationStream stream(
        TRY(Connection::open(dsn, {{"replication", "database"}, {"options", kSettings}})));
    Result<void> started = stream.start(slot, publication);
    if (started) return stream;
    if (started.error().reason != kSlotInUse || system_clock().steady_ns() > deadline_ns)
      return started.error();
    std::this_thread::sleep_for(std::chrono::milliseconds(kWaitMs));
  }
}

Result<void> ReplicationStream::start(const std::string& slot, const std::string& publication) {
  const Rows system = TRY(connection_.run("IDENTIFY_SYSTEM"));
  system_identifier_ = parse_uint64(system.text(0, 0)).value_or(0);
  const std::string command = "START_REPLICATION SLOT " + connection_.identifier(slot) +
                              " LOGICAL 0/0 (proto_version '1', publication_names " +
                              connection_.literal(connection_.identifier(publication)) + ")";
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(connection_.raw(), command.c_str()),
                                                              &PQclear);
  if (PQresultStatus(result.get()) == PGRES_COPY_BOTH) return {};
  Error error = catalog::postgres_error(connection_, result.get(), "the slot " + slot + " cannot be read");
  if (error.reason == kSlotInUse) {
    error.message = "the replication slot " + slot +
                    " is in use: another `sluice emulate` reads it. Stop that one, or name another slot.";
  }
  return error;
}

Result<std::optional<std::string>> ReplicationStream::take_data(std::string_view data) {
  constexpr size_t kDataHeader = 1 + 3 * sizeof(uint64_t);
  if (data.starts_with('w') && data.size() >= kDataHeader) {
    return std::optional<std::string>(data.substr(kDataHeader));
  }
  if (data.starts_with('k') && data.size() >= 2 + 2 * sizeof(uint64_t)) {
    reached_ = std::max(reached_, big_endian(data.substr(1, sizeof(uint64_t))));
    if (data[1 + 2 * sizeof(uint64_t)] != 0) TRY(send_status(false));
    return std::optional<std::string>();
  }
  return refused("PostgreSQL sent a replication message that is not known");
}

Result<void> ReplicationStream::wait_for_data() {
  pollfd waiting{PQsocket(connection_.raw()), POLLIN, 0};
  const int ready = ::poll(&waiting, 1, kWaitMs);
  if (ready < 0 && errno != EINTR) return broken("cannot wait for changes");
  if (PQconsumeInput(connection_.raw()) == 0) return broken("cannot read changes");
  // Asks how far the server has come, so that a quiet database is known to be quiet.
  if (ready <= 0) TRY(send_status(true));
  return {};
}

Result<std::optional<std::string>> ReplicationStream::next() {
  for (bool waited = false;;) {
    CopyBuffer buffer;
    const int bytes = PQgetCopyData(connection_.raw(), &buffer.data, 1);
    if (bytes > 0) {
      std::optional<std::string> message =
          TRY(take_data(std::string_view(buffer.data, static_cast<size_t>(bytes))));
      if (message || waited) return message;
      continue;
    }
    if (bytes == -1) {
      const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQgetResult(connection_.raw()), &PQclear);
      if (PQstatus(connection_.raw()) != CONNECTION_OK) return broken("the stream ended");
      return catalog::postgres_error(connection_, result.get(), "the server ended the stream");
    }
    if (bytes < 0) return broken("cannot read changes");
    if (waited) return std::optional<std::string>();
    TRY(wait_for_data());
    waited = true;
  }
}

Result<void> ReplicationStream::send_status(bool want_reply) {
  std::string status = "r";
  for (int i = 0; i < 3; ++i) append_big_endian(status, confirmed_);  // written, flushed, applied
  const int64_t now_us = system_clock().wall_ns() / 1000 - pgoutput::kPostgresEpochMicroseconds;
  append_big_endian(status, static_cast<uint64_t>(now_us));
  status.push_back(want_reply ? '\1' : '\0');
  if (PQputCopyData(connection_.raw(), status.data(), static_cast<int>(status.size())) != 1 ||
      PQflush(connection_.raw()) < 0) {
    return broken("cannot confirm a position");
  }
  return {};
}

Result<void> ReplicationStream::confirm(pgoutput::Lsn position) {
  confirmed_ = std::max(confirmed_, position);
  return send_status(false);
}

Result<void> ReplicationStream::close() {
  TRY(send_status(false));
  if (PQputCopyEnd(connection_.raw(), nullptr) != 1 || PQflush(connection_.raw()) < 0) {
    return broken("cannot end the stream");
  }
  const int64_t deadline_ns = system_clock().steady_ns() + kPatienceNs;
  while (system_clock().steady_ns() < deadline_ns) {
    CopyBuffer buffer;
    const int bytes = PQgetCopyData(connection_.raw(), &buffer.data, 1);
    if (bytes < 0) return {};
    if (bytes > 0) continue;  // changes after the end: they come again next time
    pollfd waiting{PQsocket(connection_.raw()), POLLIN, 0};
    ::poll(&waiting, 1, kWaitMs);
    if (PQconsumeInput(connection_.raw()) == 0) return {};
  }
  return {};
}

}  // namespace sluice::emulate
