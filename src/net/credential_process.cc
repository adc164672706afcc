#include "net/credential_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <system_error>

namespace sluice::net {
namespace {

constexpr size_t kMaxPrinted = 64U << 10;

// Starts it with its output in `out`; gives 0 or an errno.
int start(const std::string& command, int out, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::string shell = "sh";
  std::string flag = "-c";
  std::string text = command;
  const std::array<char*, 4> arguments = {shell.data(), flag.data(), text.data(), nullptr};
  const int failed = ::posix_spawn(&pid, "/bin/sh", &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return failed;
}

enum class Ended { Whole, TooMuch, TooLate };

Ended read_until_end(int from, std::string& printed, std::chrono::steady_clock::time_point deadline) {
  std::array<char, 4096> bytes{};
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return Ended::TooLate;
    pollfd waiting{from, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) continue;
    const ssize_t got = ::read(from, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Ended::Whole;
    printed.append(bytes.data(), static_cast<size_t>(got));
    if (printed.size() > kMaxPrinted) return Ended::TooMuch;
  }
}

}  // namespace

Result<std::string> run_credential_process(const std::string& command, int64_t timeout_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
    return refused("it cannot be started: " + std::generic_category().message(errno));
  pid_t pid = 0;
  const int failed = start(command, pipe[1], pid);
  ::close(pipe[1]);
  if (failed != 0) {
    ::close(pipe[0]);
    return refused("it cannot be started: " + std::generic_category().message(failed));
  }
  std::string printed;
  const Ended ended = read_until_end(pipe[0], printed, deadline);
  ::close(pipe[0]);
  if (ended != Ended::Whole) ::kill(-pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (ended == Ended::TooLate)
    return refused("it took longer than " + std::to_string(timeout_ms / 1000) + " s");
  if (ended == Ended::TooMuch) return refused("it printed more than 64 KiB");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return refused("it failed" + (WIFEXITED(status)
                                      ? " with exit status " + std::to_string(WEXITSTATUS(status))
                                      : std::string()));
  return printed;
}

}  // namespace sluice::net
