// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78, initial and final xor 0xFFFFFFFF).
//
// Uses the processor's instruction where there is one and a table otherwise; both give the same value.
// crc32c("123456789") = 3808858755.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

// The checksum of `text`; `previous` is the checksum of what came before it, so pieces can be chained.
uint32_t crc32c(std::string_view text, uint32_t previous = 0);

// The table form, whatever the processor offers. For tests.
uint32_t crc32c_by_table(std::string_view text, uint32_t previous = 0);

}  // namespace sluice
