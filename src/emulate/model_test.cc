#include "emulate/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <map>
#include <set>

namespace sluice::emulate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;

// A model of one table, and the changes of its last transaction as "op before|after-key".
class OneTable : public ::testing::Test {
 protected:
  void use(const std::string& name, ModelOptions options = {}) {
    Result<std::vector<ModelTable>> tables = choose_tables({name});
    ASSERT_TRUE(tables.ok());
    ASSERT_EQ(tables.value().size(), 1U);
    options.unusual = 0;
    model_.emplace(std::move(tables).value(), options);
  }
  std::vector<std::string> commit() {
    std::vector<std::string> seen;
    for (const RowEffect& change : model_->commit(1'790'000'000'000'000'000)) {
      std::string text(1, change.op);
      if (change.op == 'd') {
        text += change.before;
        EXPECT_TRUE(change.after.empty());
      } else {
        EXPECT_THAT(std::string(change.after), StartsWith("{"));
      }
      seen.push_back(text);
    }
    return seen;
  }
  std::map<std::string, std::string> truth() {
    std::map<std::string, std::string> rows;
    EXPECT_TRUE(model_
                    ->truth([&rows](const change::TableName&, std::string_view id,
                                    std::string_view row) -> Result<void> {
                      EXPECT_TRUE(rows.emplace(id, row).second) << "one row per record_id";
                      return {};
                    })
                    .ok());
    return rows;
  }
  std::optional<Model> model_;
};

TEST_F(OneTable, ShowsTheNetEffectOfATransaction) {
  use("order_items");
  model_->insert_row(0, 1);
  model_->update_row(0, 1);
  EXPECT_THAT(commit(), ElementsAre("c")) << "absent before, present after";
  model_->update_row(0, 1);
  model_->update_row(0, 1);
  EXPECT_THAT(commit(), ElementsAre("u")) << "one record for two updates";
  model_->delete_row(0, 1);
  model_->insert_row(0, 1);
  EXPECT_THAT(commit(), ElementsAre("u")) << "deleted and back again";
  model_->insert_row(0, 2);
  model_->delete_row(0, 2);
  EXPECT_THAT(commit(), IsEmpty()) << "never there for anybody else";
  model_->update_row(0, 1);
  model_->delete_row(0, 1);
  EXPECT_THAT(commit(), ElementsAre(R"(d{"order_id":2,"line_no":0})"));
}

TEST_F(OneTable, GivesKeysInKeyOrderNotInColumnOrder) {
  use("bin_slot");
  model_->insert_row(0, 8);
  commit();
  EXPECT_EQ(truth().begin()->first, R"([3," ZzK1"])") << "8 is aisle 3 of slot 1";
  model_->delete_row(0, 8);
  EXPECT_THAT(commit(), ElementsAre(HasSubstr(R"({"aisle":3,"slot":)")));
}

TEST_F(OneTable, NamesASingleKeyByItsBareValue) {
  use("word");
  model_->insert_row(0, 0);
  model_->insert_row(0, 16);
  commit();
  EXPECT_THAT(truth(), ElementsAre(Pair("", HasSubstr("\"word\":\"\"")), Pair("[\"a\",1]/K16", testing::_)))
      << "a bare value, whatever it looks like; the empty text is a key, too";
}

TEST_F(OneTable, HashesACompositeKeyThatIsTooLong) {
  use("bin_slot");
  model_->insert_row(0, 13 * 5);
  commit();
  const std::map<std::string, std::string> rows = truth();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_THAT(rows.begin()->first, StartsWith("sha256:"));
  EXPECT_EQ(rows.begin()->first.size(), 7U + 64U);
}

TEST_F(OneTable, WithoutAKeyKeepsEveryImageAndSaysNothingOfDeletes) {
  use("scratch_note");
  for (uint64_t number = 0; number < 20; ++number) model_->insert_row(0, number);
  EXPECT_EQ(commit().size(), 20U);
  const size_t images = truth().size();
  EXPECT_THAT(truth().begin()->first, StartsWith("image:"));
  for (uint64_t number = 0; number < 20; ++number) model_->delete_row(0, number);
  EXPECT_THAT(commit(), ::testing::Each("d"));
  EXPECT_EQ(truth().size(), images);
}

