// Envelope: the members of one record as they stand in its text, before anything is concluded from them.
#pragma once

#include <array>
#include <span>

#include "base/result.h"
#include "change/change.h"
#include "decode/image.h"
#include "decode/key_trail.h"
#include "decode/scanner.h"

namespace sluice::decode {

// What the key of a member stands for when it is none that Sluice reads.
inline constexpr int kNotOurs = -1;

struct EnvelopeField {
  enum : uint8_t { Type, Op, Before, After, Chunked, Source, TsMs, TsNs, ChunkId, Index, Data, kCount };
};
struct SourceField {
  enum : uint8_t { Version, TsMs, TsNs, TxId, Schema, Table, kCount };
};

// The values of an object's known fields. One that is absent has the kind Null, like one that is null.
template <typename Fields>
struct Members {
  std::array<Value, Fields::kCount> values;
  uint32_t seen = 0;  // a bit per field

  void clear() {
    seen = 0;
    for (Value& value : values) value.kind = change::ValueKind::Null;
  }
  const Value& operator[](size_t field) const { return values[field]; }
};

struct Envelope {
  Members<EnvelopeField> record;
  Members<SourceField> source;
  // Where `before` and `after` are objects; otherwise whatever was there.
  change::Image before;
  change::Image after;
};

// Why the text is not what was due, as an Error. `what` is its name for people: record, image.
Error fault_error(const Scan& scan, std::string_view what);

// Threads: one owner.
class EnvelopeReader {
 public:
  EnvelopeReader();

  // Reads a whole record and checks every byte of it. The images' fields live until the next call.
  // Errors: Malformed, for what is wrong with the text and for a known field that stands there twice.
  Result<void> read(std::string_view text, Envelope& envelope);
  // Reads a text that is one image and nothing else.
  Result<void> read_image(std::string_view text, change::Image& image);

 private:
  At take_source(Scan& scan, At at, Members<SourceField>& source);
  At take_record(Scan& scan, At at, Envelope& envelope);

  KeyTrail record_trail_;
  KeyTrail source_trail_;
  ImageReader images_;
  FieldList before_fields_;
  FieldList after_fields_;
  Value ignored_;
};

// The values of the members called `names`, in that order, of an object within a text that has been read.
// Errors: Malformed, where one of them stands there twice.
Result<void> read_members(std::string_view object, std::span<const std::string_view> names,
                          std::span<Value> values);

}  // namespace sluice::decode
