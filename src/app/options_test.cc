#include "app/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/store.h"

namespace sluice::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// A call of the command with its words, environment and configuration file.
class Call {
 public:
  explicit Call(std::vector<std::string> words) : words_(std::move(words)) {}
  Call& with_environment(Environment environment) {
    environment_ = std::move(environment);
    return *this;
  }
  Call& with_file(std::string toml) {
    toml_ = std::move(toml);
    return *this;
  }

  Result<Options> resolve() const {
    Request request = TRY(parse_command_line(words_));
    Layer environment = TRY(environment_layer(environment_));
    Layer file = TRY(parse_config_text(toml_, "shop.toml"));
    return Options(*request.command, std::move(request.flags), std::move(request.positionals),
                   std::move(environment), std::move(file));
  }
  Options options() const {
    auto resolved = resolve();
    EXPECT_TRUE(resolved.ok()) << resolved.error().message;
    return std::move(resolved).value();
  }
  std::string error() const {
    const auto resolved = resolve();
    EXPECT_FALSE(resolved.ok());
    return resolved.ok() ? "" : resolved.error().message;
  }

 private:
  std::vector<std::string> words_;
  Environment environment_;
  std::string toml_;
};

TEST(Options, default_to_what_the_pipeline_defaults_to) {
  const Options options = Call({"run"}).options();
  const pipeline::PipelineOptions ours = pipeline_options_of(options, {});
  const pipeline::PipelineOptions theirs;
  EXPECT_EQ(ours.batch_rows, theirs.batch_rows);
  EXPECT_EQ(ours.batch_bytes, theirs.batch_bytes);
  EXPECT_EQ(ours.batch_ms, theirs.batch_ms);
  EXPECT_EQ(ours.incomplete_after_ms, theirs.incomplete_after_ms);
  EXPECT_EQ(ours.fragment_memory_bytes, theirs.fragment_memory_bytes);
  EXPECT_EQ(options.text("repeats"), "land");
  EXPECT_FALSE(options.on("follow"));
  EXPECT_FALSE(options.has("from"));
}

TEST(Options, a_flag_wins_over_the_environment_and_the_environment_over_the_file) {
  const std::string file = "batch_rows = 1\n";
  const Environment environment = {{"SLUICE_BATCH_ROWS", "2"}};
  EXPECT_EQ(Call({"run"}).with_file(file).options().number("batch_rows"), 1);
  EXPECT_EQ(Call({"run"}).with_file(file).with_environment(environment).options().number("batch_rows"), 2);
  const Options all =
      Call({"run", "--batch-rows", "3"}).with_file(file).with_environment(environment).options();
  EXPECT_EQ(all.number("batch_rows"), 3);
}

TEST(Options, remember_where_each_value_came_from) {
  const Options options = Call({"run", "--batch-rows=3"})
                              .with_file("\nbatch_ms = 20\n")
                              .with_environment({{"SLUICE_THREADS", "1"}})
                              .options();
  EXPECT_EQ(options.value("batch_rows").where, "--batch-rows");
  EXPECT_EQ(options.value("batch_ms").where, "shop.toml:2: batch_ms");
  EXPECT_EQ(options.value("threads").where, "SLUICE_THREADS");
  EXPECT_EQ(options.value("batch_bytes").origin, Origin::Default);
}

TEST(Options, a_flag_switches_off_what_the_file_switches_on) {
  EXPECT_TRUE(Call({"run"}).with_file("follow = true").options().on("follow"));
  EXPECT_FALSE(Call({"run", "--until-end"}).with_file("follow = true").options().on("follow"));
  EXPECT_FALSE(Call({"run", "--strict=false"}).with_file("strict = true").options().on("strict"));
}

TEST(Options, follow_and_until_end_contradict_each_other) {
  EXPECT_THAT(Call({"run", "--follow", "--until-end"}).error(), HasSubstr("contradict"));
}

TEST(Options, settings_in_the_file_that_the_command_does_not_take_are_still_checked) {
  EXPECT_EQ(Call({"query", "SQL"}).with_file("batch_rows = 5").options().number("threads"), 2);
  EXPECT_THAT(Call({"query", "SQL"}).with_file("batch_rows = 0").error(), HasSubstr("batch_rows is '0'"));
}

TEST(Options, a_misspelt_setting_names_the_line_and_the_nearest_right_name) {
  EXPECT_EQ(Call({"run"}).with_file("strict = true\nbatch_row = 5\n").error(),
            "shop.toml:2: there is no setting 'batch_row'. Do you mean batch_rows?");
  EXPECT_EQ(Call({"run"}).with_file("[hippopotamus]\nhungry = true").error(),
            "shop.toml:1: there is no setting 'hippopotamus'. `sluice config show` lists all of them.");
}

TEST(Options, a_misspelt_flag_names_the_nearest_right_one) {
  EXPECT_EQ(Call({"run", "--batch-row", "5"}).error(),
            "`sluice run` has no flag --batch-row. Do you mean --batch-rows?");
  EXPECT_EQ(Call({"run", "--hippopotamus"}).error(),
            "`sluice run` has no flag --hippopotamus. `sluice run --help` lists its flags.");
}

