// Every type of the source through a view of the real DuckDB, value by value, garbage included.
#include <gmock/gmock.h>

#include "sql/log_for_test.h"

namespace sluice::sql {
namespace {

using catalog::ColumnType;
using catalog::Type;
using change::kind_bit;
using change::KindSet;
using change::ValueKind;
using testing::ElementsAre;
using testing::UnorderedElementsAreArray;

ColumnType plain(Type type) { return {type, {}, {}, {}}; }
ColumnType numeric(int precision, int scale) { return {Type::Numeric, precision, scale, {}}; }

// One column of one type over one row per value, each value as JSON text.
class Shown {
 public:
  Shown(const ColumnType& type, const std::vector<std::string>& values) {
    std::vector<Event> events;
    for (size_t at = 0; at < values.size(); ++at) {
      events.push_back({std::to_string(at), "{\"id\":" + std::to_string(at) + ",\"x\":" + values[at] + "}"});
    }
    log.land(events);
    const catalog::Catalog catalog =
        one_table_catalog({"public", "t"}, {{"id", plain(Type::Integer)}, {"x", type}});
    log.make(duckdb_views({}, &catalog));
  }

  Texts texts(const std::string& expression = "x") {
    Texts texts;
    for (const Texts& row : log.rows("SELECT " + expression + " FROM t_current ORDER BY id")) {
      texts.push_back(row[0]);
    }
    return texts;
  }

  std::string type() { return log.value("SELECT DISTINCT typeof(x) FROM t_current"); }

