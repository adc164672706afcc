// What g++ 12's own libraries ask of a libc newer than Amazon Linux 2023's 2.34, done with what 2.34 has.
//
// Linked into the Lambda executable only. A test holds the executable against GLIBC_2.34.
#include <dlfcn.h>
#include <link.h>
#include <sys/random.h>

#include <cstdint>
#include <cstdlib>

namespace sluice::app {
namespace {

struct Wanted {
  uintptr_t at;
  dl_find_object* found;
};

int look_into(dl_phdr_info* info, size_t, void* wanted_by) {
  auto* wanted = static_cast<Wanted*>(wanted_by);
  const ElfW(Phdr)* unwind_table = nullptr;
  uintptr_t start = UINTPTR_MAX;
  uintptr_t end = 0;
  bool inside = false;
  for (size_t i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    const uintptr_t first = info->dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_GNU_EH_FRAME) unwind_table = &header;
    if (header.p_type != PT_LOAD) continue;
    start = first < start ? first : start;
    end = first + header.p_memsz > end ? first + header.p_memsz : end;
    inside = inside || (wanted->at >= first && wanted->at < first + header.p_memsz);
  }
  if (!inside || unwind_table == nullptr) return 0;
  wanted->found->dlfo_map_start = reinterpret_cast<void*>(start);
  wanted->found->dlfo_map_end = reinterpret_cast<void*>(end);
  wanted->found->dlfo_eh_frame = reinterpret_cast<void*>(info->dlpi_addr + unwind_table->p_vaddr);
  return 1;
}

}  // namespace

}  // namespace sluice::app

extern "C" {

// The random numbers behind std::random_device; since glibc 2.36.
uint32_t arc4random() {
  uint32_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != ssize_t{sizeof number}) std::abort();
  return number;
}

// Where the code at an address can be unwound, for exceptions; since glibc 2.35.
int _dl_find_object(void* at, dl_find_object* found) noexcept {
  sluice::app::Wanted wanted{reinterpret_cast<uintptr_t>(at), found};
  return dl_iterate_phdr(sluice::app::look_into, &wanted) == 1 ? 0 : -1;
}

}  // extern "C"
