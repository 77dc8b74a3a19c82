// The far end of every measurement: one process, one port a service.
//   echo    sends back what it gets        source  sends without end, in writes of a given size
//   http    answers each request head with 64 octets, keep-alive
#pragma once

#include <cstddef>

namespace bulkhead::bench {

// Prints one line of JSON with the ports, then serves until standard input ends or `seconds` have
// passed.
int serve_origin(std::size_t write_size, int seconds);

}  // namespace bulkhead::bench
