// Small facts of HTTP: dates and names of hosts.
#pragma once

#include <string_view>

namespace tamis::server {

// The time of day as a Date field wants it (RFC 9110 5.6.7), made once a second and thread.
std::string_view http_date();

// True for a Host field that names this machine, or any machine by its address: "localhost:8080", "10.0.0.7", "[::1]".
bool is_local_host(std::string_view host);

}  // namespace tamis::server
