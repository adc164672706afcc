#include "decode/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "decode/padded_text.h"

namespace sluice::decode {
namespace {

using change::Image;
using testing::ElementsAre;
using testing::SizeIs;

class ImageReaderTest : public testing::Test {
 protected:
  // The keys of the image, or the fault.
  struct Outcome {
    Fault fault = Fault::None;
    std::vector<std::string> keys;
  };
  Outcome take(std::string_view text) {
    const PaddedText padded(text);
    Scan scan(padded.view());
    Image image;
    const At at = reader_.take(scan, scan.begin, 0, list_, image);
    Outcome outcome{scan.fault, {}};
    if (at == nullptr) return outcome;
    EXPECT_EQ(image.json, text);
    for (const change::ImageField& field : image.fields) outcome.keys.emplace_back(field.key);
    return outcome;
  }
  std::string object(const std::vector<std::string>& keys) {
    std::string text = "{";
    for (const std::string& key : keys) text += (text.size() > 1 ? ",\"" : "\"") + key + "\":1";
    return text + "}";
  }
  // Takes the image twice, so that it is read once with and once without knowing its keys.
  void expect_taken(const std::vector<std::string>& keys) {
    for (int i = 0; i < 2; ++i) {
      const Outcome outcome = take(object(keys));
      EXPECT_EQ(outcome.fault, Fault::None) << object(keys).substr(0, 200);
      EXPECT_EQ(outcome.keys, keys);
    }
  }
  void expect_duplicate(const std::vector<std::string>& keys) {
    for (int i = 0; i < 2; ++i) EXPECT_EQ(take(object(keys)).fault, Fault::DuplicateKey);
  }

