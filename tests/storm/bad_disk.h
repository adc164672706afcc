// A bad disk: starts of the program that die by kill -9 at any moment of a batch, and starts on a disk that
// fills up at any byte of one. Each in a process of its own.
#pragma once

#include "emulate/random.h"
#include "sink/duckdb/sink.h"
#include "storm/voyage.h"

namespace sluice::storm {

// Several such starts. Afterwards the file is whole, and what its ledger has passed is in it; whatever is not
// is added to the voyage's findings. Nobody may have the file open, and no other thread may run.
void sail_on_a_bad_disk(Voyage& voyage, const sink::duckdb::SinkOptions& options, emulate::Random& random);

}  // namespace sluice::storm
