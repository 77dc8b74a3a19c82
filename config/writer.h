// Writes the model as YAML along the definitions. Internal to config/.
#pragma once

#include <string>
#include <string_view>

#include "config/type.h"

namespace bulkhead::config {

class Writer {
 public:
  enum class Purpose : std::uint8_t {
    show,        // everything, secrets as ***
    projection,  // what roles may know, in clear, nothing expanded again
    managed      // to be read like a hand-written file: in clear, ${ escaped, defaults left out
  };
  Writer(Purpose purpose, Roles roles) : purpose_(purpose), roles_(roles) {}

  Purpose purpose() const { return purpose_; }
  Writer fresh() const { return {purpose_, roles_}; }
  bool includes(const Field& field) const;

  void key(std::string_view name);  // begins a line "  name:"
  void item();                      // begins a line "  -"
  void scalar(std::string_view text, bool quoted);
  void secret(std::string_view text);  // *** in show
  void begin_flow();                   // " [": the scalars that follow share the line
  void end_flow();
  void empty(std::string_view brackets);  // " []" or " {}"
  void indent() { ++depth_; }
  void outdent() { --depth_; }

  std::string take() { return std::move(out_); }

 private:
  void begin_line();
  Purpose purpose_;
  Roles roles_;
  int depth_ = -1;  // the outermost section is at 0
  bool in_flow_ = false;
  bool after_dash_ = false;  // the next key shares the dash's line
  std::string out_;
};

std::string write_section(const SectionType& type, const void* section, Writer::Purpose purpose,
                          Roles roles);

}  // namespace bulkhead::config
