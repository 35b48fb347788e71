// A line chart as an SVG document: what `tamis simulate` draws.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tamis::server {

struct ChartLine {
  std::string name;
  std::string color;                              // of SVG
  std::vector<std::pair<double, double>> points;  // in the order in which they are joined
};
struct ChartPanel {
  std::string title;
  std::string x_label;
  std::vector<ChartLine> lines;
};

// Panels side by side, two in a row, each with scales of its own.
std::string charts_to_svg(const std::vector<ChartPanel>& panels);

}  // namespace tamis::server
