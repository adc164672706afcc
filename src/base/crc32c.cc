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

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F63B78U : 0U);
    table[byte] = value;
  }
  return table;
}
constexpr auto kTable = make_table();

uint64_t load_u64(const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t by_instruction(std::string_view text, uint32_t previous) {
  uint64_t value = ~previous;
  const char* at = text.data();
  size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) value = _mm_crc32_u64(value, load_u64(at));
  auto tail = static_cast<uint32_t>(value);
  for (; left > 0; ++at, --left) tail = _mm_crc32_u8(tail, static_cast<unsigned char>(*at));
  return ~tail;
}
bool has_instruction() { return __builtin_cpu_supports("sse4.2") != 0; }
#elif defined(__aarch64__)
__attribute__((target("+crc"))) uint32_t by_instruction(std::string_view text, uint32_t previous) {
  uint32_t value = ~previous;
  const char* at = text.data();
  size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) value = __crc32cd(value, load_u64(at));
  for (; left > 0; ++at, --left) value = __crc32cb(value, static_cast<unsigned char>(*at));
  return ~value;
}
bool has_instruction() { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
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
