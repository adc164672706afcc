// A quarantined record as text for people and as JSON for tools.
#pragma once

#include <string>

#include "sink/store.h"

namespace sluice::app {

// What is known of it, then its bytes with everything escaped that a terminal might obey.
std::string entry_text(const sink::QuarantineEntry& entry);

// One JSON object without a line end; with `with_bytes` the record is in "bytes_base64".
std::string entry_json(const sink::QuarantineEntry& entry, bool with_bytes);

}  // namespace sluice::app
