// proxyctl: the command line of Bulkhead.
#include <exception>
#include <iostream>
#include <unistd.h>

#include "proxyctl/command_line.h"

int main(int argc, char** argv) {
  try {
    const int code = bulkhead::proxyctl::run_command_line({argv, argv + argc}, std::cout, std::cerr,
                                                          ::isatty(STDOUT_FILENO) == 1);
    std::cout.flush();
    return code == 0 && !std::cout ? 1 : code;  // what could not be written was not shown
  } catch (const std::exception& error) {
    std::cerr << "proxyctl: " << error.what() << '\n';
    return 1;
  }
}
