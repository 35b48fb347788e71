// Router: from method and path to an endpoint, by a tree of path segments. Built once, then read by every thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/exchange.h"

namespace tamis::server {

enum class Scope { kOpen, kRead, kWrite, kAdmin };

std::string_view scope_name(Scope scope);  // "read", as in a key

enum class BodyMode {
  kNone,    // a body is read and ignored, within the limit of whole bodies
  kWhole,   // read before the handler runs; JSON
  kHandler  // the handler reads it, whole or in parts
};

struct EndpointMetrics;

struct Endpoint {
  Verb verb = Verb::get;
  std::string path;  // "/v1/items/{id}"
  Scope scope = Scope::kRead;
  BodyMode body = BodyMode::kNone;
  Handler handler = nullptr;
  bool takes_long = false;             // the request deadline does not apply
  bool has_no_query = false;           // a query parameter is refused; else the handler reads them
  EndpointMetrics* metrics = nullptr;  // set by the server
};

class Router {
 public:
  struct Match {
    const Endpoint* endpoint = nullptr;  // null: nothing is here, or not for this method
    std::string allow;                   // methods that the path has, where the method is not among them
    bool is_malformed = false;           // a broken % escape
  };

  // REQUIRES: no two endpoints have one method and path.
  void add(Endpoint endpoint);
  // HEAD finds what GET finds. Fills `parameters` with the decoded {..} segments.
  Match match(Verb verb, std::string_view path, std::vector<std::string>* parameters) const;
  const std::vector<std::unique_ptr<Endpoint>>& endpoints() const { return endpoints_; }

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> parameter;
    std::vector<const Endpoint*> endpoints;
  };
  static const Node* find(const Node& node, std::string_view rest, std::vector<std::string_view>* parameters);

  Node root_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
};

}  // namespace tamis::server
