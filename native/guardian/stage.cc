#include "guardian/stage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"

namespace heddle::guardian {
namespace {

constexpr std::string_view kMagic = "HEDPACK1";
constexpr std::string_view kEnding = ".pack";
constexpr std::string_view kLock = ".lock";
constexpr time_t kKept = 7 * 24 * 3600;  // Seconds since the last use.

Status failed(const std::string& what) {
  return {"ERR_STAGE", what + (errno != 0 ? std::string(": ") + std::strerror(errno) : "")};
}

// The folder of this user, which nobody else may write to.
Status open_base(std::string& base) {
  const char* temporary = std::getenv("TMPDIR");
  const std::string parent = temporary == nullptr || *temporary != '/' ? "/tmp" : temporary;
  base = parent + "/heddle-stage-" + std::to_string(geteuid());
  errno = 0;
  if (mkdir(base.c_str(), 0700) != 0 && errno != EEXIST) return failed(base);
  struct stat found{};
  struct statvfs device{};
  if (lstat(base.c_str(), &found) != 0 || statvfs(base.c_str(), &device) != 0) return failed(base);
  errno = 0;
  if (!S_ISDIR(found.st_mode) || found.st_uid != geteuid() || (found.st_mode & 022) != 0)
    return failed(base + " is no folder that only this user may write to");
  if ((device.f_flag & ST_NOEXEC) != 0) return failed(base + " is mounted noexec");
  return Status::success();
}

Status read_whole(const std::string& path, std::vector<std::uint8_t>& bytes) {
  errno = 0;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return failed(path);
  struct stat found{};
  Status status = fstat(file, &found) == 0 ? Status::success() : failed(path);
  bytes.resize(status.ok() ? static_cast<std::size_t>(found.st_size) : 0);
  for (std::size_t at = 0; status.ok() && at < bytes.size();) {
    const ssize_t got = read(file, bytes.data() + at, bytes.size() - at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) status = failed(path + " ends early");
    at += static_cast<std::size_t>(got > 0 ? got : 0);
  }
  close(file);
  return status;
}

Status write_file(const std::string& path, mode_t mode, std::string_view text) {
  errno = 0;
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (file < 0) return failed(path);
  Status status = Status::success();
  while (status.ok() && !text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) status = failed(path);
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (close(file) != 0 && status.ok()) status = failed(path);
  return status;
}

Status unpack(const std::string& pack, const std::string& folder) {
  std::vector<std::uint8_t> bytes;
  if (Status status = read_whole(pack, bytes); !status.ok()) return status;
  errno = 0;
  const Bytes all(bytes);
  if (all.size() < kMagic.size() + 2 * sizeof(std::uint64_t) ||
      std::memcmp(all.data(), kMagic.data(), kMagic.size()) != 0)
    return failed(pack + " is no pack");
  const Bytes body = all.first(all.size() - sizeof(std::uint64_t));
  Reader sum(all.subspan(body.size()));
  if (sum.u64() != fnv1a(as_text(body))) return failed(pack + " is damaged");
  Reader in(body.subspan(kMagic.size()));
  errno = 0;
  if (mkdir(folder.c_str(), 0700) != 0) return failed(folder);
  for (std::uint64_t n = in.u64(); n > 0 && !in.failed(); --n) {
    const std::string name(in.text());
    const auto mode = static_cast<mode_t>(in.u64());
    const std::string text(in.text());
    errno = 0;
    if (name.empty() || name.find('/') != std::string::npos || name[0] == '.')
      return failed(pack + " names a file \"" + name + "\"");
    if (Status status = write_file(folder + "/" + name, mode, text); !status.ok()) return status;
  }
  errno = 0;
  return in.finished() ? Status::success() : failed(pack + " is damaged");
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  DIR* directory = opendir(folder.c_str());
  if (directory == nullptr) return names;
  while (const dirent* entry = readdir(directory)) {
    if (std::string_view(entry->d_name).find_first_not_of('.') != std::string_view::npos)
      names.emplace_back(entry->d_name);
  }
  closedir(directory);
  return names;
}

// A folder that holds only files.
void remove_folder(const std::string& folder) {
  for (const std::string& name : names_in(folder)) unlink((folder + "/" + name).c_str());
  rmdir(folder.c_str());
}

// Removes what was not used for long and is not in use.
void remove_old(const std::string& base) {
  const time_t now = time(nullptr);
  for (const std::string& name : names_in(base)) {
    struct stat found{};
    const std::string path = base + "/" + name;
    if (lstat(path.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) continue;
    if (now - found.st_mtime < kKept) continue;
    const int lock =
        open((path + std::string(kLock)).c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0) continue;
    if (flock(lock, LOCK_EX | LOCK_NB) == 0) remove_folder(path);
    close(lock);
  }
}

bool is_there(const std::string& folder) {
  // Used now: the time says so to whoever removes.
  return utimensat(AT_FDCWD, folder.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0;
}

// Waits for the lock. -1: there is none, and errno says why.
int lock_file(const std::string& path, int how) {
  const int lock = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0) return -1;
  while (flock(lock, how) != 0) {
    if (errno == EINTR) continue;
    close(lock);
    return -1;
  }
  return lock;
}

Status make(const std::string& pack, const std::string& base, const std::string& folder) {
  remove_old(base);
  const std::string part = folder + ".part";
  remove_folder(part);  // Of one that was killed.
  Status status = unpack(pack, part);
  errno = 0;
  if (status.ok() && rename(part.c_str(), folder.c_str()) != 0) status = failed(folder);
  if (!status.ok()) remove_folder(part);
  return status;
}

}  // namespace

Status stage(const std::string& pack, std::string& folder) {
  std::string base;
  if (Status status = open_base(base); !status.ok()) return status;
  std::string name = pack.substr(pack.rfind('/') + 1);
  if (!name.ends_with(kEnding)) return {"ERR_STAGE", pack + " is no pack"};
  name.resize(name.size() - kEnding.size());
  const std::string made = base + "/" + name;
  errno = 0;
  // Never closed, nor inherited: this one ends with the process.
  if (lock_file(made + std::string(kLock), LOCK_SH) < 0) return failed(made + std::string(kLock));
  if (!is_there(made)) {
    // Another one: who waits to make the folder must not wait for those who use it.
    const int making = lock_file(base + "/making.lock", LOCK_EX);
    if (making < 0) return failed(base + "/making.lock");
    const Status status = is_there(made) ? Status::success() : make(pack, base, made);
    close(making);
    if (!status.ok()) return status;
  }
  folder = made;
  return Status::success();
}

}  // namespace heddle::guardian
