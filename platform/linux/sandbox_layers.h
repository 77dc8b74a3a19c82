// The layers of the sandbox, one function and one file a mechanism. Each tries, and says what came
// of it; the order in which they must be entered is sandbox.cpp's business.
#pragma once

#include <string>
#include <string_view>

#include "platform/sandbox.h"

namespace bulkhead::platform {

using Layer = SandboxReport::Layer;

Layer layer_on(std::string_view name, std::string detail);
Layer layer_off(std::string_view name, std::string detail);
Layer layer_unavailable(std::string_view name, std::string detail);
// "what: text of errno"
std::string failure_of(std::string_view what);

Layer enter_network_namespace();

// Takes away what the process could ever gain: the bounding set and root's privileges by uid.
// Before the identity, as it needs CAP_SETPCAP. Returns whether it could.
bool limit_future_capabilities();
// Takes away what it has. After the identity.
Layer drop_capabilities(bool future_limited);

Layer forbid_new_privileges();
Layer forbid_dumping();
Layer set_limits(const SandboxRequest& request);
Layer restrict_paths(const SandboxRequest& request);
Layer restrict_system_calls(const SandboxRequest& request);

}  // namespace bulkhead::platform
