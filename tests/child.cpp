// Fork and exec with a pipe; the child dies with its parent in every case.
// SPDX-License-Identifier: MIT
#include "tests/child.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <chrono>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace legume::test {

bool eventually(const std::function<bool()>& so) {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!so()) {
        if (std::chrono::steady_clock::now() > patience) return so();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
}

Child::Child(std::vector<std::string> command) {
    std::vector<char*> argv;
    for (auto& argument : command) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("no pipe to " + command[0]);
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("cannot fork for " + command[0]);
    if (pid_ == 0) {  // nothing but system calls until exec: other threads may hold any lock
#ifdef __linux__
        prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
        if (getppid() != parent) _exit(127);
        // As a player's terminal starts it: who began the tests in the background made it deaf to these.
        for (const int number : {SIGINT, SIGQUIT, SIGHUP, SIGPIPE}) std::signal(number, SIG_DFL);
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        execvp(argv[0], argv.data());
        _exit(127);
    }
    close(ends[1]);
    from_ = ends[0];
    fcntl(from_, F_SETFL, O_NONBLOCK);
    fcntl(from_, F_SETFD, FD_CLOEXEC);
}

Child::~Child() {
    if (running()) {
        signal(SIGKILL);
        wait();
    }
    close(from_);
}

void Child::collect() {
    char piece[4096];
    for (ssize_t n = 0; (n = read(from_, piece, sizeof piece)) > 0;) output_.append(piece, static_cast<std::size_t>(n));
}

const std::string& Child::output() {
    collect();
    return output_;
}

std::vector<std::string> Child::lines() {
    std::istringstream text(output());
    std::vector<std::string> found;
    for (std::string line; std::getline(text, line);) found.push_back(line);
    return found;
}

bool Child::says(const std::string& text) {
    const auto said = [&] { return output().find(text) != std::string::npos; };
    return eventually([&] { return said() || !running(); }) && said();
}

bool Child::running() {
    if (!over_) over_ = waitpid(pid_, &status_, WNOHANG) == pid_;
    return !over_;
}

void Child::signal(int number) {
    if (running()) kill(pid_, number);
}

int Child::wait() {
    const bool ended = eventually([&] {
        collect();  // or it would wait for room in the pipe
        return !running();
    });
    if (!ended) return -1000;
    collect();
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
}

std::string said(int code, std::vector<std::string> command, std::string program) {
    command.insert(command.begin(), std::move(program));
    Child child(std::move(command));
    const int ended = child.wait();
    CHECK_MESSAGE(ended == code, child.output());
    return child.output();
}

}  // namespace legume::test
