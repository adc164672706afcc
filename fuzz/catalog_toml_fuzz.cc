// The catalog reader: any text gives a catalog or an error that names a line; what was read is written and
// read again unchanged.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "catalog/catalog.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  const auto read = catalog::parse_toml({reinterpret_cast<const char*>(data), size}, "shop.toml");
  if (!read.ok()) {
    CHECK(read.error().message.starts_with("shop.toml:"));
    return 0;
  }
  const std::string text = catalog::to_toml(read.value());
  const auto again = catalog::parse_toml(text, "shop.toml");
  CHECK(again.ok());
  CHECK(catalog::to_toml(again.value()) == text);
  return 0;
}
