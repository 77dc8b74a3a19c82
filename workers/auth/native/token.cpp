#include "workers/auth/native/token.h"

#include <algorithm>
#include <array>
#include <sodium.h>

namespace bulkhead::auth {
namespace {

constexpr std::size_t random_bytes = 32;
constexpr std::size_t text_bytes = 43;  // base64 without padding
constexpr std::size_t password_length = 20;
constexpr std::string_view password_characters = "abcdefghijkmnpqrstuvwxyz23456789";

}  // namespace

platform::Secret new_token() {
  std::array<unsigned char, random_bytes> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  std::array<char, text_bytes + 1> text{};
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  std::string token(token_prefix);
  token.reserve(token_prefix.size() + text_bytes);
  token.append(text.data(), text_bytes);
  const platform::Secret secret(token);
  platform::wipe(token);
  sodium_memzero(text.data(), text.size());
  sodium_memzero(bytes.data(), bytes.size());
  return secret;
}

platform::Secret new_password() {
  std::array<char, password_length> text{};
  for (char& c : text)
    c = password_characters[randombytes_uniform(
        static_cast<std::uint32_t>(password_characters.size()))];
  const platform::Secret secret(std::string_view(text.data(), text.size()));
  sodium_memzero(text.data(), text.size());
  return secret;
}

bool looks_like_token(std::string_view text) {
  if (!text.starts_with(token_prefix)) return false;
  text.remove_prefix(token_prefix.size());
  return text.size() == text_bytes && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

std::string token_hash(std::string_view token) {
  std::array<unsigned char, 32> hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(token.data()),
                     token.size(), nullptr, 0);
  std::array<char, 65> text{};
  sodium_bin2hex(text.data(), text.size(), hash.data(), hash.size());
  return {text.data(), 64};
}

}  // namespace bulkhead::auth
