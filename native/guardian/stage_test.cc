#include "guardian/stage.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/bytes.h"
#include "guardian/keeper.h"

namespace heddle::guardian {
namespace {

namespace fs = std::filesystem;

struct Disk {
  fs::path root;
  std::string before = std::getenv("TMPDIR") == nullptr ? "" : std::getenv("TMPDIR");

  Disk() {
    char made[] = "/tmp/heddle-stage-test-XXXXXX";
    root = mkdtemp(made);
    fs::create_directory(root / "node");
    setenv("TMPDIR", (root / "node").c_str(), 1);
  }
  ~Disk() {
    before.empty() ? unsetenv("TMPDIR") : setenv("TMPDIR", before.c_str(), 1);
    fs::remove_all(root);
  }
  fs::path base() const { return root / "node" / ("heddle-stage-" + std::to_string(geteuid())); }

  std::string pack(const std::string& name, const std::string& file, const std::string& text) {
    Writer writer(64);
    for (const char letter : std::string("HEDPACK1")) writer.u8(static_cast<std::uint8_t>(letter));
    writer.u64(1);
    writer.text(file);
    writer.u64(0755);
    writer.text(text);
    auto bytes = writer.take();
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
    for (int k = 0; k < 8; ++k) bytes.push_back(static_cast<std::uint8_t>(hash >> (8 * k)));
    const fs::path path = root / (name + ".pack");
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    return path;
  }
};

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_CASE("a pack is put onto the node's disk once, and is not read again") {
  Disk disk;
  const std::string pack = disk.pack("a.1", "program.mjs", "one");
  std::string folder;
  REQUIRE(stage(pack, folder).ok());
  CHECK(folder == (disk.base() / "a.1").string());
  CHECK(content(fs::path(folder) / "program.mjs") == "one");
  struct stat found{};
  REQUIRE(::stat((folder + "/program.mjs").c_str(), &found) == 0);
  CHECK((found.st_mode & 0100) != 0);
  fs::remove(pack);
  CHECK(stage(pack, folder).ok());
}

TEST_CASE(
    "the first word that is the file becomes the file of the node; words of the user do not") {
  Disk disk;
  const std::string pack = disk.pack("b.1", "program.mjs", "one");
  const char* words[] = {"--stage",
                         pack.c_str(),
                         "/shared/b.1/program.mjs",
                         "node",
                         "/shared/b.1/program.mjs",
                         "/shared/b.1/program.mjs",
                         nullptr};
  const auto command = rank_command(const_cast<char**>(words));
  const std::string own = disk.base() / "b.1" / "program.mjs";
  CHECK(command == std::vector<std::string>{"node", own, "/shared/b.1/program.mjs"});
  const char* missing[] = {"--stage", "/nowhere/c.1.pack",   "/shared/program.mjs",
                           "node",    "/shared/program.mjs", nullptr};
  CHECK(rank_command(const_cast<char**>(missing)) ==
        std::vector<std::string>{"node", "/shared/program.mjs"});
}

TEST_CASE("a damaged pack leaves nothing behind, nor does a name that leads elsewhere") {
  Disk disk;
  std::string folder;
  const std::string cut = disk.pack("d.1", "program.mjs", "a text");
  fs::resize_file(cut, fs::file_size(cut) - 1);
  CHECK(stage(cut, folder).message.find("is damaged") != std::string::npos);
  CHECK_FALSE(stage(disk.pack("d.2", "../evil", "x"), folder).ok());
  CHECK_FALSE(fs::exists(disk.base() / "d.1"));
  CHECK_FALSE(fs::exists(disk.base() / "d.2"));
  CHECK_FALSE(fs::exists(disk.base() / "d.2.part"));
}

TEST_CASE("a folder that others may write to is not used") {
  Disk disk;
  fs::create_directory(disk.base());
  REQUIRE(chmod(disk.base().c_str(), 0777) == 0);
  std::string folder;
  const Status status = stage(disk.pack("e.1", "program.mjs", "x"), folder);
  CHECK(status.code == "ERR_STAGE");
  CHECK(status.message.find("only this user") != std::string::npos);
}

TEST_CASE("what nobody used for long goes when something is added; what is in use stays") {
  Disk disk;
  std::string used;
  REQUIRE(stage(disk.pack("f.1", "program.mjs", "x"), used).ok());
  const fs::path idle = disk.base() / "f.0";
  fs::create_directory(idle);
  std::ofstream(idle / "program.mjs") << "old";
  const timespec old[2] = {{1000, 0}, {1000, 0}};
  for (const fs::path& folder : {fs::path(used), idle})
    REQUIRE(utimensat(AT_FDCWD, folder.c_str(), old, 0) == 0);
  std::string folder;
  REQUIRE(stage(disk.pack("f.2", "program.mjs", "y"), folder).ok());
  CHECK_FALSE(fs::exists(idle));
  CHECK(fs::exists(used));
}

}  // namespace
}  // namespace heddle::guardian
