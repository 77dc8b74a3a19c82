// Throws octets at the reader of JWK Sets, and lets every key that comes of it check a signature:
// none may be right, and none may be of a kind that could have made it.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "workers/auth/method/oauth/keys.h"
#include "workers/auth/method/oauth/signature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead;
  const std::string text(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t lengths[] = {64, 96, 132, 256, 114};
  for (const auth::Key& key : auth::parse_keys(text)) {
    if (!key.key) std::abort();
    for (int each = 0; each <= static_cast<int>(config::JwtAlgorithm::eddsa); ++each) {
      const auto algorithm = static_cast<config::JwtAlgorithm>(each);
      if (!key.suits(algorithm)) continue;
      for (const std::size_t length : lengths)
        if (auth::is_signed_by(key, algorithm, "header.claims", std::string(length, 'x')))
          std::abort();
    }
  }
  return 0;
}
