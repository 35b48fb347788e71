// Scripts that complete `tamis` in bash, zsh and fish. Where no command or option fits, files are completed.
#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "server/commands/command_outline.h"

namespace tamis::server {
namespace {

std::string replaced(const std::string& text, const std::string& what, const std::string& with) {
  std::string made;
  size_t from = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, from)) {
    made += text.substr(from, at - from) + with;
    from = at + what.size();
  }
  return made + text.substr(from);
}

// The first sentence or clause: a shell shows one line.
std::string brief(const std::string& description) {
  return description.substr(0, std::min({description.find(". "), description.find("; "), description.find('\n')}));
}

std::string option_names(const std::vector<OutlinedOption>& options) {
  std::string names;
  for (const OutlinedOption& option : options) {
    for (const std::string& name : option.names) names += (names.empty() ? "" : " ") + name;
  }
  return names;
}

std::string command_names(const CommandOutline& outline, const char* separator) {
  std::string names;
  for (const OutlinedCommand& command : outline.commands) names += (names.empty() ? "" : separator) + command.name;
  return names;
}

std::string bash_script(const CommandOutline& outline) {
  std::string cases;
  for (const OutlinedCommand& command : outline.commands) {
    cases += fmt::format("    {}) words='{}' ;;\n", command.name, option_names(command.options));
  }
  return fmt::format(R"(# bash completion for tamis; made by `tamis completion bash`
_tamis() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} command= word words
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $word in {}) command=$word; break ;; esac
  done
  case $command in
    '') words='{} {}' ;;
{}  esac
  COMPREPLY=()
  if [[ $current == -* || -z $command ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}}
complete -o default -F _tamis tamis
)",
                     command_names(outline, "|"), command_names(outline, " "), option_names(outline.options), cases);
}

std::string zsh_quoted(const std::string& text) {
  std::string made = replaced(brief(text), "'", "'\\''");
  for (const char* special : {"[", "]", ":"}) made = replaced(made, special, std::string("\\") + special);
  return made;
}

std::string zsh_options(const std::vector<OutlinedOption>& options, const char* indent) {
  std::string lines;
  for (const OutlinedOption& option : options) {
    const std::string value = option.argument.empty() ? "" : ":" + zsh_quoted(option.argument) + ":_files";
    for (const std::string& name : option.names) {
      const bool takes_equals = !value.empty() && name.starts_with("--");
      lines += fmt::format(" \\\n{}'{}{}[{}]{}'", indent, name, takes_equals ? "=" : "", zsh_quoted(option.description),
                           value);
    }
  }
  return lines;
}

std::string zsh_script(const CommandOutline& outline) {
  std::string names;
  std::string cases;
  for (const OutlinedCommand& command : outline.commands) {
    names += fmt::format("    '{}:{}'\n", command.name, zsh_quoted(command.description));
    cases += fmt::format("    {})\n      _arguments -s{} \\\n        '*:file:_files' ;;\n", command.name,
                         zsh_options(command.options, "        "));
  }
  return fmt::format(R"(#compdef tamis
# zsh completion for tamis; made by `tamis completion zsh`
_tamis() {{
  local context state line
  local -a commands=(
{})
  _arguments -C{} \
    '1:command:->command' \
    '*::arguments:->arguments'
  case $state in
    command) _describe -t commands command commands; return ;;
    arguments) ;;
    *) return ;;
  esac
  case $line[1] in
{}  esac
}}
if [[ $funcstack[1] == _tamis ]]; then _tamis "$@"; else compdef _tamis tamis; fi
)",
                     names, zsh_options(outline.options, "    "), cases);
}

std::string fish_quoted(const std::string& text) { return replaced(replaced(brief(text), "\\", "\\\\"), "'", "\\'"); }

std::string fish_options(const std::vector<OutlinedOption>& options, const std::string& condition) {
  std::string lines;
  for (const OutlinedOption& option : options) {
    if (option.names.empty()) continue;
    std::string names;
    for (const std::string& name : option.names) {
      names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    lines += fmt::format("complete -c tamis -n '{}'{}{} -d '{}'\n", condition, names,
                         option.argument.empty() ? "" : " -r", fish_quoted(option.description));
  }
  return lines;
}

std::string fish_script(const CommandOutline& outline) {
  std::string text = "# fish completion for tamis; made by `tamis completion fish`\n";
  text += fish_options(outline.options, "__fish_use_subcommand");
  for (const OutlinedCommand& command : outline.commands) {
    text += fmt::format("complete -c tamis -n __fish_use_subcommand -f -a {} -d '{}'\n", command.name,
                        fish_quoted(command.description));
    text += fish_options(command.options, "__fish_seen_subcommand_from " + command.name);
  }
  return text;
}

}  // namespace

std::string completion_script(const CommandOutline& outline, const std::string& shell) {
  if (shell == "bash") return bash_script(outline);
  return shell == "zsh" ? zsh_script(outline) : fish_script(outline);
}

}  // namespace tamis::server
