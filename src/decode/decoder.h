// Decoder: the bytes of one record → a Change, a Fragment or a ChunkedHead, or the reason why not.
//
// The image's text is never touched: what the sink stores are the bytes that the source sent.
#pragma once

#include <string_view>
#include <variant>

#include "base/arena.h"
#include "base/result.h"
#include "change/change.h"
#include "decode/envelope.h"

namespace sluice::decode {

using Decoded = std::variant<change::Change, change::Fragment, change::ChunkedHead>;

// Not thread-safe: one decoder per thread. Make one and keep it: it learns the keys of the records it sees,
// and reads the next ones faster for it.
class Decoder {
 public:
  // Reads one record into `decoded`, whose old content is overwritten; after an error it means nothing. Its
  // spans point into `record` or, where escapes had to be taken out, into `arena`; the `fields` of its image
  // live until the next call of any function here.
  // Errors: Malformed with one of these reasons: empty, invalid-utf8, not-json, ends-early, not-object,
  // too-deep, lone-surrogate, duplicate-key, duplicate-field, unknown-type, bad-op, unknown-op, no-source,
  // bad-source, no-table, bad-commit-time, no-commit-time, no-image, empty-image, bad-chunk, bad-fragment,
  // kpl-aggregated.
  // What is wrong with the text itself is told with the offset of the byte.
  Result<void> decode(const change::RawRecord& record, Arena& arena, Decoded& decoded);

  // Reads the text of a whole image, for one that was put together from fragments or is read back from the
  // sink. `json` must be followed by kReadableSlack readable bytes. Errors: Malformed, as above.
  Result<change::Image> scan_image(std::string_view json);

 private:
  EnvelopeReader reader_;
  Envelope envelope_;
};

}  // namespace sluice::decode
