#include "server/metrics/process_collector.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "server/metrics/gauge_family.h"

namespace tamis::server {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

// proc(5): pages of the address space, pages resident.
std::pair<double, double> memory_bytes() {
  std::ifstream file("/proc/self/statm");
  double total_pages = 0;
  double resident_pages = 0;
  file >> total_pages >> resident_pages;
  const auto page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
  return {total_pages * page_bytes, resident_pages * page_bytes};
}

// proc(5): field 20 of stat counts threads, field 22 is the start in ticks since boot.
struct ProcStat {
  double threads = 0;
  double start_ticks = 0;
};
ProcStat read_stat() {
  std::ifstream file("/proc/self/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::size_t name_end = text.rfind(')');
  ProcStat stat;
  if (name_end == std::string::npos) return stat;
  std::size_t at = name_end + 2;
  for (int field = 3; field <= 22 && at < text.size(); ++field) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    if (field == 20) stat.threads = std::stod(text.substr(at, end - at));
    if (field == 22) stat.start_ticks = std::stod(text.substr(at, end - at));
    at = end + 1;
  }
  return stat;
}

double boot_time_s() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double value = 0;
    if (word == "btime" && file >> value) return value;
  }
  return 0;
}

double open_files() {
  std::error_code error;
  double count = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end; !error && entry != end;
       entry.increment(error))
    ++count;
  return count;
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessCollector::Collect() const {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  const auto [virtual_bytes, resident_bytes] = memory_bytes();
  const ProcStat stat = read_stat();
  const double start_s = boot_time_s() + stat.start_ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto gauge = [](const char* name, const char* help, double value) {
    return GaugeFamily(name, help).add(value).take();
  };
  std::vector<prometheus::MetricFamily> out;
  out.push_back(GaugeFamily("process_cpu_seconds_total", "Processor time used.", prometheus::MetricType::Counter)
                    .add(seconds(usage.ru_utime) + seconds(usage.ru_stime))
                    .take());
  out.push_back(gauge("process_resident_memory_bytes", "Memory resident.", resident_bytes));
  out.push_back(gauge("process_virtual_memory_bytes", "Address space mapped.", virtual_bytes));
  out.push_back(gauge("process_open_fds", "File descriptors open.", open_files()));
  out.push_back(gauge("process_max_fds", "File descriptors allowed.", static_cast<double>(files.rlim_cur)));
  out.push_back(gauge("process_threads", "Threads.", stat.threads));
  out.push_back(gauge("process_start_time_seconds", "Start of the process, Unix time.", start_s));
  return out;
}

}  // namespace tamis::server
