// The configuration reader: any text gives settings or an error that names a line.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "app/options.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  const auto layer = app::parse_config_text({reinterpret_cast<const char*>(data), size}, "shop.toml");
  if (!layer.ok()) CHECK(layer.error().message.starts_with("shop.toml:"));
  return 0;
}
