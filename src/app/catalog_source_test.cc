#include "app/catalog_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "app/commands.h"
#include "base/clock.h"
#include "net/scripted_transport_for_test.h"

namespace sluice::app {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kText =
    "[[table]]\nschema = \"public\"\nname = \"orders\"\nkey = [\"shop\", \"no\"]\n"
    "columns = [{ name = \"shop\", type = \"integer\" }, { name = \"no\", type = \"integer\" }]\n";
// The same, by gzip -9 and base64.
const std::string kPacked =
    "H4sIAAAAAAACA22LOQqAMBAA+"
    "33FsrVf8CUhRYyLEXORowji342i2FgOMyNEUZNlKSFrw07hiBTrZFdN4JXji0OaOWWCjVtHQdmESAOSDyRBB1udz5fY8T2eorR44+"
    "oLL5wIjwG/qO9/iYQTdl5XbZQAAAA=";

// What the function makes of SLUICE_CATALOG, with an S3 that answers as told.
class CatalogSourceTest : public ::testing::Test {
 protected:
  Result<std::optional<catalog::Catalog>> read(const std::string& value) {
    Layer layer = environment_layer({{"SLUICE_CATALOG", value}}).value();
    const Options options(function_command(), {}, {}, std::move(layer), {});
    name = catalog_name(options);
    return catalog_of(options, session_, 200);
  }
  void expect_orders(const std::string& value) {
    const auto catalog = read(value);
    ASSERT_TRUE(catalog.ok()) << catalog.error().message;
    ASSERT_TRUE(catalog.value());
    EXPECT_THAT(catalog.value()->tables.at({"public", "orders"}).key, ElementsAre("shop", "no"));
  }
  std::string trouble(const std::string& value) {
    const auto catalog = read(value);
    return catalog.ok() ? "" : catalog.error().message;
  }

  Result<net::HttpResponse> reply =
      net::replies(404, "<Error><Code>NoSuchKey</Code><Message>no</Message></Error>");
  std::string name;
  net::ScriptedTransport transport{[this](const net::HttpRequest&) { return reply; }};

 private:
  std::unique_ptr<net::CredentialsProvider> credentials_ =
      net::fixed_credentials({"AKIDEXAMPLE", "not-a-secret", "", 0});
  aws::Session session_{transport, *credentials_, system_clock(), [] {
                          net::EndpointSettings settings;
                          settings.region = "us-east-1";
                          return settings;
                        }()};
};

TEST_F(CatalogSourceTest, ItMayStandInTheVariableItself) {
  expect_orders("toml:" + kText);
  EXPECT_EQ(name, "SLUICE_CATALOG");
  EXPECT_TRUE(transport.seen.empty());
}

TEST_F(CatalogSourceTest, PackedItTakesLessOfTheVariable) {
  expect_orders("gzip:" + kPacked);
  // As `base64` without -w0 writes it.
  expect_orders("gzip:" + kPacked.substr(0, 40) + "\n" + kPacked.substr(40) + "\n");
}

TEST_F(CatalogSourceTest, WhatWasCutShortIsToldAndNotTakenForLess) {
  EXPECT_THAT(trouble("gzip:" + kPacked.substr(0, 60)), HasSubstr("SLUICE_CATALOG"));
  EXPECT_THAT(trouble("gzip:" + kPacked.substr(0, 60)), HasSubstr("not the whole of one gzip file"));
  EXPECT_THAT(trouble("gzip:" + kPacked + "AAAA"), HasSubstr("not"));
  EXPECT_THAT(trouble("gzip:!"), HasSubstr("is not base64"));
  EXPECT_THAT(trouble("gzip:"), HasSubstr("not the whole of one gzip file"));
}

TEST_F(CatalogSourceTest, AMistakeInTheTextNamesTheVariableAndNotTheText) {
  EXPECT_THAT(trouble("toml:[[table]]\nschema = 7\n"),
              AllOf(HasSubstr("SLUICE_CATALOG:2"), Not(HasSubstr("toml:"))));
}

TEST_F(CatalogSourceTest, AnObjectIsReadFromS3) {
  reply = net::replies(200, kText);
  expect_orders("s3://shop-cdc/config/shop.toml");
  ASSERT_EQ(transport.seen.size(), 1U);
  EXPECT_THAT(transport.seen[0].url, HasSubstr("/shop-cdc/config/shop.toml"));
  EXPECT_EQ(name, "s3://shop-cdc/config/shop.toml");
}

TEST_F(CatalogSourceTest, AnObjectThatIsNotThereMayNotBeReadOrDoesNotAnswerIsNamed) {
  EXPECT_THAT(trouble("s3://shop-cdc/shop.toml"),
              AllOf(HasSubstr("SLUICE_CATALOG"), HasSubstr("no object s3://shop-cdc/shop.toml")));
  reply = net::replies(403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>");
  EXPECT_THAT(trouble("s3://shop-cdc/shop.toml"),
              AllOf(HasSubstr("cannot be read"), HasSubstr("AccessDenied")));
  reply = unavailable("nobody answers.");
  EXPECT_THAT(trouble("s3://shop-cdc/shop.toml"), HasSubstr("nobody answers."));
  EXPECT_GT(transport.seen.size(), 3U);
  for (const char* wrong : {"s3://shop-cdc", "s3://shop-cdc/", "s3:///shop.toml", "s3://shop-cdc/config/"})
    EXPECT_THAT(trouble(wrong), HasSubstr("s3://BUCKET/KEY")) << wrong;
}

TEST_F(CatalogSourceTest, AnythingElseIsAFile) {
  EXPECT_THAT(trouble("nowhere/shop.toml"), HasSubstr("nowhere/shop.toml"));
}

}  // namespace
}  // namespace sluice::app
