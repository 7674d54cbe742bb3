#include "transport/mpi/pmi.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace heddle::mpi {

Pmi::Pmi() {
  const char* given = std::getenv("PMI_FD");
  if (given == nullptr) return;
  char* end = nullptr;
  const long number = std::strtol(given, &end, 10);
  if (end != given && *end == '\0' && number >= 0) socket_ = static_cast<int>(number);
}

bool Pmi::send(const std::string& command) {
  answer_.clear();
  const std::string line = command + "\n";
  return ::send(socket_, line.data(), line.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(line.size());
}

bool Pmi::answered() {
  for (;;) {
    if (!answer_.empty() && answer_.back() == '\n') return true;
    pollfd ready{socket_, POLLIN, 0};
    if (poll(&ready, 1, 0) != 1) return false;
    char byte = 0;
    if (read(socket_, &byte, 1) != 1) return true;
    answer_.push_back(byte);
  }
}

}  // namespace heddle::mpi
