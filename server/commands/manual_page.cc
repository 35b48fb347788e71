// tamis(1), from the command line's own definitions.
#include <spdlog/fmt/fmt.h>

#include "server/commands/command_outline.h"

namespace tamis::server {
namespace {

// Text as man(7) takes it. A line that begins with a dot or an apostrophe would be a request.
std::string roff(const std::string& text) {
  std::string made;
  bool begins_line = true;
  for (const char c : text) {
    if (begins_line && (c == '.' || c == '\'')) made += "\\&";
    begins_line = c == '\n';
    if (c == '\\') {
      made += "\\e";
    } else if (c == '-') {
      made += "\\-";
    } else {
      made += c;
    }
  }
  return made;
}

std::string roff_options(const std::vector<OutlinedOption>& options) {
  std::string text;
  for (const OutlinedOption& option : options) {
    text += ".TP\n";
    std::string head;
    for (const std::string& name : option.names) head += (head.empty() ? "\\fB" : ", \\fB") + roff(name) + "\\fR";
    if (!option.argument.empty()) head += (head.empty() ? "\\fI" : " \\fI") + roff(option.argument) + "\\fR";
    text += head + "\n" + roff(option.description);
    text += option.environment.empty() ? "\n" : fmt::format(" (or \\fB{}\\fR)\n", roff(option.environment));
  }
  return text;
}

}  // namespace

std::string manual_page(const CommandOutline& outline, const std::string& version) {
  std::string text = fmt::format(R"(.\" Made by `tamis manual`.
.TH TAMIS 1 "" "tamis {}" "Tamis"
.SH NAME
tamis \- the recommendation database
.SH SYNOPSIS
.B tamis
.I COMMAND
[\fIOPTIONS\fR]
.SH DESCRIPTION
{}
.SH OPTIONS
{}.SH COMMANDS
)",
                                 roff(version), roff(outline.description), roff_options(outline.options));
  for (const OutlinedCommand& command : outline.commands) {
    text += fmt::format(".SS tamis {}\n{}\n{}", roff(command.name), roff(command.description),
                        roff_options(command.options));
  }
  text += fmt::format(R"(.SH EXIT STATUS
{}
.SH FILES
.TP
.I /etc/tamis/tamis.toml
The configuration of the service.
.TP
.I /var/lib/tamis/data
Its data directory.
.SH SEE ALSO
.I /usr/share/doc/tamis
)",
                      roff(outline.footer));
  return text;
}

}  // namespace tamis::server