  ImageReader reader_;
  FieldList list_;
};

std::vector<std::string> numbered(const std::string& prefix, size_t count) {
  std::vector<std::string> keys;
  for (size_t i = 0; i < count; ++i) keys.push_back(prefix + std::to_string(i));
  return keys;
}

TEST_F(ImageReaderTest, GivesTheMembersInOrder) {
  expect_taken({"order_id", "customer_id", "status"});
  expect_taken({"status"});
  expect_taken({"status", "order_id"});
  expect_taken({"order_id", "customer_id", "status"});
}

TEST_F(ImageReaderTest, ReadsTheSameKeysHoweverTheyAreSpaced) {
  expect_taken({"a", "bb"});
  EXPECT_THAT(take("{ \"a\" : 1 , \"bb\" : 2 }").keys, ElementsAre("a", "bb"));
  EXPECT_THAT(take("{\n\t\"a\":1,\r\n\t\"bb\":2\n}").keys, ElementsAre("a", "bb"));
  EXPECT_THAT(take("{\"a\" :1,\"bb\":2}").keys, ElementsAre("a", "bb"));
  EXPECT_EQ(take("{\"a\" :1,\"bb\":2,\"a\":3}").fault, Fault::DuplicateKey);
}

TEST_F(ImageReaderTest, TellsKeysApartThatBeginAlike) {
  expect_taken({"a", "ab", "abc", "abcdefgh", "abcdefghi", "abcdefghijklmno", "abcdefghijklmnop",
                "abcdefghijklmnopq", "abcdefghijklmnopqrstuvwxyz0123456789"});
  expect_taken({"abcdefghijklmnopqrstuvwxyz-0123456789", "abcdefghijklmnopqrstuvwxyz+0123456789"});
  expect_taken({"", " ", "  "});
}

TEST_F(ImageReaderTest, FindsShortAndLongKeysThatStandTwice) {
  expect_duplicate({"a", "a"});
  expect_duplicate({"id", "name", "id"});
  expect_duplicate({"", "x", ""});
  expect_duplicate({"eight___", "x", "eight___"});
  expect_duplicate({"more_than_eight_bytes", "x", "more_than_eight_bytes"});
  for (const size_t length : {63U, 77U, 78U, 79U, 500U}) {
    const std::string name(length, 'n');
    expect_duplicate({name, "x", name});
    expect_taken({name, "x", name + "2"});
  }
}

TEST_F(ImageReaderTest, FindsKeysThatAreTheSameOnlyOnceUnescaped) {
  EXPECT_EQ(take(R"({"id":1,"\u0069d":2})").fault, Fault::DuplicateKey);
  EXPECT_EQ(take(R"({"\u0069d":1,"id":2})").fault, Fault::DuplicateKey);
  EXPECT_EQ(take(R"({"\u0069d":1,"i\u0064":2})").fault, Fault::DuplicateKey);
  EXPECT_EQ(take(R"({"a\/b":1,"a/b":2})").fault, Fault::DuplicateKey);
  EXPECT_EQ(take("{\"\xF0\x9F\x98\x80\":1,\"\\ud83d\\ude00\":2}").fault, Fault::DuplicateKey);
  EXPECT_THAT(take(R"({"id":1,"\\u0069d":2})").keys, SizeIs(2));
  EXPECT_THAT(take(R"({"a\u0000":1,"a":2})").keys, SizeIs(2));
}

TEST_F(ImageReaderTest, FindsOneRepeatedKeyAmongHundreds) {
  for (const size_t count : {255U, 300U, 1000U}) {
    std::vector<std::string> keys = numbered("column_", count);
    expect_taken(keys);
    keys.push_back(keys[count / 2]);
    expect_duplicate(keys);
  }
}

TEST_F(ImageReaderTest, FindsOneRepeatedKeyAmongMoreThanItRemembers) {
  std::vector<std::string> keys = numbered("k", 10'000);
  expect_taken(keys);
  keys.push_back("k9999");
  expect_duplicate(keys);
  keys.back() = "k0";
  expect_duplicate(keys);
  expect_taken({"after", "that"});
}

TEST_F(ImageReaderTest, FindsOneRepeatedKeyAmongManyThatHashAlike) {
  // The hash sees the first and the last eight bytes and the length; these differ in the middle only.
  std::vector<std::string> keys;
  for (int i = 100; i < 400; ++i) keys.push_back("abcdefgh" + std::to_string(i) + "ijklmnop");
  expect_taken(keys);
  for (const size_t twice : {0U, 10U, 299U}) {
    std::vector<std::string> more = keys;
    more.push_back(keys[twice]);
    expect_duplicate(more);
  }
}

TEST_F(ImageReaderTest, DoesNotTakeAKeyOfTheImageBeforeForADuplicate) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(take(R"({"id":1,"id":2})").fault, Fault::DuplicateKey);
    EXPECT_THAT(take(R"({"id":1,"name":2})").keys, ElementsAre("id", "name"));
    EXPECT_EQ(take("{}").fault, Fault::None);
  }
}

TEST_F(ImageReaderTest, LooksForDuplicatesInTheRowOnlyAndNotInsideItsValues) {
  EXPECT_THAT(take(R"({"doc":{"a":1,"a":2},"a":[{"b":1,"b":1}]})").keys, ElementsAre("doc", "a"));
}

TEST_F(ImageReaderTest, StaysRightAfterMoreTablesThanItRemembers) {
  for (int table = 0; table < 600; ++table) {
    std::vector<std::string> keys = numbered("t" + std::to_string(table) + "_", 20);
    keys.insert(keys.begin(), "id");
    expect_taken(keys);
    keys.push_back(keys[static_cast<size_t>(table) % 21]);
    expect_duplicate(keys);
  }
}

TEST_F(ImageReaderTest, NeedsTheWholeKeyWithinTheText) {
  EXPECT_EQ(take(R"({"order_id":1})").fault, Fault::None);
  // What lies behind the text would complete the key that is expected.
  for (const std::string_view cut : {R"({"order_id":)", R"({"order_id")", R"({"order_i)", R"({")", "{"}) {
    const PaddedText text(cut, R"(":1} )");
    const PaddedText whole(cut, std::string(R"({"order_id":1})").substr(cut.size()));
    for (const PaddedText* padded : {&text, &whole}) {
      Scan scan(padded->view());
      Image image;
      EXPECT_EQ(reader_.take(scan, scan.begin, 0, list_, image), nullptr);
      EXPECT_EQ(scan.fault, Fault::EndsEarly) << cut;
      EXPECT_EQ(scan.fault_offset(), cut.size()) << cut;
    }
  }
}

}  // namespace
}  // namespace sluice::decode
