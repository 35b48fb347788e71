#include "server/commands/line_chart.h"

#include <algorithm>
#include <cstdio>

namespace tamis::server {
namespace {

constexpr double kWidth = 420;  // of a panel, in pixels
constexpr double kHeight = 260;
constexpr double kLeft = 55;
constexpr double kTop = 30;
constexpr double kRight = 15;
constexpr double kBottom = 40;

template <typename... Values>
void append(std::string* out, const char* format, Values... values) {
  char text[512];
  std::snprintf(text, sizeof text, format, values...);
  *out += text;
}

struct Range {
  double low = 1e300;
  double high = -1e300;
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  double share(double value) const { return high > low ? (value - low) / (high - low) : 0.5; }
};

void draw_panel(const ChartPanel& panel, double x, double y, std::string* out) {
  Range across;
  Range up;
  for (const ChartLine& line : panel.lines) {
    for (const auto& [px, py] : line.points) {
      across.add(px);
      up.add(py);
    }
  }
  const double inner_width = kWidth - kLeft - kRight;
  const double inner_height = kHeight - kTop - kBottom;
  append(out, "<g transform=\"translate(%.0f %.0f)\">\n", x, y);
  append(out, "<text x=\"%.0f\" y=\"18\" class=\"title\">%s</text>\n", kLeft, panel.title.c_str());
  append(out, "<rect x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.0f\" class=\"frame\"/>\n", kLeft, kTop,
         inner_width, inner_height);
  for (int tick = 0; tick <= 4; ++tick) {
    const double share = tick / 4.0;
    const double at = kTop + inner_height * (1 - share);
    append(out, "<line x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\" class=\"grid\"/>\n", kLeft, kLeft + inner_width,
           at, at);
    append(out, "<text x=\"%.0f\" y=\"%.1f\" class=\"tick\" text-anchor=\"end\">%.3g</text>\n", kLeft - 5, at + 4,
           up.low + (up.high - up.low) * share);
    append(out, "<text x=\"%.1f\" y=\"%.0f\" class=\"tick\" text-anchor=\"middle\">%.3g</text>\n",
           kLeft + inner_width * share, kTop + inner_height + 15, across.low + (across.high - across.low) * share);
  }
  append(out, "<text x=\"%.0f\" y=\"%.0f\" class=\"tick\" text-anchor=\"middle\">%s</text>\n", kLeft + inner_width / 2,
         kHeight - 8, panel.x_label.c_str());
  double legend = kTop + 14;
  for (const ChartLine& line : panel.lines) {
    append(out, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.8\" points=\"", line.color.c_str());
    for (const auto& [px, py] : line.points)
      append(out, "%.1f,%.1f ", kLeft + inner_width * across.share(px), kTop + inner_height * (1 - up.share(py)));
    append(out, "\"/>\n<text x=\"%.0f\" y=\"%.0f\" class=\"tick\" fill=\"%s\">%s</text>\n", kLeft + 8, legend,
           line.color.c_str(), line.name.c_str());
    legend += 14;
  }
  *out += "</g>\n";
}

}  // namespace

std::string charts_to_svg(const std::vector<ChartPanel>& panels) {
  const std::size_t rows = (panels.size() + 1) / 2;
  std::string svg;
  append(&svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\">\n",
         kWidth * static_cast<double>(std::min<std::size_t>(2, panels.size())), kHeight * static_cast<double>(rows));
  svg +=
      "<style>text{font:11px sans-serif}.title{font-weight:bold}.tick{font-size:10px}"
      ".frame{fill:none;stroke:#888}.grid{stroke:#ddd}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
  for (std::size_t i = 0; i < panels.size(); ++i)
    draw_panel(panels[i], kWidth * static_cast<double>(i % 2), kHeight * static_cast<double>(i / 2), &svg);
  return svg + "</svg>\n";
}

}  // namespace tamis::server
