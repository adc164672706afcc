// How fast records are decoded, beside simdjson's on-demand parser on the same bytes in the same run.
//
//   decode_bench [FILE]     one record per line, as `sluice generate --tables shop` writes them; without a
//   file
//                           the same mix is made in memory
//
// Both sides read the same slices of the input in turn, many times, each time the other one first, and only
// the processor time of this thread counts: a busy machine disturbs single pairs, not the median of their
// ratios.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "base/arena.h"
#include "decode/decoder.h"
#include "decode_peer.h"
#include "emulate/generator.h"

namespace sluice::bench {
namespace {

constexpr int64_t kGeneratedChanges = 500'000;
constexpr int kRounds = 11;
// A slice fits a processor's cache, as the blocks of a source do.
constexpr size_t kSliceBytes = size_t{1} << 20;
constexpr double kTarget = 0.7;

Tally decode_all(std::span<const std::string_view> records, decode::Decoder& decoder) {
  Arena arena;
  decode::Decoded decoded;
  Tally tally;
  for (const std::string_view text : records) {
    const Result<void> result = decoder.decode({{}, text}, arena, decoded);
    if (!result.ok()) {
      fmt::print(stderr, "decode_bench: a record is refused: {}\n", result.error().message);
      std::exit(1);
    }
    const auto* change = std::get_if<change::Change>(&decoded);
    if (change == nullptr) continue;
    ++tally.changes;
    tally.commit_ts_ns += static_cast<uint64_t>(change->origin.commit_ts_ns);
    tally.image_bytes += change->image.json.size();
    tally.name_bytes += change->origin.op.size() + change->origin.schema.size() +
                        change->origin.table.size() + change->origin.tx_id.size();
  }
  return tally;
}

// Text with the slack that both parsers need behind it.
std::string generated() {
  emulate::GenerateOptions options;
  options.seed = 7;
  options.changes = kGeneratedChanges;
  options.tables = {"shop"};
  options.unusual = 0;
  std::string text;
  auto generator = emulate::Generator::make(options);
  const auto take = [&text](std::string_view record) -> Result<void> {
    text.append(record).push_back('\n');
    return {};
  };
  Result<void> made = generator.ok() ? generator.value().run(take) : Result<void>(generator.error());
  if (!made.ok()) {
    fmt::print(stderr, "decode_bench: {}\n", made.error().message);
    std::exit(1);
  }
  return text;
}

std::string read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    fmt::print(stderr, "decode_bench: cannot read {}. Name a file of records, one per line.\n", path);
    std::exit(1);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

// The text's changes; fragments and heads, which the peer does not understand, are left out.
std::vector<std::string_view> full_records(std::string_view text) {
  std::vector<std::string_view> records;
  decode::Decoder decoder;
  Arena arena;
  decode::Decoded decoded;
  while (!text.empty()) {
    const size_t length = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    if (decoder.decode({{}, line}, arena, decoded).ok() && std::holds_alternative<change::Change>(decoded) &&
        std::get<change::Change>(decoded).has_image)
      records.push_back(line);
  }
  return records;
}

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Seconds per byte of each side, and the ratio of the speeds, pair by pair.
struct Pairs {
  std::vector<double> ours;
  std::vector<double> peers;
  std::vector<double> ratios;
};

void measure_slice(std::span<const std::string_view> records, bool peer_first, decode::Decoder& decoder,
                   Pairs& pairs) {
  double bytes = 0;
  for (const std::string_view record : records) bytes += static_cast<double>(record.size() + 1);
  double ours = 0;
  double peers = 0;
  Tally our_tally;
  Tally peer_tally;
  for (const bool peer : {peer_first, !peer_first}) {
    const double start = thread_seconds();
    (peer ? peer_tally : our_tally) = peer ? walk_on_demand(records) : decode_all(records, decoder);
    (peer ? peers : ours) = thread_seconds() - start;
  }
  if (our_tally != peer_tally) {
    fmt::print(stderr, "decode_bench: the two sides read different things; the comparison means nothing.\n");
    std::exit(1);
  }
  pairs.ours.push_back(ours / bytes);
  pairs.peers.push_back(peers / bytes);
  pairs.ratios.push_back(peers / ours);
}

int run(int arguments, char** argument) {
  std::string text = arguments > 1 ? read(argument[1]) : generated();
  const size_t size = text.size();
  text.append(kReadableSlack, ' ');
  const std::vector<std::string_view> records = full_records(std::string_view(text).substr(0, size));
  if (records.empty()) {
    fmt::print(stderr, "decode_bench: no change among the lines of {}.\n", argument[1]);
    return 1;
  }
  decode::Decoder decoder;
  Pairs pairs;
  std::vector<double> rounds;
  for (int round = 0; round < kRounds; ++round) {
    Pairs of_round;
    bool peer_first = round % 2 == 0;
    for (size_t from = 0; from < records.size();) {
      size_t to = from;
      for (size_t bytes = 0; to < records.size() && bytes < kSliceBytes; ++to) bytes += records[to].size();
      measure_slice(std::span(records).subspan(from, to - from), peer_first, decoder, of_round);
      peer_first = !peer_first;
      from = to;
    }
    rounds.push_back(median(of_round.ratios));
    pairs.ours.insert(pairs.ours.end(), of_round.ours.begin(), of_round.ours.end());
    pairs.peers.insert(pairs.peers.end(), of_round.peers.begin(), of_round.peers.end());
  }
  const double ratio = median(rounds);
  const auto [low, high] = std::minmax_element(rounds.begin(), rounds.end());
  fmt::print("decode    {} records, {:.1f} MB, {} bytes each; {} rounds\n", records.size(),
             static_cast<double>(size) * 1e-6, size / records.size(), kRounds);
  fmt::print("  sluice    {:6.0f} MB/s   every byte checked, columns told apart\n",
             1e-6 / median(pairs.ours));
  fmt::print("  simdjson  {:6.0f} MB/s   {}, the same fields read\n", 1e-6 / median(pairs.peers),
             on_demand_code());
  fmt::print("  ratio     {:6.2f}        from {:.2f} to {:.2f}; target at least {:.2f}\n", ratio, *low, *high,
             kTarget);
  return 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int arguments, char** argument) { return sluice::bench::run(arguments, argument); }
