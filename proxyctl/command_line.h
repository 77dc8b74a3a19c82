// The whole program but main(): what the arguments mean.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace bulkhead::proxyctl {

// Runs one command and returns the exit code. arguments begins with the name the program was called
// by: simple-proxy-server and simple-proxy-client also know `start`.
int run_command_line(const std::vector<std::string>& arguments, std::ostream& out,
                     std::ostream& err, bool out_is_terminal);

}  // namespace bulkhead::proxyctl
