// Entering the sandbox. The order is not free:
//   network namespace   needs CAP_SYS_ADMIN, or makes a user namespace: while still root, before
//   anything is given up bounding set        needs CAP_SETPCAP identity            needs
//   CAP_SETUID, and drops the capabilities along with it capabilities        what is left (all of
//   them, in a user namespace of our own) no_new_privs        condition of Landlock and seccomp for
//   a process without powers limits              RLIMIT_NPROC counts per user, so after the
//   identity Landlock            opens the paths it grants, so before seccomp seccomp last: nothing
//   above would be allowed under it
#include "platform/sandbox.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

#include "platform/linux/sandbox_layers.h"

namespace bulkhead::platform {
namespace {

[[noreturn]] void die(const Error& error) {
  const std::string text = "sandbox: " + error.to_string() + ", cannot go on\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
  _exit(70);  // EX_SOFTWARE
}

Layer take_identity(const Identity& identity) {
  if (identity.source == Identity::Source::invoking_user) {
    if (!is_root()) return layer_off(layer::identity, identity.to_string());
    return layer_unavailable(layer::identity, "runs as root: no identity was asked for");
  }
  const auto done = become(identity);
  if (done) return layer_on(layer::identity, identity.to_string());
  // setgroups is the first step: nothing has changed. Root in a container may lack the capabilities
  // for more.
  if (done.error().operation == "setgroups") {
    return layer_unavailable(layer::identity, done.error().to_string());
  }
  die(done.error());
}

Layer network_namespace(const SandboxRequest& request) {
  if (!request.empty_network_namespace) return layer_off(layer::network_namespace, "not asked for");
  return enter_network_namespace();
}

SandboxReport only_identity(const SandboxRequest& request) {
  SandboxReport report;
  const bool limited = limit_future_capabilities();
  report.layers.push_back(take_identity(request.identity));
  report.layers.push_back(drop_capabilities(limited));
  for (const std::string_view name :
       {layer::no_new_privileges, layer::network_namespace, layer::seccomp, layer::landlock,
        layer::limits, layer::not_dumpable}) {
    report.layers.push_back(layer_off(name, "sandbox: off"));
  }
  return report;
}

}  // namespace

Layer layer_on(std::string_view name, std::string detail) {
  return {std::string(name), SandboxReport::State::on, std::move(detail)};
}

Layer layer_off(std::string_view name, std::string detail) {
  return {std::string(name), SandboxReport::State::off, std::move(detail)};
}

Layer layer_unavailable(std::string_view name, std::string detail) {
  return {std::string(name), SandboxReport::State::unavailable, std::move(detail)};
}

std::string failure_of(std::string_view what) {
  return last_error(what).to_string();
}

SandboxReport enter_sandbox(const SandboxRequest& request) {
  if (request.mode == SandboxMode::off) return only_identity(request);
  Layer network = network_namespace(request);
  const bool limited = limit_future_capabilities();
  Layer identity = take_identity(request.identity);
  Layer capabilities = drop_capabilities(limited);
  Layer privileges = forbid_new_privileges();
  Layer dumping = forbid_dumping();
  Layer limits = set_limits(request);
  Layer paths = restrict_paths(request);
  Layer system_calls = restrict_system_calls(request);
  SandboxReport report;
  report.layers = {std::move(identity), std::move(capabilities), std::move(privileges),
                   std::move(network),  std::move(system_calls), std::move(paths),
                   std::move(limits),   std::move(dumping)};
  return report;
}

}  // namespace bulkhead::platform
