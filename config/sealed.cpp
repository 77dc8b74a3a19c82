#include "config/sealed.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "platform/unique_fd.h"

namespace bulkhead::config {
namespace {

constexpr int variant = sodium_base64_VARIANT_ORIGINAL;
using Key = std::array<unsigned char, crypto_secretbox_KEYBYTES>;
using Bytes = std::vector<unsigned char>;

std::string encode(const unsigned char* bytes, std::size_t size) {
  std::string text(sodium_base64_encoded_len(size, variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes, size, variant);
  text.pop_back();
  return text;
}

bool decode(std::string_view text, Bytes& out) {
  out.resize(text.size());
  if (text.empty()) return true;
  std::size_t size = 0;
  if (sodium_base642bin(out.data(), out.size(), text.data(), text.size(), nullptr, &size, nullptr,
                        variant) != 0)
    return false;
  out.resize(size);
  return true;
}

// Wiped when it goes.
class OpenKey {
 public:
  explicit OpenKey(const platform::Secret& text) {
    std::size_t size = 0;
    const std::string_view encoded = text.reveal();
    good_ = sodium_base642bin(key_.data(), key_.size(), encoded.data(), encoded.size(), nullptr,
                              &size, nullptr, variant) == 0 &&
            size == key_.size();
  }
  ~OpenKey() { sodium_memzero(key_.data(), key_.size()); }
  OpenKey(const OpenKey&) = delete;
  OpenKey& operator=(const OpenKey&) = delete;
  bool good() const { return good_; }
  const unsigned char* data() const { return key_.data(); }

 private:
  Key key_{};
  bool good_ = false;
};

}  // namespace

platform::Secret new_sealing_key() {
  Key key{};
  crypto_secretbox_keygen(key.data());
  std::string text = encode(key.data(), key.size());
  platform::Secret secret(text);
  platform::wipe(text);
  sodium_memzero(key.data(), key.size());
  return secret;
}

tl::expected<platform::Secret, std::string> read_sealing_key(const std::string& path) {
  const platform::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0)
    return tl::unexpected(path + ": " + std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return tl::unexpected(path + ": is no plain file");
  if ((status.st_mode & (S_IRGRP | S_IROTH | S_IWGRP | S_IWOTH)) != 0)
    return tl::unexpected(path + ": others may read or write it (chmod 600)");
  std::array<char, 128> text{};
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  std::string_view line(text.data(), got < 0 ? 0 : static_cast<std::size_t>(got));
  line = line.substr(0, line.find_first_of("\r\n"));
  platform::Secret key(line);
  sodium_memzero(text.data(), text.size());
  if (!OpenKey(key).good())
    return tl::unexpected(path + ": holds no key (proxyctl secret key makes one)");
  return key;
}

std::string seal(std::string_view secret, const platform::Secret& key) {
  const OpenKey open(key);
  Bytes sealed(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + secret.size());
  randombytes_buf(sealed.data(), crypto_secretbox_NONCEBYTES);
  crypto_secretbox_easy(sealed.data() + crypto_secretbox_NONCEBYTES,
                        reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
                        sealed.data(), open.data());
  return std::string(sealed_prefix) + encode(sealed.data(), sealed.size());
}

tl::expected<platform::Secret, std::string> unseal(std::string_view sealed,
                                                   const platform::Secret& key) {
  const OpenKey open(key);
  Bytes bytes;
  constexpr std::size_t least = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
  if (!sealed.starts_with(sealed_prefix) || !open.good() ||
      !decode(sealed.substr(sealed_prefix.size()), bytes) || bytes.size() < least)
    return tl::unexpected(std::string("is no sealed secret"));
  std::vector<char> clear(bytes.size() - least);
  const int opened = crypto_secretbox_open_easy(
      reinterpret_cast<unsigned char*>(clear.data()), bytes.data() + crypto_secretbox_NONCEBYTES,
      bytes.size() - crypto_secretbox_NONCEBYTES, bytes.data(), open.data());
  if (opened != 0)
    return tl::unexpected(std::string("was sealed with another key, or was changed"));
  platform::Secret secret(std::string_view(clear.data(), clear.size()));
  platform::wipe(std::span(clear));
  return secret;
}

}  // namespace bulkhead::config
