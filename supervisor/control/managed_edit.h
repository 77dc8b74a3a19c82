// What backend and rule commands share: a YAML fragment of one item from the command line, and a
// change of the managed file with its outcome as the answer.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/managed.h"
#include "supervisor/control/answer.h"
#include "supervisor/supervisor.h"

namespace bulkhead::supervisor {

// Reads one item of the managed file's list `section` ("backends", "rules"; a rule stands under its
// key `rule`). The diagnostics have no place, and keys below the item's: "proxy.address".
config::ManagedResult read_fragment(const std::string& section, const std::string& fragment,
                                    const config::LoadOptions& options);

// True, and answered, when the fragment has errors or is not exactly one item.
runtime::Task<bool> refuse_fragment(const config::ManagedResult& read, std::size_t items,
                                    std::string what, Answer& answer);

// Changes the managed file by edit, rolls the result out, and answers. What edit has written into
// added by then is the key of a new item: complaints about that name its fields.
runtime::Task<void> change(Supervisor& supervisor,
                           std::function<std::string(config::Managed&)> edit, std::string success,
                           Answer& answer, std::shared_ptr<const std::string> added = nullptr);

}  // namespace bulkhead::supervisor
