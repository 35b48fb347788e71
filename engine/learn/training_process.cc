#include "engine/learn/training_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "engine/training_worker.h"

namespace tamis::engine {
namespace {

constexpr int kCancelCheckMs = 100;
constexpr std::size_t kMaxLineBytes = 16u << 20;

Status failed(const char* action, int error) {
  return Status::io_error(std::string("cannot ") + action + ": " + std::strerror(error));
}

// The reading end of the worker's pipe and the worker itself; killed and reaped with this.
class Worker {
 public:
  ~Worker() {
    if (pid_ > 0) end(SIGKILL);
    if (reports_ >= 0) ::close(reports_);
  }
  Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  Status start(const std::vector<std::string>& command, const std::string& task_file) {
    int pipe[2];
    if (::pipe2(pipe, O_CLOEXEC) != 0) return failed("make a pipe", errno);
    reports_ = pipe[0];
    std::vector<char*> arguments;
    for (const std::string& part : command) arguments.push_back(const_cast<char*>(part.c_str()));
    arguments.push_back(const_cast<char*>(task_file.c_str()));
    arguments.push_back(nullptr);

    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, pipe[1], kReportFile);
    posix_spawn_file_actions_addclosefrom_np(&files, kReportFile + 1);  // no sockets, logs or locks of ours
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    const int error = ::posix_spawnp(&pid_, arguments[0], &files, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    ::close(pipe[1]);
    if (error == 0) return Status::ok();
    pid_ = -1;
    return failed(("start " + command[0]).c_str(), error);
  }

  // Appends what the worker wrote; false at its end. Returns after kCancelCheckMs at the latest.
  bool read(std::string* text) {
    pollfd waited{.fd = reports_, .events = POLLIN, .revents = 0};
    if (::poll(&waited, 1, kCancelCheckMs) <= 0) return true;
    char buffer[4'096];
    const ssize_t count = ::read(reports_, buffer, sizeof(buffer));
    if (count < 0) return errno == EINTR || errno == EAGAIN;
    text->append(buffer, static_cast<std::size_t>(count));
    return count > 0;
  }

  // Waits for the end, after `signal` where it is not 0; the wait status.
  int end(int signal) {
    if (signal != 0) ::kill(pid_, signal);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
  int reports_ = -1;
};

// For people: how a worker ended that did not say why.
Status describe_end(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    std::string told =
        "the training process was killed by signal " + std::to_string(signal) + " (" + sigdescr_np(signal) + ")";
    if (signal == SIGKILL) told += ", by hand or by the kernel for want of memory";
    // Libraries in C that are refused memory.
    if (signal == SIGSEGV || signal == SIGABRT) told += ": by a defect, or past its memory (training.memory_limit)";
    return Status::internal(told + "; what serves is untouched");
  }
  return Status::internal("the training process ended with exit code " + std::to_string(WEXITSTATUS(status)) +
                          " and without a result; its log may tell more");
}

// Splits off whole lines and passes progress, warnings and lines of the log on; the message that ends the run, once
// there is one.
Result<std::optional<WorkerMessage>> take_lines(std::string* text, const RunControl& control) {
  std::size_t begin = 0;
  for (std::size_t end = text->find('\n'); end != std::string::npos; end = text->find('\n', begin)) {
    TAMIS_ASSIGN_OR_RETURN(WorkerMessage message, parse_worker_message(text->substr(begin, end - begin)));
    begin = end + 1;
    if (const auto* warning = std::get_if<WorkerWarning>(&message)) {
      if (control.warn) control.warn(warning->text);
      continue;
    }
    if (const auto* log = std::get_if<WorkerLog>(&message)) {
      spdlog::log(spdlog::level::from_str(log->level), "training: {}", log->text);
      continue;
    }
    const auto* progress = std::get_if<WorkerProgress>(&message);
    if (progress == nullptr) return std::optional(std::move(message));
    if (control.report) control.report(progress->progress, progress->stage, progress->detail);
  }
  text->erase(0, begin);
  if (text->size() > kMaxLineBytes) return Status::corruption("the training process writes a line without end");
  return std::optional<WorkerMessage>();
}

}  // namespace

Result<GenerationInfo> train_in_process(const std::vector<std::string>& command, const std::filesystem::path& task_file,
                                        const RunControl& control) {
  Worker worker;
  TAMIS_RETURN_IF_ERROR(worker.start(command, task_file.string()));
  std::string text;
  std::optional<WorkerMessage> last;
  for (bool is_open = true; is_open && !last;) {
    TAMIS_RETURN_IF_ERROR(control.check());
    is_open = worker.read(&text);
    TAMIS_ASSIGN_OR_RETURN(last, take_lines(&text, control));
  }
  const int status = worker.end(0);
  if (!last) return describe_end(status);
  if (auto* told = std::get_if<Status>(&*last)) return *told;
  return std::get<GenerationInfo>(std::move(*last));
}

}  // namespace tamis::engine