TEST_F(OneTable, KeepsStableValuesOfARowThatComesBack) {
  use("customers");
  const auto email = [this] {
    simdjson::dom::parser parser;
    return std::string(std::string_view(parser.parse(truth().at("8"))["email"]));
  };
  model_->insert_row(0, 7);
  commit();
  const std::string first = email();
  model_->delete_row(0, 7);
  commit();
  model_->insert_row(0, 7);
  commit();
  EXPECT_EQ(email(), first);
}

TEST_F(OneTable, ChangesItsColumnsButNeverItsKey) {
  ModelOptions options;
  options.schema_changes = 1;
  use("ledger_entry", options);
  std::set<std::string> names;
  std::set<catalog::Type> types;
  for (int change = 0; change < 200; ++change) {
    model_->maybe_change_schema();
    const catalog::Catalog catalog = model_->catalog();
    const catalog::Table& table = catalog.tables.begin()->second;
    std::set<std::string> now;
    for (const catalog::Column& column : table.columns) {
      EXPECT_TRUE(now.insert(column.name).second) << "no column twice";
      if (column.name == "memo") types.insert(column.type.type);
    }
    EXPECT_TRUE(now.contains("entry_no"));
    EXPECT_GE(now.size(), 2U);
    names.merge(now);
  }
  EXPECT_GT(names.size(), 10U);
}

TEST(ModelTables, HaveEveryTypeAndKeysOfEveryShape) {
  std::set<catalog::Type> types;
  std::set<size_t> key_sizes;
  std::set<change::TableName> names;
  for (const ModelTable& table : model_tables()) {
    EXPECT_TRUE(names.insert(table.name).second);
    EXPECT_LE(table.name.table.size(), 63U) << table.name.table;
    key_sizes.insert(table.key.size());
    std::set<std::string> columns;
    for (const ModelColumn& column : table.columns) {
      types.insert(column.type.type);
      EXPECT_TRUE(columns.insert(column.name).second) << column.name << " twice in " << table.name.table;
    }
    for (const std::string& key : table.key) {
      EXPECT_TRUE(std::any_of(table.columns.begin(), table.columns.end(),
                              [&key](const ModelColumn& column) { return column.name == key; }));
    }
  }
  EXPECT_EQ(types.size(), static_cast<size_t>(catalog::Type::OidVector) + 1);
  EXPECT_THAT(key_sizes, ElementsAre(0, 1, 2, 3));
}

TEST(ModelTables, AreChosenByGroupTableOrSchema) {
  EXPECT_EQ(choose_tables({"shop"}).value().size(), 4U);
  EXPECT_EQ(choose_tables({"parcel"}).value().size(), 2U);
  EXPECT_EQ(choose_tables({"north.parcel", "keyless"}).value().size(), 2U);
  EXPECT_EQ(choose_tables({}).value().size(), model_tables().size());
  const auto unknown = choose_tables({"order_item"});
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().kind, ErrorKind::Refused);
  EXPECT_THAT(unknown.error().message, HasSubstr("'order_items'"));
}

TEST(ModelValues, AreLegalJsonForEveryTypeAndDifferentForEveryKey) {
  Random random(11);
  simdjson::dom::parser parser;
  std::map<std::string, std::set<std::string>> keys;
  for (const ModelTable& table : model_tables()) {
    for (const ModelColumn& column : table.columns) {
      for (uint64_t number = 0; number < 300; ++number) {
        std::string value;
        append_value(value, column, random, 1'790'000'000'000'000);
        ASSERT_EQ(parser.parse("[" + value + "]").error(), simdjson::SUCCESS) << column.name << value;
        const std::string spelled =
            value.starts_with('"') ? spelled_with_escapes(value, random) : std::string("\"\"");
        if (!value.starts_with('"')) continue;
        const std::string meant(std::string_view(parser.parse("[" + value + "]").at(0)));
        EXPECT_EQ(std::string_view(parser.parse("[" + spelled + "]").at(0)), meant) << spelled;
      }
    }
    for (const std::string& name : table.key) {
      const auto column = std::find_if(table.columns.begin(), table.columns.end(),
                                       [&name](const ModelColumn& each) { return each.name == name; });
      std::set<std::string> values;
      for (uint64_t number = 0; number < 300; ++number) {
        std::string value;
        append_key_value(value, *column, number);
        EXPECT_TRUE(values.insert(value).second) << name << " " << number;
        ASSERT_EQ(parser.parse("[" + value + "]").error(), simdjson::SUCCESS);
      }
    }
  }
}

}  // namespace
}  // namespace sluice::emulate
