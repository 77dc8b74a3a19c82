#include "proto/audit_chain.h"

#include <array>
#include <sodium.h>

namespace bulkhead::proto {
namespace {

constexpr std::size_t hash_bytes = 32;

}  // namespace

std::string chain_hash(std::string_view before, const AuditRow& row) {
  AuditRow hashed = row;
  hashed.hash = {};
  Bytes bytes;
  Writer writer(bytes);
  writer.put(Text<64>(before));
  writer.put(hashed);
  std::array<unsigned char, hash_bytes> hash{};
  crypto_generichash(hash.data(), hash.size(), bytes.data(), bytes.size(), nullptr, 0);
  std::string text(2 * hash_bytes + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), hash.data(), hash.size());
  text.pop_back();
  return text;
}

bool AuditChain::add(const AuditRow& row) {
  if (broken_at_) return false;
  if (row.number != entries_ + 1 || row.hash.value != chain_hash(head_, row)) {
    broken_at_ = row.number;
    return false;
  }
  ++entries_;
  head_ = row.hash.value;
  return true;
}

}  // namespace bulkhead::proto
