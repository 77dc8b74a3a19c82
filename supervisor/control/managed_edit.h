// What backend and rule commands share: a YAML fragment of one item from the command line, and a
// change of the managed file with its outcome as the answer.
#pragma once

#include <functional>
#include <string>

#include "config/managed.h"
#include "supervisor/control/answer.h"
#include "supervisor/supervisor.h"

namespace bulkhead::supervisor {

// Reads one item of the managed file's list `section` ("backends", "rules"; a rule stands under its
// key `rule`). Positions in the diagnostics are those of the fragment.
config::ManagedResult read_fragment(const std::string& section, const std::string& fragment,
                                    const config::LoadOptions& options);

// True, and answered, when the fragment has errors or is not exactly one item.
runtime::Task<bool> refuse_fragment(const config::ManagedResult& read, std::size_t items,
                                    std::string what, Answer& answer);

// Changes the managed file by edit, rolls the result out, and answers.
runtime::Task<void> change(Supervisor& supervisor,
                           std::function<std::string(config::Managed&)> edit, std::string success,
                           Answer& answer);

}  // namespace bulkhead::supervisor
