// Random: seeded choices that are the same on every machine and with every library.
//
// The standard library's distributions are not: each library may draw differently. Not for secrets. Threads:
// one owner.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace sluice::emulate {

// One step of SplitMix64 (Steele, Lea, Flood 2014): moves `state` on and gives 64 mixed bits.
constexpr uint64_t split_mix(uint64_t& state) {
  state += 0x9E3779B97F4A7C15;
  uint64_t mixed = state;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
  return mixed ^ (mixed >> 31);
}

// xoshiro256** (Blackman and Vigna 2018), seeded by SplitMix64.
class Random {
 public:
  // `stream` tells generators of one seed apart, so that a draw more in one does not move the others.
  explicit Random(uint64_t seed, uint64_t stream = 0) {
    uint64_t state = seed ^ (stream * 0xD1342543DE82EF95);
    for (uint64_t& word : words_) word = split_mix(state);
  }

  uint64_t next() {
    const uint64_t result = std::rotl(words_[1] * 5, 7) * 9;
    const uint64_t shifted = words_[1] << 17;
    words_[2] ^= words_[0];
    words_[3] ^= words_[1];
    words_[1] ^= words_[2];
    words_[0] ^= words_[3];
    words_[2] ^= shifted;
    words_[3] = std::rotl(words_[3], 45);
    return result;
  }

  // Uniform in [0, bound); 0 for bound 0. The bias is below bound / 2^64.
  uint64_t below(uint64_t bound) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
  }
  size_t index(size_t size) { return static_cast<size_t>(below(size)); }
  // Uniform in [low, high], both included; high - low must be below 2^63.
  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(below(static_cast<uint64_t>(high - low) + 1));
  }
  // Uniform in [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  // True with this probability; never for 0, always for 1. Always draws once.
  bool chance(double probability) { return unit() < probability; }
  // True once in `count` draws on average.
  bool one_in(uint64_t count) { return below(count) == 0; }

 private:
  std::array<uint64_t, 4> words_{};
};

}  // namespace sluice::emulate
