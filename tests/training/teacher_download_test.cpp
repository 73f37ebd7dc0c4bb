// SPDX-License-Identifier: Apache-2.0
// Downloads of teachers from a server on this machine: what goes well and what can go wrong.
#include "teacher_download.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/sha256.h"
#include "http_server.h"
#include "made_files.h"
#include "novelty/error.h"
#include "temp_dir.h"

namespace novelty {
namespace {

namespace fs = std::filesystem;
using testing::HttpAnswer;
using testing::HttpServer;
using testing::TempDir;
using testing::text_of;

std::string sha256_of(const std::string& text) {
  return sha256_hex(std::as_bytes(std::span(text)));
}

class TeacherDownload : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::make_tiny_teacher(folder_ / "made");
    body_ = text_of(folder_ / "made");
    digest_ = sha256_of(body_);
    server_.answer_with({body_});
    setenv("HF_ENDPOINT", (server_.endpoint() + "/").c_str(), 1);
    setenv("no_proxy", "127.0.0.1", 1);
  }
  void TearDown() override { unsetenv("HF_ENDPOINT"); }

  KnownTeacher pinned() const { return {"tiny", 0.1, "-", "revision", digest_.c_str()}; }
  static KnownTeacher unpinned() { return {"tiny", 0.1, "-", "main", ""}; }

  FetchedTeacher fetch(const KnownTeacher& teacher, bool unverified = false) const {
    return fetch_teacher(teacher, {folder_ / "cache", unverified, [](auto, auto) { return true; }});
  }

