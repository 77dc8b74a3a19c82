// Finds which entries' domain patterns cover a host, in time that depends on the host's labels and
// not on the number of patterns: a hash lookup for the name itself and one for each of its parents.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bulkhead::acceptor {

class DomainIndex {
 public:
  using Entry = std::uint32_t;

  // pattern as config::DomainPattern has it: normalised, "name", "*.name" (the apex included) or an
  // address literal.
  // "*" is not for this index.
  void add(std::string_view pattern, Entry entry);

  // Appends each entry that covers the host, in no order and perhaps twice. host: as
  // normalise_host() makes it.
  void find(std::string_view host, std::vector<Entry>& out) const;
  bool empty() const { return exact_.empty() && below_.empty(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Map = std::unordered_map<std::string, std::vector<Entry>, Hash, std::equal_to<>>;

  static void add(Map& map, std::string_view key, Entry entry);
  static void append(const Map& map, std::string_view key, std::vector<Entry>& out);

  Map exact_;
  Map below_;  // by the name without "*."
};

}  // namespace bulkhead::acceptor
