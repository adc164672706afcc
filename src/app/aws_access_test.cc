#include "app/aws_access.h"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

TEST(AwsAccess, a_profile_counts_before_everything_that_the_environment_says_of_who_signs) {
  const net::Environment environment = net::environment_of({{"AWS_PROFILE", "other"},
                                                            {"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
                                                            {"AWS_SECRET_ACCESS_KEY", "not-a-secret"},
                                                            {"AWS_SESSION_TOKEN", "nor this"},
                                                            {"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"},
                                                            {"AWS_REGION", "eu-west-1"}});
  const net::Environment shop = environment_with_profile(environment, "shop");
  EXPECT_EQ(shop("AWS_PROFILE"), "shop");
  for (const char* name :
       {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE"})
    EXPECT_EQ(shop(name), std::nullopt) << name;
  EXPECT_EQ(shop("AWS_REGION"), "eu-west-1");
  const net::Environment same = environment_with_profile(environment, "");
  EXPECT_EQ(same("AWS_PROFILE"), "other");
  EXPECT_EQ(same("AWS_ACCESS_KEY_ID"), "AKIDEXAMPLE");
}

}  // namespace
}  // namespace sluice::app
