// Block32: thirty-two bytes of text looked at together.
//
// x86-64 has SSE2 everywhere, so no choice is made while running. Elsewhere the same answers come from plain
// 64-bit arithmetic, eight bytes at a time; the tests compare the two.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// The hot path is one chain of small functions that carry the place in a register; they must melt together.
#define SLUICE_INLINE __attribute__((always_inline)) inline

namespace sluice::decode {

namespace portable {

// One bit per byte of eight: quote, backslash or control character. The lowest bit set is exact; a borrow can
// set wrong bits above it only.
SLUICE_INLINE uint32_t special_bits(const char* at) {
  constexpr uint64_t kOnes = 0x0101010101010101U;
  constexpr uint64_t kHighs = 0x8080808080808080U;
  uint64_t word = 0;
  std::memcpy(&word, at, 8);
  const uint64_t quote = word ^ (kOnes * '"');
  const uint64_t slash = word ^ (kOnes * '\\');
  const uint64_t found =
      (((quote - kOnes) & ~quote) | ((slash - kOnes) & ~slash) | ((word - kOnes * 0x20) & ~word)) & kHighs;
  return static_cast<uint32_t>((found >> 7) * 0x0102040810204080U >> 56);
}

// One bit per byte of eight: not ASCII.
SLUICE_INLINE uint32_t non_ascii_bits(const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, 8);
  return static_cast<uint32_t>((word >> 7 & 0x0101010101010101U) * 0x0102040810204080U >> 56);
}

// One bit per byte of eight: no decimal digit.
SLUICE_INLINE uint32_t no_digit_bits(const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, 8);
  // A byte is a digit when its high half is 3 and stays so after adding 6 to its low half; no half can carry
  // into the next.
  const uint64_t high = (word & 0xF0F0F0F0F0F0F0F0U) ^ 0x3030303030303030U;
  const uint64_t plus_6 = ((word & 0x0F0F0F0F0F0F0F0FU) + 0x0606060606060606U) & 0xF0F0F0F0F0F0F0F0U;
  uint64_t other = (high | plus_6) >> 4;  // the low half of each byte
  other |= other >> 2;
  other |= other >> 1;
  return static_cast<uint32_t>((other & 0x0101010101010101U) * 0x0102040810204080U >> 56);
}

}  // namespace portable

// The first 32 bytes of a string's inside; all of them must be readable.
class Block32 {
 public:
  SLUICE_INLINE explicit Block32(const char* at) {
#if defined(__SSE2__)
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16));
    special_ = bits(special(low)) | bits(special(high)) << 16;
    non_ascii_ = bits(low) | bits(high) << 16;
#else
    for (int i = 0; i < 32; i += 8) {
      special_ |= portable::special_bits(at + i) << i;
      non_ascii_ |= portable::non_ascii_bits(at + i) << i;
    }
#endif
  }

  // Bytes before the first quote, backslash or control character; 32 if there is none.
  SLUICE_INLINE int plain_bytes() const { return std::countr_zero(special_); }
  // Whether one of the first `count` bytes, at most 32, is not ASCII.
  SLUICE_INLINE bool has_non_ascii_before(int count) const {
    return (non_ascii_ & static_cast<uint32_t>((uint64_t{1} << count) - 1)) != 0;
  }

 private:
#if defined(__SSE2__)
  SLUICE_INLINE static __m128i special(__m128i bytes) {
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
    return _mm_or_si128(_mm_or_si128(quote, slash), control);
  }
  SLUICE_INLINE static uint32_t bits(__m128i bytes) {
    return static_cast<uint32_t>(_mm_movemask_epi8(bytes));
  }
#endif
  uint32_t special_ = 0;
  uint32_t non_ascii_ = 0;
};

// A bit for each of the 16 readable bytes at `at`: a decimal digit.
SLUICE_INLINE uint32_t digit_bits_within_16(const char* at) {
#if defined(__SSE2__)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i above_zero = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
  const __m128i digit = _mm_cmpeq_epi8(_mm_min_epu8(above_zero, _mm_set1_epi8(9)), above_zero);
  return static_cast<uint32_t>(_mm_movemask_epi8(digit));
#else
  return 0xFFFF ^ (portable::no_digit_bits(at) | portable::no_digit_bits(at + 8) << 8);
#endif
}
// The same for 32.
SLUICE_INLINE uint32_t digit_bits_within_32(const char* at) {
  return digit_bits_within_16(at) | digit_bits_within_16(at + 16) << 16;
}

// Whether the bytes at `left` and `right` are the same wherever the low 16 bits of `which` say so; the others
// play no part. 16 bytes of both must be readable.
SLUICE_INLINE bool same_16(const char* left, const char* right, uint32_t which) {
#if defined(__SSE2__)
  const __m128i same = _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(left)),
                                      _mm_loadu_si128(reinterpret_cast<const __m128i*>(right)));
  return (~static_cast<uint32_t>(_mm_movemask_epi8(same)) & which & 0xFFFF) == 0;
#else
  return std::memcmp(left, right, static_cast<size_t>(std::countr_one(which & 0xFFFF))) == 0;
#endif
}

// The number that eight decimal digits mean.
SLUICE_INLINE uint64_t eight_digits(const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, 8);
  // Neighbours are joined to pairs, pairs to fours, fours to the whole; the first digit is in the lowest
  // byte.
  word = (word & 0x0F0F0F0F0F0F0F0FU) * (1 + (10 << 8)) >> 8;
  word = (word & 0x00FF00FF00FF00FFU) * (1 + (100 << 16)) >> 16;
  return (word & 0x0000FFFF0000FFFFU) * (1 + (uint64_t{10000} << 32)) >> 32;
}

}  // namespace sluice::decode
