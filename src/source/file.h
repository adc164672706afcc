// The file source: one CDC payload per line, from a file (plain, gzip or zstd) or from standard input.
//
// Lines end with LF or CRLF, which is not part of the payload; lines of nothing but blanks are no records and
// are passed over. A line's sequence is the offset of its first byte in the unpacked stream. A file is one
// shard for as long as it stays the same file: one that was replaced, cut short or rewritten is read from its
// start under another shard, so that nothing of it is taken for known. A pipe is a new shard in every run and
// is not resumed.
//
// The last line without a newline is a record when the end is the end (not followed, or the file was
// replaced). While a file is followed it waits for its newline, and stays unread when the run stops.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "source/source.h"

namespace sluice::source {

struct FileSourceOptions {
  std::string path;     // as typed after "file:"; "-" is standard input
  bool follow = false;  // wait for growth instead of ending; of no meaning for pipes, whose end is theirs
  size_t block_bytes = size_t{1} << 20;
  size_t max_record_bytes = size_t{32} << 20;
  std::vector<change::Checkpoint> saved;  // of any shards; the file's own are found among them
  const Clock& clock = system_clock();
};

// Opens it and finds the place to continue: the bytes before the saved position are read again and must still
// have their crc32c, otherwise it is another file. Errors: Refused, naming the path as typed, when there is
// nothing to read there; later from next(): Refused when the packed data is damaged or a line is longer than
// max_record_bytes, after everything before it was given out.
Result<std::unique_ptr<Source>> open_file(FileSourceOptions options);

}  // namespace sluice::source
