// The state of another program: whatever it is, it is refused, or it makes sense and comes back the
// same.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "supervisor/upgrade/state.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::supervisor;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto state = decode_state(bytes);
  if (!state) {
    require(!state.error().empty());
    return 0;
  }
  const auto descriptors = descriptors_of(*state);
  require(std::all_of(descriptors.begin(), descriptors.end(), [](int one) { return one > 2; }));
  const std::string again = encode_state(*state);
  const auto back = decode_state(again);
  require(back && encode_state(*back) == again);
  return 0;
}
