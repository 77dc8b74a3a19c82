// What is in force, in words.
#include <algorithm>

#include "platform/sandbox.h"

namespace bulkhead::platform {

std::string_view to_string(SandboxProfile profile) {
  switch (profile) {
    case SandboxProfile::acceptor:
      return "acceptor";
    case SandboxProfile::egress:
      return "egress";
    case SandboxProfile::vault:
      return "vault";
    case SandboxProfile::auth:
      return "auth";
  }
  return "unknown";
}

std::string_view to_string(SandboxReport::State state) {
  switch (state) {
    case SandboxReport::State::on:
      return "on";
    case SandboxReport::State::off:
      return "off";
    case SandboxReport::State::unavailable:
      return "unavailable";
  }
  return "unavailable";
}

bool SandboxReport::complete() const {
  return std::none_of(layers.begin(), layers.end(),
                      [](const Layer& layer) { return layer.state == State::unavailable; });
}

const SandboxReport::Layer* SandboxReport::find(std::string_view name) const {
  const auto found = std::find_if(layers.begin(), layers.end(),
                                  [name](const Layer& layer) { return layer.name == name; });
  return found == layers.end() ? nullptr : &*found;
}

std::string SandboxReport::to_string() const {
  std::string text;
  for (const Layer& layer : layers) {
    if (!text.empty()) text += ", ";
    text += layer.name;
    text += ' ';
    text += platform::to_string(layer.state);
    if (!layer.detail.empty()) text += " (" + layer.detail + ")";
  }
  return text;
}

}  // namespace bulkhead::platform