  void expect_failure(const KnownTeacher& teacher, ErrorKind kind, const std::string& words,
                      bool unverified = false) const {
    try {
      fetch(teacher, unverified);
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
    EXPECT_FALSE(fs::exists(target()));
  }

  std::string target() const { return folder_ / "cache/tiny.safetensors"; }
  std::string part() const { return target() + ".part"; }

  TempDir folder_;
  std::string body_, digest_;
  HttpServer server_{{}};
};

TEST_F(TeacherDownload, PutsTheCheckedFileIntoTheCache) {
  const FetchedTeacher fetched = fetch(pinned());
  EXPECT_EQ(fetched.path, target());
  EXPECT_EQ(fetched.sha256, digest_);
  EXPECT_FALSE(fetched.was_there);
  EXPECT_TRUE(text_of(target()) == body_);
  EXPECT_FALSE(fs::exists(part()));
  ASSERT_EQ(server_.requests().size(), 1U);
  EXPECT_TRUE(
      server_.requests()[0].starts_with("GET /timm/tiny/resolve/revision/model.safetensors "))
      << server_.requests()[0];
}

TEST_F(TeacherDownload, FollowsTheServerElsewhere) {
  HttpAnswer answer{body_};
  answer.redirects = true;
  server_.answer_with(answer);
  fetch(pinned());
  EXPECT_TRUE(text_of(target()) == body_);
  EXPECT_EQ(server_.requests().size(), 2U);
}

TEST_F(TeacherDownload, TellsHowFarItIs) {
  std::uint64_t last = 0, whole = 0;
  fetch_teacher(pinned(), {folder_ / "cache", false, [&](std::uint64_t done, std::uint64_t total) {
                             EXPECT_GE(done, last);
                             last = done;
                             whole = total;
                             return true;
                           }});
  EXPECT_EQ(last, body_.size());
  EXPECT_EQ(whole, body_.size());
}

TEST_F(TeacherDownload, GoesOnWhereItBrokeOff) {
  HttpAnswer answer{body_};
  answer.cut = 1000;
  server_.answer_with(answer);
  expect_failure(pinned(), ErrorKind::kRead, "run the command again");
  ASSERT_EQ(fs::file_size(part()), 1000U);
  server_.answer_with({body_});
  fetch(pinned());
  EXPECT_TRUE(text_of(target()) == body_);
  EXPECT_NE(server_.requests().back().find("Range: bytes=1000-"), std::string::npos);
}

TEST_F(TeacherDownload, StartsOverWhereTheServerKnowsNoRanges) {
  HttpAnswer answer{body_};
  answer.knows_ranges = false;
  server_.answer_with(answer);
  fs::create_directories(folder_ / "cache");
  testing::write_text(part(), body_.substr(0, 500));
  fetch(pinned());
  EXPECT_TRUE(text_of(target()) == body_);
}

TEST_F(TeacherDownload, TakesAPartThatIsWhole) {
  fs::create_directories(folder_ / "cache");
  testing::write_text(part(), body_);
  fetch(pinned());
  EXPECT_TRUE(text_of(target()) == body_);
}

TEST_F(TeacherDownload, RemovesWhatHasAnotherDigest) {
  std::string other = body_;
  other.back() ^= 1;
  server_.answer_with({other});
  expect_failure(pinned(), ErrorKind::kFormat, sha256_of(other) + " instead of " + digest_);
  EXPECT_FALSE(fs::exists(part()));
}

TEST_F(TeacherDownload, WantsConsentWhereNoDigestIsKnown) {
  expect_failure(unpinned(), ErrorKind::kSettings, digest_);
  expect_failure(unpinned(), ErrorKind::kSettings, "--unverified");
  EXPECT_EQ(fetch(unpinned(), true).sha256, digest_);
  EXPECT_TRUE(text_of(target()) == body_);
}

TEST_F(TeacherDownload, RefusesWhatIsNoNetwork) {
  server_.answer_with({"<html>log in first</html>"});
  expect_failure(unpinned(), ErrorKind::kFormat, "no teacher", true);
  EXPECT_FALSE(fs::exists(part()));
}

TEST_F(TeacherDownload, NamesTheServersAnswer) {
  for (const auto& [status, kind] :
       {std::pair{404, ErrorKind::kNotFound}, std::pair{503, ErrorKind::kRead}}) {
    HttpAnswer answer;
    answer.status = status;
    server_.answer_with(answer);
    expect_failure(pinned(), kind, "answers " + std::to_string(status));
    EXPECT_FALSE(fs::exists(part()));
  }
}

TEST_F(TeacherDownload, SaysWhereToPutTheFileWithoutNetwork) {
  std::string closed;
  {
    const HttpServer gone({});
    closed = gone.endpoint();
  }
  setenv("HF_ENDPOINT", closed.c_str(), 1);
  expect_failure(pinned(), ErrorKind::kRead, closed + "/timm/tiny/resolve/");
  EXPECT_FALSE(fs::exists(part()));
  testing::write_text(part(), body_.substr(0, 500));
  expect_failure(pinned(), ErrorKind::kRead, "put it at " + target());
  EXPECT_EQ(fs::file_size(part()), 500U);
}

TEST_F(TeacherDownload, SaysThatTheDiskIsFull) {
  fs::create_directories(folder_ / "cache");
  fs::create_symlink("/dev/full", part());
  expect_failure(pinned(), ErrorKind::kWrite, "No space left on device");
}

TEST_F(TeacherDownload, KeepsWhatCameWhenStopped) {
  fs::create_directories(folder_ / "cache");
  testing::write_text(part(), body_.substr(0, 300));
  EXPECT_THROW(
      fetch_teacher(pinned(), {folder_ / "cache", false, [](auto done, auto) { return done < 1; }}),
      Error);
  EXPECT_GE(fs::file_size(part()), 300U);
  fetch(pinned());
  EXPECT_TRUE(text_of(target()) == body_);
}

TEST_F(TeacherDownload, LetsOnlyOneWrite) {
  fs::create_directories(folder_ / "cache");
  const int other = ::open(part().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  expect_failure(pinned(), ErrorKind::kResource, "another download");
  ::close(other);
  fetch(pinned());
}

TEST_F(TeacherDownload, ChecksWhatIsThere) {
  fetch(pinned());
  const FetchedTeacher again = fetch(pinned());
  EXPECT_TRUE(again.was_there);
  EXPECT_EQ(server_.requests().size(), 1U);
  testing::write_text(target(), "something else");
  EXPECT_THROW(fetch(pinned()), Error);
}

TEST(TeacherCatalogue, KnowsTeachersByTheBeginningOfTheirNames) {
  EXPECT_STREQ(known_teacher("vit_tiny")->name, "vit_tiny_patch16_224.augreg_in21k_ft_in1k");
  EXPECT_STREQ(known_teacher("vit_small_patch8_224.dino")->name, "vit_small_patch8_224.dino");
  EXPECT_EQ(known_teacher("vit_huge"), nullptr);
  EXPECT_EQ(known_teacher(""), nullptr);
  EXPECT_THROW(known_teacher("vit_small"), Error);
  for (const KnownTeacher& teacher : known_teachers()) {
    EXPECT_EQ(known_teacher(teacher.name), &teacher);
    EXPECT_EQ(std::string(teacher.sha256).size(), teacher.pinned() ? 64U : 0U);
    EXPECT_EQ(std::string(teacher.revision).size(), teacher.pinned() ? 40U : 4U);
  }
}

}  // namespace
}  // namespace novelty
