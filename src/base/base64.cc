#include "base/base64.h"

#include <array>
#include <cstdint>

namespace sluice {
namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint32_t kNone = 1U << 24;  // beyond the 24 bits that four letters make

// Four tables, one for each place of a letter in its group, with the letter's bits already where they belong:
// a group is four loads, three ORs and one test.
using Table = std::array<uint32_t, 256>;
constexpr Table table_for(unsigned shift) {
  Table table{};
  for (uint32_t& entry : table) entry = kNone;
  for (size_t i = 0; i < kLetters.size(); ++i)
    table[static_cast<unsigned char>(kLetters[i])] = static_cast<uint32_t>(i) << shift;
  return table;
}
constexpr std::array<Table, 4> kTables = {table_for(18), table_for(12), table_for(6), table_for(0)};

uint32_t group(const char* four) {
  return kTables[0][static_cast<unsigned char>(four[0])] | kTables[1][static_cast<unsigned char>(four[1])] |
         kTables[2][static_cast<unsigned char>(four[2])] | kTables[3][static_cast<unsigned char>(four[3])];
}

void put(uint32_t bits, char* three) {
  three[0] = static_cast<char>(bits >> 16);
  three[1] = static_cast<char>(bits >> 8);
  three[2] = static_cast<char>(bits);
}

// The last group, which may end in one or two `=`; the bits that they leave over must be 0.
std::optional<size_t> last_group(const char* four, char* to) {
  const size_t padding = four[3] != '=' ? 0U : four[2] != '=' ? 1U : 2U;
  const std::array<char, 4> letters = {four[0], four[1], padding > 1 ? 'A' : four[2],
                                       padding > 0 ? 'A' : four[3]};
  const uint32_t bits = group(letters.data());
  if ((bits & kNone) != 0 || (padding == 1 && (bits & 0xFF) != 0) || (padding == 2 && (bits & 0xFFFF) != 0))
    return std::nullopt;
  std::array<char, 3> bytes{};
  put(bits, bytes.data());
  for (size_t i = 0; i < 3 - padding; ++i) to[i] = bytes[i];
  return 3 - padding;
}

}  // namespace

std::optional<size_t> base64_decode_into(std::string_view text, char* to) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.empty()) return 0;
  const char* from = text.data();
  const char* last = from + text.size() - 4;
  char* out = to;
  uint32_t seen = 0;
  for (; from + 16 <= last; from += 16, out += 12) {
    const std::array<uint32_t, 4> bits = {group(from), group(from + 4), group(from + 8), group(from + 12)};
    seen |= bits[0] | bits[1] | bits[2] | bits[3];
    for (size_t i = 0; i < 4; ++i) put(bits[i], out + 3 * i);
  }
  for (; from < last; from += 4, out += 3) {
    const uint32_t bits = group(from);
    seen |= bits;
    put(bits, out);
  }
  if ((seen & kNone) != 0) return std::nullopt;
  const auto rest = last_group(from, out);
  if (!rest) return std::nullopt;
  return static_cast<size_t>(out - to) + *rest;
}

}  // namespace sluice
