// Several methods, asked in the order of `server.auth.mode` until one knows.
//
//   accepted, refused   that is the answer
//   unknown             the next one is asked
//   unavailable         the next one is asked too (a local user must get in while the directory is
//                       down), but unless somebody knows, the answer stays "unavailable": it fails
//                       closed, and nobody remembers it as a no
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "workers/auth/method/method.h"

namespace bulkhead::auth {

// How the answers of several methods become one.
class Inquiry {
 public:
  Inquiry();

  // What the next method said. True: that is the answer, and nobody else is to be asked.
  bool take(Verdict verdict);

  const Verdict& answer() const { return answer_; }
  // Which methods were asked, and what each said: "native:unknown_user ldap:wrong_password ".
  const std::string& way() const { return way_; }

 private:
  Verdict answer_;
  std::string way_;
};

// Thread-safe, like the methods it owns.
class Chain {
 public:
  explicit Chain(std::vector<std::unique_ptr<Method>> methods) : methods_(std::move(methods)) {}

  // Refuses what is not acceptable() without asking anybody. When tried is given, each method's
  // verdict is added to it in order: for `proxyctl auth test`.
  Verdict check(const Credential& credential, Deadline deadline,
                std::vector<Verdict>* tried = nullptr) const;
  Verdict look_up(std::string_view user, Deadline deadline,
                  std::vector<Verdict>* tried = nullptr) const;

  // A method may know the user it accepts by another name than was typed (a directory, which does
  // not mind upper case), or than was said at all (a token). Those that were asked before it may
  // know that name: each of these is to be asked with look_up(), and heed() says what becomes of
  // the verdict. In the order of the methods.
  std::vector<Method*> elders(const Credential& credential, const Verdict& accepted) const;
  static Verdict heed(const Credential& credential, Verdict accepted, const Verdict& elder);

  const std::vector<std::unique_ptr<Method>>& methods() const { return methods_; }

 private:
  std::vector<std::unique_ptr<Method>> methods_;
};

}  // namespace bulkhead::auth
