#include "keys/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "base/text.h"

namespace sluice::keys {
namespace {

using change::Image;
using change::ImageField;
using change::KeyOrigin;
using change::TableKey;
using change::TableName;
using change::ValueKind;
using ::testing::ElementsAre;
using ::testing::StartsWith;

// An image from its members' texts, without a parser: {"\"id\"", "7"}.
class TestImage {
 public:
  TestImage(std::initializer_list<std::pair<std::string, std::string>> members) : members_(members) {
    json_ = "{";
    for (const auto& [key, value] : members_) {
      if (json_.size() > 1) json_ += ',';
      json_ += '"' + key + "\":" + value;
      fields_.push_back({key, value, kind_of(value), key.find('\\') != std::string::npos});
    }
    json_ += '}';
  }
  TestImage(const TestImage&) = delete;
  TestImage& operator=(const TestImage&) = delete;

  Image image() const { return {json_, fields_}; }

 private:
  static ValueKind kind_of(const std::string& value) {
    if (value == "null") return ValueKind::Null;
    if (value == "\"NaN\"") return ValueKind::NonFinite;
    if (value.starts_with('"')) return ValueKind::String;
    if (value == "true" || value == "false") return ValueKind::Bool;
    return ValueKind::BigInt;
  }

  std::deque<std::pair<std::string, std::string>> members_;
  std::string json_;
  std::vector<ImageField> fields_;
};

std::string id_of(const TestImage& image, const std::vector<std::string>& key, bool is_delete = false) {
  std::string id = "left over";
  make_record_id(id, key, is_delete, image.image());
  return id;
}

TEST(RecordId, IsTheBareValueOfASingleColumn) {
  EXPECT_EQ(id_of({{"id", "9223372036854775807"}}, {"id"}), "9223372036854775807");
  EXPECT_EQ(id_of({{"name", "\"Köln\""}, {"id", "-7"}}, {"id"}), "-7");
  EXPECT_EQ(id_of({{"sku", "\"A-1\""}}, {"sku"}), "A-1");
  EXPECT_EQ(id_of({{"flag", "true"}}, {"flag"}), "true");
  EXPECT_EQ(id_of({{"rate", "\"NaN\""}}, {"rate"}), "NaN");
}

TEST(RecordId, IsTheSameHoweverTheSourceEscapedTheValueOrTheName) {
  const std::string plain = id_of({{"größe", "\"a/é\\\\\""}}, {"größe"});
  EXPECT_EQ(plain, "a/é\\");
  EXPECT_EQ(id_of({{"gr\\u00f6\\u00dfe", "\"a\\/\\u00e9\\u005c\""}}, {"größe"}), plain);
  EXPECT_EQ(id_of({{"a", "\"x\\u0079\""}, {"b", "1"}}, {"a", "b"}),
            id_of({{"\\u0061", "\"xy\""}, {"b", "1"}}, {"a", "b"}));
}

TEST(RecordId, IsTheArrayOfTheValuesInKeyOrderForSeveralColumns) {
  EXPECT_EQ(id_of({{"slot", "\"B-02\""}, {"aisle", "7"}, {"x", "0"}}, {"aisle", "slot"}), R"([7,"B-02"])");
  EXPECT_EQ(id_of({{"slot", "\"B-02\""}, {"aisle", "7"}}, {"slot", "aisle"}), R"(["B-02",7])");
}

TEST(RecordId, KeepsKeysApartThatLookAlikeOnceJoined) {
  EXPECT_NE(id_of({{"a", "\"x,y\""}, {"b", "\"z\""}}, {"a", "b"}),
            id_of({{"a", "\"x\""}, {"b", "\"y,z\""}}, {"a", "b"}));
  EXPECT_NE(id_of({{"a", "\"1\""}, {"b", "2"}}, {"a", "b"}), id_of({{"a", "1"}, {"b", "2"}}, {"a", "b"}));
  EXPECT_NE(id_of({{"a", "\"\\\"\""}, {"b", "2"}}, {"a", "b"}),
            id_of({{"a", "\"\""}, {"b", "2"}}, {"a", "b"}));
}

TEST(RecordId, IsADigestOnlyPast2048Bytes) {
  const std::string longest(kMaxRecordIdBytes, 'x');
  EXPECT_EQ(id_of({{"id", '"' + longest + '"'}}, {"id"}), longest);
  EXPECT_EQ(id_of({{"id", '"' + longest + "x\""}}, {"id"}), "sha256:" + sha256_hex(longest + "x"));
  const std::string composite = "[\"" + longest + "\",1]";
  EXPECT_EQ(id_of({{"id", '"' + longest + '"'}, {"no", "1"}}, {"id", "no"}),
            "sha256:" + sha256_hex(composite));
}

TEST(RecordId, OfARowWithoutItsKeyIsItsImage) {
  const std::string digest = sha256_hex(R"({"note":"x","id":null})");
  EXPECT_EQ(id_of({{"note", "\"x\""}, {"id", "null"}}, {"id"}), "image:" + digest)
      << "null identifies nothing";
  EXPECT_EQ(id_of({{"note", "\"x\""}, {"id", "null"}}, {"order_id"}), "image:" + digest);
  EXPECT_EQ(id_of({{"note", "\"x\""}, {"id", "null"}}, {}), "image:" + digest);
  EXPECT_EQ(id_of({{"note", "\"x\""}, {"id", "null"}}, {"note", "id"}), "image:" + digest);
  EXPECT_NE(id_of({{"note", "\"y\""}, {"id", "null"}}, {"id"}), "image:" + digest);
}

TEST(RecordId, OfADeleteWithoutTheKeyIsWhatItNames) {
  EXPECT_EQ(id_of({{"uuid", "\"u-1\""}}, {"id"}, true), "u-1");
  EXPECT_EQ(id_of({{"a", "1"}, {"b", "2"}}, {"id"}, true), "[1,2]");
  EXPECT_EQ(id_of({{"a", "1"}, {"b", "2"}}, {}, true), "[1,2]");
  EXPECT_EQ(id_of({{"a", "1"}, {"b", "2"}}, {"b"}, true), "2") << "a delete may name more than the key";
}

// What `before` images teach, one after the other.
struct Taught {
  std::vector<std::string> columns;
  int64_t commit_ts_ns = 0;
};

Lesson teach(TableKey& key, const Taught& lesson) {
  std::deque<std::string> names(lesson.columns.begin(), lesson.columns.end());
  std::vector<ImageField> fields;
  for (const std::string& name : names)
    fields.push_back({name, "1", ValueKind::Int, name.find('\\') != std::string::npos});
  return learn(key, {"{}", fields}, lesson.commit_ts_ns);
}

const TableName kOrders{"public", "orders"};

TEST(InitialKey, ComesFromTheConfigurationThenTheCatalogThenIsId) {
  catalog::Catalog catalog;
  catalog.tables[kOrders] = {kOrders, {}, {"tenant", "id"}};
  const TableKey configured = initial_key(kOrders, {{kOrders, {"order_no"}}}, &catalog);
  EXPECT_THAT(configured.columns, ElementsAre("order_no"));
  EXPECT_EQ(configured.origin, KeyOrigin::Config);
  const TableKey known = initial_key(kOrders, {}, &catalog);
  EXPECT_THAT(known.columns, ElementsAre("tenant", "id"));
  EXPECT_EQ(known.origin, KeyOrigin::Catalog);
  for (const catalog::Catalog* none :
       {static_cast<const catalog::Catalog*>(nullptr), &std::as_const(catalog)}) {
    const TableKey guessed = initial_key({"north", "orders"}, {{kOrders, {"order_no"}}}, none);
    EXPECT_THAT(guessed.columns, ElementsAre("id")) << "another schema's table is another table";
    EXPECT_EQ(guessed.origin, KeyOrigin::IdColumn);
  }
}

TEST(Learning, ADeleteTeachesTheKeyThatWasGuessed) {
  TableKey key = initial_key(kOrders, {}, nullptr);
  EXPECT_EQ(teach(key, {{"tenant", "id"}, 50}), Lesson::Taught);
  EXPECT_THAT(key.columns, ElementsAre("tenant", "id"));
  EXPECT_EQ(key.origin, KeyOrigin::Learned);
  EXPECT_EQ(key.learned_at_ns, 50);
  EXPECT_EQ(teach(key, {{"tenant", "id"}, 40}), Lesson::Agrees);
  EXPECT_EQ(teach(key, {{"tenant", "id"}, 60}), Lesson::Confirmed) << "known since a later commit";
  EXPECT_EQ(key.learned_at_ns, 60);
  EXPECT_EQ(teach(key, {{"id"}, 55}), Lesson::Disagrees) << "an older delete does not take the key back";
  EXPECT_THAT(key.columns, ElementsAre("tenant", "id"));
  EXPECT_EQ(teach(key, {{"order\\u005fno"}, 70}), Lesson::Taught);
  EXPECT_THAT(key.columns, ElementsAre("order_no"));
}

TEST(Learning, ADeleteThatNamesIdConfirmsTheGuess) {
  TableKey key = initial_key(kOrders, {}, nullptr);
  EXPECT_EQ(teach(key, {{"id"}, 50}), Lesson::Confirmed) << "no row has to be keyed anew";
  EXPECT_EQ(key.origin, KeyOrigin::Learned);
}

TEST(Learning, AStrongerKeyIsNotOverruled) {
  for (const KeyOrigin origin : {KeyOrigin::Config, KeyOrigin::Catalog}) {
    const TableKey strong{{"tenant", "id"}, origin, 0};
    TableKey key = strong;
    EXPECT_EQ(teach(key, {{"id", "tenant"}, 50}), Lesson::Agrees) << "the order of `before` does not matter";
    EXPECT_EQ(teach(key, {{"id"}, 50}), Lesson::Disagrees);
    EXPECT_EQ(teach(key, {{"id", "tenant", "more"}, 50}), Lesson::Disagrees);
    EXPECT_EQ(key, strong);
  }
}

TEST(Learning, ATableThatTheCatalogKnowsWithoutKeyLearnsOne) {
  TableKey key{{}, KeyOrigin::Catalog, 0};
  EXPECT_EQ(teach(key, {{"id"}, 50}), Lesson::Taught);
  EXPECT_THAT(key.columns, ElementsAre("id"));
  EXPECT_EQ(key.origin, KeyOrigin::Learned);
}

TEST(Learning, AnyOrderOfTheSameLessonsEndsAtTheSameKey) {
  std::vector<Taught> lessons = {{{"id"}, 10},   {{"tenant", "id"}, 20}, {{"id", "tenant"}, 20},
                                 {{"zone"}, 20}, {{"tenant", "id"}, 15}, {{"id"}, 19}};
  std::vector<size_t> order = {0, 1, 2, 3, 4, 5};
  const auto learned = [&] {
    TableKey key = initial_key(kOrders, {}, nullptr);
    for (const size_t at : order) {
      const TableKey before = key;
      const Lesson lesson = teach(key, lessons[at]);
      const bool other_columns = before.columns != key.columns;
      EXPECT_EQ(lesson == Lesson::Taught, other_columns) << "whoever asks must key the rows anew";
    }
    return key;
  };
  const TableKey first = learned();
  EXPECT_EQ(first.learned_at_ns, 20) << "the latest commit teaches";
  while (std::next_permutation(order.begin(), order.end())) {
    ASSERT_EQ(learned(), first) << ::testing::PrintToString(order);
  }
}

TEST(LearnedCatalogKey, CountsAsOneThatDeletesHaveTaughtBeforeAnyThatIsSeen) {
  catalog::Catalog catalog;
  const TableName name{"public", "lines"};
  catalog.tables[name] = {name, {}, {"order_id", "line"}, true};
  TableKey key = initial_key(name, {}, &catalog);
  EXPECT_EQ(key, (TableKey{{"order_id", "line"}, KeyOrigin::Learned, 0}));
  EXPECT_EQ(learn(key, TestImage({{"line_id", "7"}}).image(), 5), Lesson::Taught);
  EXPECT_THAT(key.columns, ElementsAre("line_id"));
}

TEST(LearnedCatalogKey, ThatIsNotKnownIsTheColumnId) {
  catalog::Catalog catalog;
  const TableName name{"public", "lines"};
  catalog.tables[name] = {name, {}, {}, true};
  EXPECT_EQ(initial_key(name, {}, &catalog), (TableKey{{"id"}, KeyOrigin::IdColumn, 0}));
}

}  // namespace
}  // namespace sluice::keys