  LogForTest log;
};

TEST(DuckDbTypes, IntegersAreExactToTheirLastDigit) {
  Shown small(plain(Type::SmallInt), {"-32768", "32767", "32768", "null", "\"abc\"", "{}", "\"\""});
  EXPECT_EQ(small.type(), "SMALLINT");
  EXPECT_THAT(small.texts(), ElementsAre("-32768", "32767", "NULL", "NULL", "NULL", "NULL", "NULL"));
  Shown whole(plain(Type::Integer), {"-2147483648", "2147483647", "2147483648", "[1]"});
  EXPECT_EQ(whole.type(), "INTEGER");
  EXPECT_THAT(whole.texts(), ElementsAre("-2147483648", "2147483647", "NULL", "NULL"));
  Shown big(plain(Type::BigInt), {"-9223372036854775808", "9223372036854775807", "9007199254740993",
                                  "9223372036854775808", "\"NaN\"", "true"});
  EXPECT_EQ(big.type(), "BIGINT");
  EXPECT_THAT(big.texts(), ElementsAre("-9223372036854775808", "9223372036854775807", "9007199254740993",
                                       "NULL", "NULL", "NULL"));
  Shown oid(plain(Type::Oid), {"0", "4294967295", "\"x\""});
  EXPECT_THAT(oid.texts(), ElementsAre("0", "4294967295", "NULL"));
}

TEST(DuckDbTypes, FloatsIncludeWhatIsNotANumber) {
  Shown real(plain(Type::Real), {"0.1", "1", "\"NaN\"", "\"Infinity\"", "\"-Infinity\"", "3.4028235e38",
                                 "\"abc\"", "null", "{\"a\":1}"});
  EXPECT_EQ(real.type(), "FLOAT");
  EXPECT_THAT(real.texts(),
              ElementsAre("0.1", "1.0", "nan", "inf", "-inf", "3.4028235e+38", "NULL", "NULL", "NULL"));
  Shown wide(plain(Type::DoublePrecision), {"0.30000000000000004", "5e-324", "1.7976931348623157e308", "-0.0",
                                            "\"NaN\"", "\"-Infinity\"", "\"zero\"", "[]"});
  EXPECT_EQ(wide.type(), "DOUBLE");
  EXPECT_THAT(wide.texts(), ElementsAre("0.30000000000000004", "5e-324", "1.7976931348623157e+308", "-0.0",
                                        "nan", "-inf", "NULL", "NULL"));
}

TEST(DuckDbTypes, NumericIsADecimalWhereItFitsAndExactTextWhereNot) {
  Shown price(numeric(12, 2), {"\"1234567890.12\"", "\"-0.01\"", "\"12345678901.00\"", "\"NaN\"",
                               "\"Infinity\"", "\"abc\"", "null"});
  EXPECT_EQ(price.type(), "DECIMAL(12,2)");
  EXPECT_THAT(price.texts(), ElementsAre("1234567890.12", "-0.01", "NULL", "NULL", "NULL", "NULL", "NULL"));
  Shown widest(numeric(38, 37), {"\"-9.9999999999999999999999999999999999999\""});
  EXPECT_THAT(widest.texts(), ElementsAre("-9.9999999999999999999999999999999999999"));
  Shown undeclared(plain(Type::Numeric),
                   {"\"1.10\"", "\"NaN\"", "\"123456789012345678901234567890.123456789012\""});
  EXPECT_EQ(undeclared.type(), "VARCHAR");
  EXPECT_THAT(undeclared.texts(), ElementsAre("1.10", "NaN", "123456789012345678901234567890.123456789012"));
}

TEST(DuckDbTypes, BooleansAndUuids) {
  Shown flag(plain(Type::Boolean), {"true", "false", "null", "\"perhaps\"", "7.5"});
  EXPECT_EQ(flag.type(), "BOOLEAN");
  EXPECT_THAT(flag.texts(), ElementsAre("true", "false", "NULL", "NULL", "NULL"));
  Shown token(plain(Type::Uuid), {"\"01890f3e-7c1b-7cc3-98c4-dc0c0c07398f\"", "\"not-one\"", "1"});
  EXPECT_EQ(token.type(), "UUID");
  EXPECT_THAT(token.texts(), ElementsAre("01890f3e-7c1b-7cc3-98c4-dc0c0c07398f", "NULL", "NULL"));
}

TEST(DuckDbTypes, TextIsByteForByteWhatTheSourceHad) {
  for (const Type type : {Type::Text, Type::Varchar, Type::Char, Type::Name, Type::QuotedChar}) {
    Shown text(plain(type), {R"("Köln 📦")", R"("K\u00f6ln \ud83d\udce6")", R"("a\"b\\c\/d\n\t\u0001")",
                             R"("")", R"(" 1 ")", R"("NaN")", R"("null")", "null"});
    EXPECT_EQ(text.type(), "VARCHAR");
    EXPECT_THAT(text.texts(),
                ElementsAre("Köln 📦", "Köln 📦", "a\"b\\c/d\n\t\x01", "", " 1 ", "NaN", "null", "NULL"));
  }
}

TEST(DuckDbTypes, BytesComeOutOfBase64) {
  Shown photo(plain(Type::Bytea), {"\"AP8QYWJj\"", "\"\"", "\"YQ==\"", "\"a\"", "\"!!!!\"", "17", "null"});
  EXPECT_EQ(photo.type(), "BLOB");
  EXPECT_THAT(photo.texts("hex(x)"), ElementsAre("00FF10616263", "", "61", "NULL", "NULL", "NULL", "NULL"));
}

TEST(DuckDbTypes, DatesReachBothEndsOfTheSourcesCalendarAndBeyondIsInfinity) {
  Shown day(plain(Type::Date),
            {"0", "20717", "-719162", "-719163", "2145042905", "-2440588", "2145042906", "-2440589",
             "2147483647", "-2147483648", "9223372036854775807", "\"soon\"", "null", "1e99"});
  EXPECT_EQ(day.type(), "DATE");
  EXPECT_THAT(day.texts(), ElementsAre("1970-01-01", "2026-09-21", "0001-01-01", "0001-12-31 (BC)",
                                       "5874897-12-31", "4714-11-24 (BC)", "infinity", "-infinity",
                                       "infinity", "-infinity", "infinity", "NULL", "NULL", "NULL"));
}

TEST(DuckDbTypes, TimesOfDayIncludeTheMidnightThatEndsIt) {
  for (const Type type : {Type::Time, Type::TimeTz}) {
    Shown clock(plain(type),
                {"0", "1", "86399999999", "86400000000", "86400000001", "-1", "\"noon\"", "null"});
    EXPECT_EQ(clock.type(), "TIME");
    EXPECT_THAT(clock.texts(), ElementsAre("00:00:00", "00:00:00.000001", "23:59:59.999999", "24:00:00",
                                           "NULL", "NULL", "NULL", "NULL"));
  }
}

TEST(DuckDbTypes, TimestampsAreExactToTheMicrosecondAndInfinityIsDuckDbsOwn) {
  const std::vector<std::string> values = {"1790000123400001",
                                           "-1",
                                           "-210866803200000000",
                                           "9223371244799999999",
                                           "9223372036825200000",
                                           "-9223372036832400000",
                                           "9223372036854775808",
                                           "\"now\"",
                                           "null"};
  Shown moment(plain(Type::Timestamp), values);
  EXPECT_EQ(moment.type(), "TIMESTAMP");
  EXPECT_THAT(moment.texts(), ElementsAre("2026-09-21 14:15:23.400001", "1969-12-31 23:59:59.999999",
                                          "4714-11-24 (BC) 00:00:00", "294246-12-31 23:59:59.999999",
                                          "infinity", "-infinity", "NULL", "NULL", "NULL"));
  for (const char* zone : {"UTC", "Asia/Kolkata", "America/New_York"}) {
    Shown zoned(plain(Type::TimestampTz), values);
    EXPECT_EQ(zoned.type(), "TIMESTAMP WITH TIME ZONE");
    zoned.log.run(std::string("SET TimeZone = '") + zone + "'");
    EXPECT_THAT(zoned.texts("CASE WHEN isfinite(x) THEN epoch_us(x)::VARCHAR ELSE x::VARCHAR END"),
                ElementsAre("1790000123400001", "-1", "-210866803200000000", "9223371244799999999",
                            "infinity", "-infinity", "NULL", "NULL", "NULL"));
  }
}

TEST(DuckDbTypes, TimestampsOutsideOfDuckDbsRangeAreNull) {
  for (const Type type : {Type::Timestamp, Type::TimestampTz}) {
    Shown moment(plain(type), {"9223372036854775807", "-9223372036854775807", "-9223372036854775808"});
    EXPECT_THAT(moment.texts("x IS NULL OR x = 'infinity'"), ElementsAre("true", "true", "true"));
  }
}

TEST(DuckDbTypes, IntervalsAreTheMicrosecondsThatTheSourceSends) {
  Shown term(plain(Type::Interval), {"31557600000000", "-1", "9223372036854775807", "null", "\"long\""});
  EXPECT_EQ(term.type(), "INTERVAL");
  EXPECT_THAT(term.texts(),
              ElementsAre("8766:00:00", "-00:00:00.000001", "2562047788:00:54.775807", "NULL", "NULL"));
}

TEST(DuckDbTypes, JsonKeepsItsOwnText) {
  for (const Type type : {Type::Json, Type::Jsonb}) {
    Shown document(plain(type), {R"("{\"lane\": 4,  \"n\": 1.10}")", R"("\"text\"")", R"("null")",
                                 R"({"a":1})", R"("not json")", "null"});
    EXPECT_EQ(document.type(), "JSON");
    EXPECT_THAT(document.texts(),
                ElementsAre("{\"lane\": 4,  \"n\": 1.10}", "\"text\"", "null", "{\"a\":1}", "NULL", "NULL"));
  }
  Shown ids(plain(Type::OidVector), {"[]", "null"});
  EXPECT_EQ(ids.type(), "JSON");
  EXPECT_THAT(ids.texts(), ElementsAre("[]", "NULL"));
}

TEST(DuckDbTypes, AnImageThatDuckDbCannotParseIsARowOfNullsAndFailsNobody) {
  Shown text(plain(Type::Text), {R"("good")"});
  text.log.land({{"7", R"({"id":7,"x":"\ud800"})"}});
  EXPECT_THAT(text.log.lines("SELECT id, x FROM t_current"), ElementsAre("0|good", "NULL|NULL"));
}

TEST(DuckDbTypes, AsTextANumberReadsBackAsTheSameDoubleAndAnObjectHasNoBlanks) {
  Shown text(plain(Type::Text),
             {"1.10", "0.30000000000000004", "1e300", "9007199254740993", R"({"b": 1, "a": [ ]})"});
  EXPECT_THAT(text.texts(),
              ElementsAre("1.1", "0.30000000000000004", "1e300", "9007199254740993", R"({"b":1,"a":[]})"));
}

// One value of each kind that a column can show, as JSON and as the text that a view must still hold.
struct Sample {
  ValueKind kind;
  std::string json;
  std::string text;
};
const std::vector<Sample>& samples() {
  static const std::vector<Sample> kSamples = {
      {ValueKind::Null, "null", "NULL"},
      {ValueKind::Bool, "true", "true"},
      {ValueKind::Int, "-5", "-5"},
      {ValueKind::BigInt, "9223372036854775807", "9223372036854775807"},
      {ValueKind::HugeInt, "123456789012345678901234567890123456789012345",
       "123456789012345678901234567890123456789012345"},
      {ValueKind::Float, "0.1", "0.1"},
      {ValueKind::NonFinite, "\"NaN\"", "NaN"},
      {ValueKind::String, "\"it's\"", "it's"},
      {ValueKind::Object, "{\"a\":[1]}", "{\"a\":[1]}"},
      {ValueKind::Array, "[]", "[]"},
  };
  return kSamples;
}

TEST(DuckDbTypes, NoMixtureOfKindsEverFailsAViewOrLosesAValue) {
  // Column xN shows exactly the kinds of the set N; one row for each kind.
  const auto all = static_cast<KindSet>(1U << samples().size());
  std::vector<std::pair<std::string, KindSet>> columns;
  for (KindSet kinds = 0; kinds < all; ++kinds) columns.emplace_back("x" + std::to_string(kinds), kinds);
  std::vector<Event> events;
  for (size_t at = 0; at < samples().size(); ++at) {
    std::string image = "{\"none\":0";
    for (const auto& [name, kinds] : columns) {
      if ((kinds & kind_bit(samples()[at].kind)) != 0) image += ",\"" + name + "\":" + samples()[at].json;
    }
    events.push_back({std::to_string(at), image + "}", "u", 5});
  }
  LogForTest log;
  log.land(events);
  const std::vector<change::TableState> tables = {seen_table({"public", "t"}, columns)};
  log.make(duckdb_views(tables, nullptr));

  const std::vector<Texts> types = log.rows("SELECT column_type FROM (DESCRIBE t_current)");
  const std::vector<Texts> rows = log.rows("SELECT * FROM t_current ORDER BY ALL");
  ASSERT_EQ(rows.size(), samples().size());
  for (KindSet kinds = 0; kinds < all; ++kinds) {
    Texts expected;
    Texts shown;
    const bool as_double = types[kinds][0] == "DOUBLE";
    for (size_t at = 0; at < samples().size(); ++at) {
      const Sample& sample = samples()[at];
      const bool written_otherwise = as_double && sample.kind == ValueKind::Int;
      const bool not_a_number = as_double && sample.kind == ValueKind::NonFinite;
      const std::string& text = written_otherwise ? "-5.0" : not_a_number ? "nan" : sample.text;
      expected.push_back((kinds & kind_bit(sample.kind)) != 0 ? text : "NULL");
      shown.push_back(rows[at][kinds]);
    }
    ASSERT_THAT(shown, UnorderedElementsAreArray(expected)) << "kinds " << kinds << " as " << types[kinds][0];
  }
}

}  // namespace
}  // namespace sluice::sql
