// Rows in aligned columns. Every cell is made safe for a terminal; the last column is not padded.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace bulkhead::proxyctl {

enum class Align { left, right };
struct Column {
  std::string title;
  Align align = Align::left;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as columns; missing ones are empty, an empty cell is shown as "-".
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  // bold: the titles, for a terminal.
  void print(std::ostream& out, bool bold) const;

 private:
  std::vector<std::size_t> widths() const;
  void print_row(std::ostream& out, const std::vector<std::string>& cells,
                 const std::vector<std::size_t>& widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace bulkhead::proxyctl
