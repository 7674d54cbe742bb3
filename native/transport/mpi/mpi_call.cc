#include "transport/mpi/mpi_call.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "base/time.h"

namespace heddle::mpi {

std::string error_text(int code) {
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  return {text, static_cast<std::size_t>(length)};
}

Status status_of(const char* call, int code) {
  if (code == MPI_SUCCESS) return Status::success();
  return {"ERR_MPI", std::string(call) + " failed: " + error_text(code)};
}

void report(const char* call, int code) {
  static bool reported = false;
  if (code == MPI_SUCCESS || reported) return;
  reported = true;
  std::fprintf(stderr, "heddle: %s failed: %s\n", call, error_text(code).c_str());
}

void await(MPI_Request& request) {
  Duration nap = microseconds(20);
  for (;;) {
    int done = 0;
    const int code = MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (code != MPI_SUCCESS) return report("MPI_Test", code);
    if (done != 0) return;
    const timespec pause{0, static_cast<long>(nap)};
    nanosleep(&pause, nullptr);
    nap = std::min(nap * 2, milliseconds(1));
  }
}

}  // namespace heddle::mpi
