// The near end: keeps a number of connections busy through a proxy for a given time.
#pragma once

#include <cstdint>
#include <string>

namespace bulkhead::bench {

enum class Work {
  bulk,   // read what the source sends
  echo,   // 64 octets there and back, one message under way a connection
  churn,  // connect, one echo, close, again
  idle,   // open the connections, one echo each, and hold them
  http,   // GET with keep-alive, one request under way a connection
};
enum class Via { tcp, connect, socks5, forward };  // forward: GET with an absolute URI

struct LoadOptions {
  Work work = Work::echo;
  Via via = Via::tcp;
  std::uint16_t proxy = 0;   // the port connected to; the origin's own for a direct run
  std::uint16_t origin = 0;  // the port asked for
  int connections = 50;      // at most 20000
  double seconds = 3;        // measured, after all connections were opened
};

// Prints one line of JSON: seconds, operations, bytes, failures, p50_us, p99_us. An idle run prints
// when all are open, and holds them until standard input ends or the time is over.
int run_load(const LoadOptions& options);

}  // namespace bulkhead::bench
