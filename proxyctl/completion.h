// Completion scripts, one a shell. Names of backends and rules are asked of the daemon while the
// user types; they are never evaluated by the shell.
#pragma once

#include <string>
#include <vector>

#include "proxyctl/completion_model.h"

namespace bulkhead::proxyctl {

std::string bash_completion(const std::string& program,
                            const std::vector<CompletionCommand>& model);
std::string zsh_completion(const std::string& program, const std::vector<CompletionCommand>& model);
std::string fish_completion(const std::string& program,
                            const std::vector<CompletionCommand>& model);

}  // namespace bulkhead::proxyctl