TEST(Options, a_misspelt_variable_is_an_error_and_a_foreign_one_is_not) {
  EXPECT_EQ(Call({"run"}).with_environment({{"SLUICE_BATCH_ROW", "5"}}).error(),
            "the environment variable SLUICE_BATCH_ROW is not a setting. Do you mean SLUICE_BATCH_ROWS?");
  Call({"run"})
      .with_environment({{"SLUICE_BIN", "/usr/bin/sluice"}, {"SLUICE_HOME_FOLDER_OF_ME", "x"}})
      .options();
}

TEST(Options, a_misspelt_command_names_the_nearest_right_one) {
  EXPECT_EQ(Call({"rum"}).error(), "there is no command 'rum'. Do you mean `sluice run`?");
  EXPECT_EQ(Call({"quarantine", "lst"}).error(),
            "there is no command 'quarantine lst'. Do you mean `sluice quarantine list`?");
  EXPECT_EQ(Call({"hippopotamus"}).error(),
            "there is no command 'hippopotamus'. `sluice --help` lists the commands.");
}

TEST(Options, values_out_of_range_are_refused_with_the_range) {
  EXPECT_EQ(Call({"run", "--batch-rows", "0"}).error(),
            "--batch-rows is '0'; it takes a whole number from 1 to 10000000.");
  EXPECT_THAT(Call({"run"}).with_environment({{"SLUICE_MEMORY_LIMIT", "1MiB"}}).error(),
              AllOf(HasSubstr("SLUICE_MEMORY_LIMIT is '1MiB'"), HasSubstr("a size from 64MiB")));
  EXPECT_THAT(Call({"run"}).with_file("incomplete_after = \"8\"").error(),
              AllOf(HasSubstr("shop.toml:1: incomplete_after is '8'"), HasSubstr("with its unit")));
}

TEST(Options, a_wrong_choice_names_the_nearest_right_one) {
  EXPECT_EQ(Call({"run", "--repeats", "sikp"}).error(),
            "--repeats is 'sikp'; it takes one of land, skip. Do you mean skip?");
}

TEST(Options, values_of_the_wrong_type_in_the_file_are_refused) {
  EXPECT_EQ(Call({"run"}).with_file("batch_rows = \"5\"").error(),
            "shop.toml:1: batch_rows is a text; it takes a whole number from 1 to 10000000.");
  EXPECT_EQ(Call({"run"}).with_file("strict = 1").error(),
            "shop.toml:1: strict is a whole number; it takes true or false.");
  EXPECT_EQ(Call({"run"}).with_file("from = [\"a\"]").error(),
            "shop.toml:1: from is a list; it takes a text.");
  EXPECT_THAT(Call({"run"}).with_file("batch_rows = 1.5").error(), HasSubstr("a number with a fraction"));
}

TEST(Options, a_file_that_is_not_toml_names_the_line) {
  EXPECT_THAT(Call({"run"}).with_file("strict = true\nfrom = \n").error(),
              AllOf(HasSubstr("shop.toml:2"), HasSubstr("not TOML")));
}

TEST(Options, a_flag_without_its_value_says_what_it_needs) {
  EXPECT_THAT(Call({"run", "--from"}).error(),
              AllOf(HasSubstr("--from needs a value"), HasSubstr("file:PATH")));
}

TEST(Options, a_flag_given_twice_is_refused) {
  EXPECT_EQ(Call({"run", "--to", "duckdb:a", "--to", "duckdb:b"}).error(),
            "--to is given 2 times; once is enough.");
}

TEST(Options, a_dash_is_a_value) {
  EXPECT_EQ(Call({"generate", "--out", "-"}).options().text("out"), "-");
  EXPECT_THAT(Call({"query", "-"}).options().positionals(), ElementsAre("-"));
}

TEST(Options, a_statement_that_begins_with_dashes_comes_after_two_dashes) {
  EXPECT_THAT(Call({"query", "--format", "csv", "--", "-- all\nSELECT 1"}).options().positionals(),
              ElementsAre("-- all\nSELECT 1"));
}

TEST(Options, one_statement_is_enough) {
  EXPECT_EQ(Call({"query", "SELECT", "1"}).error(),
            "`sluice query` takes one SQL statement; put it in quotes.");
}

TEST(Options, words_that_a_command_has_no_use_for_are_refused) {
  EXPECT_THAT(Call({"run", "orders.ndjson"}).error(),
              HasSubstr("does not know what to do with 'orders.ndjson'"));
}

TEST(Options, a_secret_is_never_repeated_in_a_message) {
  const std::string error = Call({"drive"}).with_environment({{"SLUICE_POSTGRES", ""}}).error();
  EXPECT_EQ(error, "SLUICE_POSTGRES is empty.");
}

std::vector<std::string> columns_of(const Options& options, const char* schema, const char* table) {
  const auto found = options.keys().find({schema, table});
  return found == options.keys().end() ? std::vector<std::string>() : found->second.columns;
}

