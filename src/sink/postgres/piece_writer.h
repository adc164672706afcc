// PieceWriter: what one batch does to the waiting pieces and the ended chunks of a shared store.
//
// Pieces of one chunk come to different writers. Whoever stores one is told of those that others have stored
// and of chunks that they have ended; a chunk is ended by whoever accounts for every piece of it that is
// stored, and by nobody else. Within BatchWriter's transaction. Threads: as the connection.
#pragma once

#include <string>
#include <vector>

#include "change/batch.h"
#include "sink/postgres/connection.h"
#include "sink/postgres/known.h"
#include "sink/sink.h"

namespace sluice::sink::postgres {

class PieceWriter {
 public:
  PieceWriter(Connection& connection, const change::Batch& batch, const Known& known)
      : connection_(connection), batch_(batch), known_(known) {}

  // Locks the batch's chunks until the transaction ends and writes its pieces. False when another writer has
  // changed the pieces of a chunk that this batch ends: roll back.
  Result<bool> write(Applied& applied);
  // Tells which chunks that wait here, beyond those of the batch, others have ended.
  Result<void> look_for_ended(Applied& applied);

 private:
  Result<bool> remove_pieces();
  Result<bool> kept_pieces_are_there();
  Result<bool> finish_chunks();
  Result<void> add_pieces(Applied& applied);
  Result<void> tell_of_others(const std::vector<std::string>& chunks, Applied& applied);
  Result<void> find_ended(const std::vector<std::string>& chunks, bool with_pieces, Applied& applied);

  Connection& connection_;
  const change::Batch& batch_;
  const Known& known_;
};

}  // namespace sluice::sink::postgres
