#include "base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <sys/auxv.h>
#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif
#endif

namespace sluice {
namespace {

// The polynomial without its highest term, reflected: bit 31 stands for x^0.
constexpr uint32_t kPolynomial = 0x82F63B78U;

constexpr uint32_t times_x(uint32_t value) { return (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0U); }

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = times_x(value);
    table[byte] = value;
  }
  return table;
}
constexpr auto kTable = make_table();

// The instruction answers after three cycles but can be started in each, so three parts of this size are
// taken side by side. They are joined by moving the states before them on, as if that many zeros followed:
// multiplied by x^(8 * bytes).
constexpr size_t kLaneBytes = 1024;

constexpr uint32_t multiply(uint32_t left, uint32_t right) {
  uint32_t product = 0;
  for (uint32_t bit = 0x80000000U; bit != 0; bit >>= 1) {
    if ((left & bit) != 0) product ^= right;
    right = times_x(right);
  }
  return product;
}

using ShiftTable = std::array<std::array<uint32_t, 256>, 4>;

constexpr ShiftTable make_shift(size_t bytes) {
  uint32_t factor = 0x80000000U;
  for (size_t bit = 0; bit < 8 * bytes; ++bit) factor = times_x(factor);
  ShiftTable table{};
  for (size_t place = 0; place < 4; ++place) {
    for (uint32_t byte = 0; byte < 256; ++byte) table[place][byte] = multiply(factor, byte << (8 * place));
  }
  return table;
}
constexpr ShiftTable kByOneLane = make_shift(kLaneBytes);

uint32_t past_one_lane(uint32_t state) {
  return kByOneLane[0][state & 0xFF] ^ kByOneLane[1][(state >> 8) & 0xFF] ^
         kByOneLane[2][(state >> 16) & 0xFF] ^ kByOneLane[3][state >> 24];
}

uint64_t load_u64(const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

#if defined(__x86_64__)
[[gnu::target("sse4.2")]] uint32_t by_instruction(std::string_view text, uint32_t previous);
[[gnu::target("sse4.2")]] uint32_t add_word(uint32_t state, uint64_t word) {
  return static_cast<uint32_t>(_mm_crc32_u64(state, word));
}
[[gnu::target("sse4.2")]] uint32_t add_byte(uint32_t state, char byte) {
  return _mm_crc32_u8(state, static_cast<unsigned char>(byte));
}
bool has_instruction() { return __builtin_cpu_supports("sse4.2") != 0; }
#elif defined(__aarch64__)
[[gnu::target("+crc")]] uint32_t by_instruction(std::string_view text, uint32_t previous);
[[gnu::target("+crc")]] uint32_t add_word(uint32_t state, uint64_t word) { return __crc32cd(state, word); }
[[gnu::target("+crc")]] uint32_t add_byte(uint32_t state, char byte) {
  return __crc32cb(state, static_cast<unsigned char>(byte));
}
bool has_instruction() { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
#endif

#if defined(__x86_64__) || defined(__aarch64__)
uint32_t by_instruction(std::string_view text, uint32_t previous) {
  uint32_t state = ~previous;
  const char* at = text.data();
  size_t left = text.size();
  for (; left >= 3 * kLaneBytes; at += 3 * kLaneBytes, left -= 3 * kLaneBytes) {
    uint32_t second = 0;
    uint32_t third = 0;
    for (const char* const end = at + kLaneBytes; at < end; at += 8) {
      state = add_word(state, load_u64(at));
      second = add_word(second, load_u64(at + kLaneBytes));
      third = add_word(third, load_u64(at + 2 * kLaneBytes));
    }
    at -= kLaneBytes;
    state = past_one_lane(past_one_lane(state) ^ second) ^ third;
  }
  for (; left >= 8; at += 8, left -= 8) state = add_word(state, load_u64(at));
  for (; left > 0; ++at, --left) state = add_byte(state, *at);
  return ~state;
}
#else
uint32_t by_instruction(std::string_view text, uint32_t previous) { return crc32c_by_table(text, previous); }
bool has_instruction() { return false; }
#endif

}  // namespace

uint32_t crc32c_by_table(std::string_view text, uint32_t previous) {
  uint32_t value = ~previous;
  for (const char c : text) value = kTable[(value ^ static_cast<unsigned char>(c)) & 0xFF] ^ (value >> 8);
  return ~value;
}

uint32_t crc32c(std::string_view text, uint32_t previous) {
  static const bool kInstruction = has_instruction();
  return kInstruction ? by_instruction(text, previous) : crc32c_by_table(text, previous);
}

}  // namespace sluice
