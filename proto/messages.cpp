#include "proto/messages.h"

namespace bulkhead::proto {

bool is_well_formed(MessageType type, std::span<const std::uint8_t> body) {
  bool good = false;
  for_each_message([&]<typename Message>() {
    if (Message::type == type) good = decode<Message>(body).has_value();
  });
  return good;
}

}  // namespace bulkhead::proto
