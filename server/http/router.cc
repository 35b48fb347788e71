#include "server/http/router.h"

#include <boost/beast/http/verb.hpp>

#include "server/http/query_string.h"

namespace tamis::server {
namespace {

// Cuts the first segment off "/a/b": returns "a", leaves "/b".
std::string_view cut_segment(std::string_view* path) {
  path->remove_prefix(1);
  const std::string_view segment = path->substr(0, path->find('/'));
  path->remove_prefix(segment.size());
  return segment;
}

std::string verb_name(Verb verb) {
  const auto name = boost::beast::http::to_string(verb);
  return {name.data(), name.size()};
}

}  // namespace

std::string_view scope_name(Scope scope) {
  switch (scope) {
    case Scope::kOpen: return "none";
    case Scope::kRead: return "read";
    case Scope::kWrite: return "write";
    case Scope::kAdmin: return "admin";
  }
  return "none";
}

void Router::add(Endpoint endpoint) {
  endpoints_.push_back(std::make_unique<Endpoint>(std::move(endpoint)));
  Node* node = &root_;
  std::string_view rest = endpoints_.back()->path;
  while (!rest.empty()) {
    const std::string_view segment = cut_segment(&rest);
    std::unique_ptr<Node>& child =
        segment.starts_with('{') ? node->parameter : node->literals.try_emplace(std::string(segment)).first->second;
    if (child == nullptr) child = std::make_unique<Node>();
    node = child.get();
  }
  node->endpoints.push_back(endpoints_.back().get());
}

// A literal is tried before a parameter; where it leads nowhere, the parameter is.
const Router::Node* Router::find(const Node& node, std::string_view rest, std::vector<std::string_view>* parameters) {
  if (rest.empty()) return node.endpoints.empty() ? nullptr : &node;
  const std::string_view segment = cut_segment(&rest);
  if (const auto literal = node.literals.find(segment); literal != node.literals.end()) {
    if (const Node* found = find(*literal->second, rest, parameters)) return found;
  }
  if (node.parameter == nullptr || segment.empty()) return nullptr;
  parameters->push_back(segment);
  if (const Node* found = find(*node.parameter, rest, parameters)) return found;
  parameters->pop_back();
  return nullptr;
}

Router::Match Router::match(Verb verb, std::string_view path, std::vector<std::string>* parameters) const {
  Match match;
  parameters->clear();
  if (!path.starts_with('/')) return match;
  std::vector<std::string_view> raw;
  const Node* node = find(root_, path, &raw);
  if (node == nullptr) return match;
  for (const std::string_view segment : raw) {
    auto decoded = percent_decode(segment, false);
    if (!decoded) {
      match.is_malformed = true;
      return match;
    }
    parameters->push_back(std::move(*decoded));
  }
  const Verb wanted = verb == Verb::head ? Verb::get : verb;
  for (const Endpoint* endpoint : node->endpoints) {
    if (endpoint->verb == wanted) match.endpoint = endpoint;
    if (!match.allow.empty()) match.allow += ", ";
    match.allow += verb_name(endpoint->verb);
    if (endpoint->verb == Verb::get) match.allow += ", HEAD";
  }
  return match;
}

}  // namespace tamis::server
