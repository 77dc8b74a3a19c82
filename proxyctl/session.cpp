#include "proxyctl/session.h"

#include "proxyctl/terminal_text.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

std::string with_line_end(std::string text) {
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text;
}

ExitCode fail_with(const Session& session, const Failure& failure, const Answer& answer) {
  session.err << "proxyctl: " << printable_lines(failure.message) << '\n';
  if (session.json) {
    JsonWriter json(session.out);
    json.begin_object();
    json.member("ok", false);
    json.member("exit_code", static_cast<unsigned>(failure.code));
    json.member("error", failure.message);
    if (!answer.text.empty()) json.member("output", answer.text);
    write_details(json, answer);
    json.end_object();
  }
  return failure.code;
}

ExitCode refused(const Session& session, const Answer& answer) {
  if (!session.json) {
    session.err << printable_lines(with_line_end(answer.text));
    print_details(session.err, answer);
  }
  Failure failure{static_cast<ExitCode>(answer.done.exit_code), answer.done.message.value};
  if (failure.message.empty()) failure.message = "the command failed";
  return fail_with(session, failure, answer);
}

template <typename Asked>
ExitCode ask_then(const Session& session, const Asked& question,
                  const std::function<void(const Answer&)>& show) {
  const auto timeout =
      std::chrono::milliseconds(static_cast<std::int64_t>(session.timeout_s * 1000));
  const auto answer = ask(session.runtime_directory, question, timeout);
  if (!answer) return fail(session, answer.error());
  if (answer->done.exit_code != 0) return refused(session, *answer);
  show(*answer);
  return ExitCode::ok;
}

}  // namespace

void acknowledge(const Session& session, const Answer& answer) {
  if (session.json) {
    JsonWriter json(session.out);
    json.begin_object();
    json.member("ok", true);
    json.member("message", answer.done.message.value);
    if (!answer.text.empty()) json.member("output", answer.text);
    write_details(json, answer);
    json.end_object();
    return;
  }
  session.out << printable_lines(with_line_end(answer.text));
  print_details(session.out, answer);
  // Where there is something to take, it is taken without the words about it.
  (answer.text.empty() ? session.out : session.err)
      << printable_lines(with_line_end(answer.done.message.value));
}

ExitCode fail(const Session& session, const Failure& failure) {
  return fail_with(session, failure, {});
}

ExitCode ask_and_show(const Session& session, const Question& question,
                      const std::function<void(const Answer&)>& show) {
  return ask_then(session, question, show);
}

ExitCode ask_and_show(const Session& session, const AuthQuestion& question,
                      const std::function<void(const Answer&)>& show) {
  return ask_then(session, question, show);
}

ExitCode ask_and_acknowledge(const Session& session, const Question& question) {
  return ask_then(session, question,
                  [&session](const Answer& answer) { acknowledge(session, answer); });
}

ExitCode ask_and_acknowledge(const Session& session, const AuthQuestion& question) {
  return ask_then(session, question,
                  [&session](const Answer& answer) { acknowledge(session, answer); });
}

}  // namespace bulkhead::proxyctl
