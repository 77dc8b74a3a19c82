// audit list, audit verify.
#include "proto/audit_chain.h"
#include "proxyctl/commands.h"
#include "proxyctl/terminal_text.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
namespace {

struct Finding {
  proto::AuditChain chain;
  bool head_found = false;  // the hash that was noted is in it
};

void show(const Session& session, const Finding& finding, bool sound, const std::string& why) {
  if (session.json) {
    JsonWriter json(session.out);
    json.begin_object();
    json.member("ok", sound);
    json.member("entries", finding.chain.entries());
    json.member("head", finding.chain.head());
    if (!sound) json.member("problem", why);
    json.end_object();
    return;
  }
  if (!sound) session.err << "proxyctl: " << why << '\n';
  session.out << finding.chain.entries() << " entries follow from one another\nhead "
              << printable(finding.chain.head()) << '\n';
}

// Reckoned here, from what is written there: the auth worker's word is not taken for it.
ExitCode verify(const Session& session, const std::string& noted) {
  ExitCode code = ExitCode::ok;
  const AuthQuestion question{proto::AuthCommandName::audit_list, {}, {}, {"1"}};
  const ExitCode asked = ask_and_show(session, question, [&](const Answer& answer) {
    Finding finding;
    for (const proto::AuditRow& row : answer.audit) {
      if (finding.chain.add(row) && row.hash.value == noted) finding.head_found = true;
    }
    std::string why;
    if (const auto broken = finding.chain.broken_at())
      why = "entry " + std::to_string(*broken) + " does not follow from what is before it";
    else if (!noted.empty() && !finding.head_found)
      why = "the hash that was noted is not in the log: it was shortened or written anew";
    if (!why.empty()) code = ExitCode::failed;
    show(session, finding, why.empty(), why);
  });
  return asked == ExitCode::ok ? code : asked;
}

}  // namespace

void add_audit_commands(CLI::App& app, Session& session) {
  CLI::App* group =
      app.add_subcommand("audit", "The log of security events")->require_subcommand(1);
  auto from = std::make_shared<std::uint64_t>(1);
  add_command(*group, session, "list", "Entries, oldest first",
              [&session, from] {
                const AuthQuestion question{
                    proto::AuthCommandName::audit_list, {}, {}, {std::to_string(*from)}};
                return ask_and_show(session, question, [&](const Answer& answer) {
                  show_audit(session, answer.audit);
                });
              })
      ->add_option("--from", *from, "First number")
      ->type_name("NUMBER")
      ->check(CLI::PositiveNumber);
  auto noted = std::make_shared<std::string>();
  add_command(*group, session, "verify",
              "Whether every entry follows from those before it; prints the head to be noted",
              [&session, noted] { return verify(session, *noted); })
      ->add_option("--head", *noted, "A head noted before, which must be in the log")
      ->type_name("HASH");
}

}  // namespace bulkhead::proxyctl
