// SPDX-License-Identifier: Apache-2.0
// MNIST's and CIFAR's files: what is read, and what is refused.
#include "record_data.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "child.h"
#include "made_files.h"
#include "novelty/error.h"
#include "picture.h"
#include "temp_dir.h"

namespace novelty {
namespace {

using testing::TempDir;
using testing::write_text;

std::string big_endian(unsigned value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 0xffU);
  return text;
}

// Images of 3x2 pixels: image i has the values 10 i to 10 i + 5.
std::string idx_images(unsigned count) {
  std::string text = big_endian(0x803) + big_endian(count) + big_endian(2) + big_endian(3);
  for (unsigned i = 0; i < count; ++i)
    for (unsigned k = 0; k < 6; ++k) text += static_cast<char>(10 * i + k);
  return text;
}

std::string idx_labels(const std::string& labels) {
  return big_endian(0x801) + big_endian(static_cast<unsigned>(labels.size())) + labels;
}

void write_mnist(const std::string& folder) {
  write_text(folder + "/train-images-idx3-ubyte", idx_images(4));
  write_text(folder + "/train-labels-idx1-ubyte", idx_labels({7, 3, 7, 3}));
  write_text(folder + "/t10k-images-idx3-ubyte", idx_images(2));
  write_text(folder + "/t10k-labels-idx1-ubyte", idx_labels({3, 7}));
}

void expect_refused(const std::string& folder, const std::string& part) {
  try {
    read_record_data(folder);
    ADD_FAILURE() << "taken; expected: " << part;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(RecordData, ReadsIdxFiles) {
  const TempDir folder;
  write_mnist(folder.path());
  ASSERT_TRUE(is_record_data(folder.path()));
  const ClassData data = read_class_data(folder.path());
  ASSERT_EQ(data.train.size(), 2U);
  ASSERT_EQ(data.train.at("7").size(), 2U);
  EXPECT_EQ(data.test.at("3").size(), 1U);
  EXPECT_EQ(data.train.at("7")[1].name, "train/7/000001");
  const Picture picture = read_picture(data.train.at("7")[1]);  // the third image
  EXPECT_EQ(picture.width, 3);
  EXPECT_EQ(picture.height, 2);
  for (std::size_t i = 0; i < picture.bgr.size(); ++i) EXPECT_EQ(picture.bgr[i], 20 + i / 3) << i;
}

TEST(RecordData, ReadsCompressedIdxFiles) {
  const TempDir folder;
  write_mnist(folder.path());
  const std::string plain = folder / "train-images-idx3-ubyte";
  ASSERT_EQ(testing::run_child({"gzip", plain}, folder.path()).status, 0);
  ASSERT_FALSE(std::filesystem::exists(plain));
  ASSERT_TRUE(is_record_data(folder.path()));
  EXPECT_EQ(read_picture(read_record_data(folder.path()).train.at("3")[1]).bgr.front(), 30);
}

TEST(RecordData, RefusesIdxFilesThatCannotBe) {
  const TempDir folder;
  const auto with = [&](const std::string& name, const std::string& text, const std::string& part) {
    write_mnist(folder.path());
    write_text(folder / name, text);
    expect_refused(folder.path(), part);
  };
  with("train-images-idx3-ubyte", idx_images(4).substr(0, 39), "holds 23 bytes of 24");
  with("train-images-idx3-ubyte", idx_images(4) + "x", "holds 25 bytes of 24");
  with("train-images-idx3-ubyte", idx_labels({1}), "no idx file of this kind");
  with("train-images-idx3-ubyte", "ab", "no idx file of this kind");
  with("train-images-idx3-ubyte", "", "train-images-idx3-ubyte");
  with("train-images-idx3-ubyte",
       big_endian(0x803) + big_endian(1) + big_endian(0xffffffff) + big_endian(0xffffffff),
       "pixels a side");
  with("t10k-labels-idx1-ubyte", idx_labels({3}), "has 1 labels of 2 images");
  write_mnist(folder.path());
  std::filesystem::remove(folder / "t10k-labels-idx1-ubyte");
  expect_refused(folder.path(), "t10k-labels-idx1-ubyte: is not there");
}

// A record: its labels, then planes of one value each.
std::string record(const std::string& labels, char red, char green, char blue) {
  return labels + std::string(1024, red) + std::string(1024, green) + std::string(1024, blue);
}

TEST(RecordData, ReadsCifarsBatches) {
  const TempDir folder;
  for (const char* batch : {"1", "2", "3", "4", "5"})
    write_text(folder / (std::string("data_batch_") + batch + ".bin"),
               record({0}, 1, 2, 3) + record({9}, 4, 5, 6));
  write_text(folder / "test_batch.bin", record({9}, 7, 8, 9) + record({0}, 7, 8, 9));
  EXPECT_EQ(read_record_data(folder.path()).train.at("9").size(), 5U) << "without names";
  write_text(folder / "batches.meta.txt", "airplane\na\nb\nc\nd\ne\nf\ng\nh\ntruck\n\n");
  const ClassData data = read_class_data(folder.path());
  EXPECT_EQ(data.train.at("airplane").size(), 5U);
  const Picture picture = read_picture(data.test.at("truck").front());
  EXPECT_EQ(picture.width, 32);
  EXPECT_EQ(std::vector<std::uint8_t>(picture.bgr.begin(), picture.bgr.begin() + 3),
            (std::vector<std::uint8_t>{9, 8, 7}));
  write_text(folder / "batches.meta.txt", "airplane\n");
  expect_refused(folder.path(), "has 1 names of 10");
}

TEST(RecordData, ReadsTheCoarseClassesOfCifar100) {
  const TempDir folder;
  write_text(folder / "train.bin", record({19, 99}, 1, 2, 3) + record({0, 5}, 1, 2, 3));
  write_text(folder / "test.bin", record({19, 98}, 1, 2, 3));
  EXPECT_EQ(read_record_data(folder.path()).train.at("19").size(), 1U);
  write_text(folder / "test.bin", record({20, 98}, 1, 2, 3));
  expect_refused(folder.path(), "the label 20 of 20 classes");
  write_text(folder / "test.bin", record({1, 98}, 1, 2, 3).substr(1));
  expect_refused(folder.path(), "cut off");
}

}  // namespace
}  // namespace novelty
