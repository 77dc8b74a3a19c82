#include "supervisor/upgrade/state.h"

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "platform/process.h"
#include "platform/sealed_memory.h"
#include "supervisor/options.h"

namespace bulkhead::supervisor {
namespace {

constexpr std::string_view magic = "bulkhead";
constexpr std::size_t max_state_bytes = 64 * 1024 * 1024;

struct Heading {
  proto::Text<8> name;
  std::uint16_t version = 0;
  static auto fields(auto& self) { return std::tie(self.name, self.version); }
};

std::span<const std::uint8_t> octets(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

tl::unexpected<std::string> fail(std::string why) {
  return tl::unexpected(std::move(why));
}

void add(std::vector<int>& all, std::int32_t descriptor) {
  if (descriptor >= 0) all.push_back(descriptor);
}

}  // namespace

std::string encode_state(const DaemonState& state) {
  proto::Bytes bytes;
  proto::Writer writer(bytes);
  writer.put(Heading{magic, state_version});
  writer.put(state);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

tl::expected<DaemonState, std::string> decode_state(std::string_view bytes) {
  proto::Reader reader(octets(bytes));
  Heading heading;
  if (!reader.get(heading) || heading.name.value != magic)
    return fail("what the running program leaves is no state of a bulkhead");
  if (heading.version != state_version) {
    return tl::unexpected("the running program leaves its state in layout " +
                          std::to_string(heading.version) + ", this one reads layout " +
                          std::to_string(state_version) + ": stop the old one and start this one");
  }
  DaemonState state;
  if (!reader.get(state) || !reader.at_end())
    return fail("the state that the running program leaves is damaged");
  const std::string problem = check_state(state);
  if (!problem.empty())
    return fail("the state that the running program leaves is damaged: it names " + problem);
  return state;
}

std::vector<int> descriptors_of(const DaemonState& state) {
  std::vector<int> all;
  for (const std::int32_t one : {state.program, state.lock, state.notifier, state.control})
    add(all, one);
  const PagesState& pages = state.pages;
  for (const std::int32_t one : {pages.backends, pages.health, pages.limits, pages.bans})
    add(all, one);
  for (const std::int32_t page : state.pages.counters.items) add(all, page);
  for (const std::int32_t asker : state.askers.items) add(all, asker);
  for (const ListenerState& listener : state.listeners.items) add(all, listener.socket);
  for (const WorkerState& worker : state.workers.items) {
    for (const std::int32_t one :
         {worker.pidfd, worker.control, worker.output, worker.egress_end, worker.auth_end,
          worker.recorder, worker.tenure.vault_end, worker.tenure.flows, worker.tenure.copies})
      add(all, one);
  }
  return all;
}

tl::expected<platform::UniqueFd, std::string> seal_state(const DaemonState& state) {
  auto memory = platform::create_sealed_memory("bulkhead-state", encode_state(state));
  if (!memory) return tl::unexpected(memory.error().to_string());
  return std::move(*memory);
}

std::string give_back(DaemonState state, const std::string& problem,
                      const std::vector<std::string>& arguments) {
  state.problem = problem;
  const auto memory = seal_state(state);
  if (!memory) return memory.error();
  platform::Replacement replacement;
  replacement.program = state.program;
  replacement.arguments = arguments;
  replacement.arguments.insert(replacement.arguments.begin(), state.program_path.value);
  replacement.environment = whole_environment();
  replacement.environment.push_back(std::string(state_variable) + '=' +
                                    std::to_string(memory->get()));
  replacement.kept = descriptors_of(state);
  replacement.kept.push_back(memory->get());
  return platform::replace_program(replacement).to_string();
}

Inheritance take_state() {
  const char* text = std::getenv(state_variable);
  if (text == nullptr) return std::nullopt;
  int number = -1;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), number);
  const bool good = error == std::errc{} && *end == '\0' && number > 2;
  ::unsetenv(state_variable);
  if (!good) return tl::unexpected(std::string(state_variable) + " is not a descriptor");
  const platform::UniqueFd memory(number);
  const auto bytes = platform::read_sealed_memory(memory.get(), max_state_bytes);
  if (!bytes) return tl::unexpected("cannot read the state: " + bytes.error().to_string());
  auto state = decode_state(*bytes);
  if (state) {
    for (const int descriptor : descriptors_of(*state))
      platform::set_inheritable(descriptor, false);
  }
  return state;
}

}  // namespace bulkhead::supervisor
