// A seccomp filter under construction: what is not allowed by name kills the process. A thin layer
// over libseccomp that takes system calls by name, so that one list serves every architecture and
// every age of the headers: a name that the architecture does not have is left out.
#pragma once

#include <initializer_list>
#include <seccomp.h>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/sandbox.h"

namespace bulkhead::platform {

class SystemCallFilter {
 public:
  SystemCallFilter();
  ~SystemCallFilter();
  SystemCallFilter(const SystemCallFilter&) = delete;
  SystemCallFilter& operator=(const SystemCallFilter&) = delete;

  using Conditions = std::initializer_list<scmp_arg_cmp>;  // all must hold; one a argument

  void allow(const char* name, Conditions conditions = {});
  void allow(std::span<const char* const> names);
  // Fails with an errno instead of ending the process: for what libraries try and can do without.
  void refuse(const char* name, int error, Conditions conditions = {});
  void refuse(std::span<const char* const> names, int error);

  // From here on, for this process and for good. An empty string, or what went wrong.
  std::string install();

  int rules() const { return rules_; }

 private:
  void add(std::uint32_t action, const char* name, Conditions conditions);

  scmp_filter_ctx context_ = nullptr;
  int rules_ = 0;
  int failure_ = 0;  // errno of the first rule that could not be added
  std::string failed_;
};

// An unsigned 32-bit range [first, first + size) whose size is a power of two and divides first:
// what one masked comparison can test.
struct AlignedBlock {
  std::uint32_t first = 0;
  std::uint64_t size = 1;
  scmp_datum_t mask() const { return 0xFFFFFFFFULL & ~(size - 1); }
};
// The blocks that together are every 32-bit number but the given ones.
std::vector<AlignedBlock> everything_but(std::span<const int> numbers);

// What each profile may do.
void add_acceptor_rules(SystemCallFilter& filter, std::span<const int> message_descriptors);
void add_egress_rules(SystemCallFilter& filter);
void add_vault_rules(SystemCallFilter& filter);
void add_auth_rules(SystemCallFilter& filter);

}  // namespace bulkhead::platform
