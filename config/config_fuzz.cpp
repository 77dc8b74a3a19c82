// Arbitrary bytes as a configuration. What loads must show, project and load again as the same.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "config/diff.h"
#include "config/load.h"
#include "config/managed.h"
#include "config/projection.h"

namespace {

using namespace bulkhead::config;

// A variable that every expansion finds: what follows from it is worth reaching.
std::optional<std::string> environment(std::string_view name) {
  if (name == "UNSET") return std::nullopt;
  return "1080";
}

void fail(const char* what, std::string_view text) {
  std::fprintf(stderr, "%s:\n%.*s\n", what, static_cast<int>(text.size()), text.data());
  std::abort();
}

// Hashes are masked, and a mask is no hash; everything else that show() writes must load.
void check_show(const Config& config) {
  const std::string shown = show(config);
  LoadOptions options;
  options.environment = environment;
  const LoadResult again = load_text(shown, "shown", options);
  for (const Diagnostic& diagnostic : again.diagnostics)
    if (diagnostic.severity == Severity::error &&
        diagnostic.key.find("password_hash") == std::string::npos)
      fail(to_string(diagnostic).c_str(), shown);
  if (again.config && show(*again.config) != shown) fail("shows differently", shown);
}

void check_projection(const Config& config, Role role) {
  const std::string text = project(config, role);
  const LoadResult result = load_projection(text);
  if (!result.config) fail(to_string(result.diagnostics.front()).c_str(), text);
  if (project(*result.config, role) != text) fail("projects differently", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  LoadOptions options;
  options.environment = environment;
  const LoadResult result = load_text(text, "fuzz", options);
  if ((result.config == nullptr) != has_errors(result.diagnostics))
    fail("errors and result disagree", text);
  for (const Diagnostic& diagnostic : result.diagnostics) (void)to_string(diagnostic);
  (void)read_managed_text(text, "fuzz", options);
  if (!result.config) return 0;
  check_show(*result.config);
  for (const Role role :
       {Role::acceptor, Role::egress, Role::tunnel, Role::auth, Role::vault, Role::admin})
    check_projection(*result.config, role);
  return 0;
}