TEST(Keys, are_given_by_flag_once_per_table) {
  const Options options = Call({"run", "--key", "depot.bin=aisle,slot", "--key", "orders=id"}).options();
  EXPECT_THAT(columns_of(options, "depot", "bin"), ElementsAre("aisle", "slot"));
  EXPECT_THAT(columns_of(options, "public", "orders"), ElementsAre("id"));
}

TEST(Keys, are_given_by_the_file_in_either_form) {
  const Options options = Call({"run"})
                              .with_file(
                                  "[keys]\n\"public.orders\" = [\"id\"]\n"
                                  "[keys.\"sche.ma\"]\n\"ta.ble\" = [\"a,b\", \"c\"]\n")
                              .options();
  EXPECT_THAT(columns_of(options, "public", "orders"), ElementsAre("id"));
  EXPECT_THAT(columns_of(options, "sche.ma", "ta.ble"), ElementsAre("a,b", "c"));
}

TEST(Keys, of_file_environment_and_flags_are_merged_table_by_table) {
  const Options options = Call({"run", "--key", "c=flag"})
                              .with_environment({{"SLUICE_KEYS", "b=env;c=env"}})
                              .with_file("[keys]\na = [\"file\"]\nb = [\"file\"]\nc = [\"file\"]\n")
                              .options();
  EXPECT_THAT(columns_of(options, "public", "a"), ElementsAre("file"));
  EXPECT_THAT(columns_of(options, "public", "b"), ElementsAre("env"));
  EXPECT_THAT(columns_of(options, "public", "c"), ElementsAre("flag"));
}

TEST(Keys, that_are_not_parted_by_semicolons_are_refused_instead_of_making_one_long_name) {
  EXPECT_THAT(Call({"run"}).with_environment({{"SLUICE_KEYS", "b=x,y c=z"}}).error(),
              HasSubstr("'y c=z' is no column's name here. Keys are separated by semicolons"));
}

TEST(Keys, that_name_no_column_or_one_twice_are_refused) {
  for (const char* text : {"orders", "orders=", "orders=a,,b", "orders=a,a", "=a", "a.b.c=d", "public.=a"}) {
    EXPECT_THAT(Call({"run", "--key", text}).error(), HasSubstr("--key is '")) << text;
  }
  EXPECT_THAT(Call({"run"}).with_file("[keys]\norders = [\"a\", \"a\"]").error(), HasSubstr("twice"));
  EXPECT_THAT(Call({"run"}).with_file("[keys]\norders = \"a\"").error(), HasSubstr("list of column names"));
  EXPECT_THAT(Call({"run"}).with_file("keys = 5").error(), HasSubstr("keys is a whole number"));
}

TEST(Settings, every_default_is_a_right_value) {
  // The constructor of Options stops the program on one that is not.
  for (const Command& command : all_commands()) {
    const Options options(command, {}, {}, {}, {});
    for (const Setting* setting : flags_of(command)) {
      if (setting->kind == Kind::Keys) continue;
      EXPECT_EQ(options.text(setting->name), setting->fallback);
    }
  }
}

TEST(Settings, no_command_has_two_flags_of_one_name) {
  for (const Command& command : all_commands()) {
    std::vector<std::string> names;
    for (const Setting* setting : flags_of(command)) names.push_back(flag_of(*setting));
    std::sort(names.begin(), names.end());
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end()) << command.words;
  }
}

TEST(Help, of_every_command_shows_examples_every_flag_and_the_exit_codes) {
  for (const Command& command : all_commands()) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : std::string(command.words) + " ") {
      if (c != ' ') {
        word += c;
      } else {
        words.push_back(std::exchange(word, ""));
      }
    }
    words.emplace_back("--help");
    const auto request = parse_command_line(words);
    ASSERT_TRUE(request.ok());
    const std::string& text = request.value().text_to_print;
    EXPECT_THAT(text,
                AllOf(HasSubstr("Examples:\n  "), HasSubstr("Exit codes:\n"), HasSubstr("--config FILE")));
    for (const Setting* setting : flags_of(command)) EXPECT_THAT(text, HasSubstr("  " + flag_of(*setting)));
  }
}

TEST(Help, has_a_heading_for_what_is_redshifts_alone_behind_the_commands_own_flags) {
  const std::string text =
      parse_command_line(std::vector<std::string>{"views", "--help"}).value().text_to_print;
  const size_t own = text.find("  --grant ROLE");
  const size_t heading = text.find("\nFor Redshift:\n");
  ASSERT_NE(heading, std::string::npos);
  EXPECT_LT(own, heading);
  EXPECT_EQ(text.find("--redshift-"), text.find("--redshift-", heading));
}

TEST(Help, is_shown_even_when_other_flags_are_wrong) {
  const auto request = parse_command_line(std::vector<std::string>{"run", "--from", "--help"});
  ASSERT_TRUE(request.ok()) << request.error().message;
}

TEST(Help, of_a_group_lists_its_commands) {
  const auto request = parse_command_line(std::vector<std::string>{"quarantine"});
  ASSERT_TRUE(request.ok());
  EXPECT_THAT(request.value().text_to_print, HasSubstr("quarantine retry"));
}

}  // namespace
}  // namespace sluice::app
