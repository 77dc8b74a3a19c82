// The methods that ask somebody else, made from the configuration. What they need of the process
// beside that is got before it enters its sandbox.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/auth_methods.h"
#include "config/server.h"
#include "workers/auth/method/method.h"
#include "workers/auth/method/system/pam_broker.h"

namespace bulkhead::auth {

// What outlives the configuration's generations.
struct Surroundings {
  std::shared_ptr<PamBroker> pam;  // null when it could not be started
  bool trial = false;  // the process only sees whether it could do its work: it changes nothing
  bool has_directory = true;  // it stands in one of its own; a trial may come before there is one
};

// Lets the libraries load and read what they want of the file system once: plugins, resolvers,
// tables. Call it once, before the sandbox, while there is one thread.
void wake_libraries();

// Starts PAM's broker. Call it once, before the sandbox, while there is one thread.
// libexec: the folder of pam-check. services: see PamBroker::start.
Surroundings start_pam(const std::string& libexec, const std::string& services = {});

// Files that the methods read while they work (CAs), for the sandbox.
std::vector<std::string> readable_files(const config::Auth& settings);

// Null for a mode that is not one of these: none and native.
std::unique_ptr<Method> make_method(config::AuthMode mode, const config::Auth& settings,
                                    const Surroundings& surroundings);

}  // namespace bulkhead::auth
