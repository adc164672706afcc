// Decoder: the bytes of one record → a Change, a Fragment or a ChunkedHead, or the reason why not.
//
// The image's text is never touched: what the sink stores are the bytes that the source sent.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "change/change.h"

namespace sluice::decode {

using Decoded = std::variant<change::Change, change::Fragment, change::ChunkedHead>;

// Not thread-safe: one decoder per thread.
class Decoder {
 public:
  // Reads one record. Its spans point into `record` or, where escapes had to be taken out, into `arena`; the
  // `fields` of its image are overwritten by the next call of any function here.
  // Errors: Malformed with one of these reasons: empty, invalid-utf8, not-json, ends-early, not-object,
  // too-deep, lone-surrogate, duplicate-key, duplicate-field, unknown-type, bad-op, unknown-op, no-source,
  // bad-source, no-table, bad-commit-time, no-commit-time, no-image, empty-image, bad-chunk, bad-fragment.
  Result<Decoded> decode(const change::RawRecord& record, Arena& arena);

  // Reads the text of a whole image, for one that was put together from fragments or is read back from the
  // sink. `json` must be followed by kReadableSlack readable bytes. Errors: Malformed, as above.
  Result<change::Image> scan_image(std::string_view json);

 private:
  std::vector<change::ImageField> after_fields_;
  std::vector<change::ImageField> before_fields_;
};

}  // namespace sluice::decode
