#include "proxyctl/table.h"

#include <algorithm>

#include "proxyctl/terminal_text.h"

namespace bulkhead::proxyctl {

void Table::add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string& cell : cells) cell = cell.empty() ? "-" : printable(cell);
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    out.push_back(display_width(columns_[i].title));
    for (const auto& row : rows_) out[i] = std::max(out[i], display_width(row[i]));
  }
  return out;
}

void Table::print_row(std::ostream& out, const std::vector<std::string>& cells,
                      const std::vector<std::size_t>& widths) const {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(widths[i] - display_width(cells[i]), ' ');
    const bool last = i + 1 == cells.size();
    if (columns_[i].align == Align::right)
      out << padding << cells[i];
    else
      out << cells[i] << (last ? "" : padding);
    out << (last ? "" : "  ");
  }
}

void Table::print(std::ostream& out, bool bold) const {
  std::vector<std::string> titles;
  titles.reserve(columns_.size());
  for (const Column& column : columns_) titles.push_back(column.title);
  const auto columns = widths();
  out << (bold ? "\x1b[1m" : "");
  print_row(out, titles, columns);
  out << (bold ? "\x1b[0m" : "") << '\n';
  for (const auto& row : rows_) {
    print_row(out, row, columns);
    out << '\n';
  }
}

}  // namespace bulkhead::proxyctl
