#include "sink/redshift/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "sink/redshift/statement_runner.h"

namespace sluice::sink::redshift {
namespace {

constexpr int64_t kPatienceMs = 60'000;
constexpr std::string_view kCount = "SELECT COUNT(*) FROM (SELECT JSON_PARSE(:p) AS a) x, x.a AS r";

std::string yes_or_no(bool yes) { return yes ? "yes" : "no"; }

class Prober {
 public:
  Prober(aws::RedshiftData& api, const Settings& settings, const Clock& clock, net::Sleeper& sleeper)
      : api_(api), settings_(settings), clock_(clock), runner_(api, settings_, clock, sleeper) {}

  Result<ProbeReport> run() {
    TRY(runner_.run({"SELECT 1", {}}, kPatienceMs));
    long_polling();
    packed();
    statement_bytes();
    parameters();
    strings();
    tokens();
    return std::move(report_);
  }

 private:
  void tell(std::string question, std::string answer) {
    report_.lines.push_back({std::move(question), std::move(answer)});
  }
  void set(std::string name, std::string value) {
    report_.settings.emplace_back(std::move(name), std::move(value));
  }

  // Elements of an array that is unnested out of a parameter of so many bytes; nothing when it is refused.
  std::optional<int64_t> unnested(const std::string& element, size_t elements) {
    std::string list = "[";
    for (size_t i = 0; i < elements; ++i) list += (i == 0 ? "\"" : ",\"") + element + "\"";
    const auto rows = runner_.query({std::string(kCount), {{"p", list + "]"}}}, kPatienceMs);
    if (!rows.ok() || rows.value().empty() || rows.value()[0].empty() || !rows.value()[0][0])
      return std::nullopt;
    return parse_int64(*rows.value()[0][0]);
  }

  void long_polling() {
    const auto made =
        api_.execute(settings_.place, "SELECT 2", {}, {.wait_s = 5}, 5'000 + settings_.reply_timeout_ms);
    const bool known = made.ok() || made.error().reason != "WaitTimeUnknown";
    tell("one call waits for the end (WaitTimeSeconds)", yes_or_no(known));
    set("redshift_wait", known ? "20s" : "0s");
  }

  void packed() {
    const auto counted = runner_.query_number(count_sample_row());
    const bool works = counted.ok() && counted.value() == 1;
    tell("one JSON parameter is unnested and cast (packed)",
         works ? "yes" : "no: " + (counted.ok() ? "wrong count" : counted.error().message));
    set("redshift_shape", works ? "packed" : "values");
  }

  void statement_bytes() {
    static constexpr std::array<size_t, 6> kSizes = {60'000, 90'000, 99'000, 120'000, 150'000, 199'000};
    const std::string element(997, 'x');
    size_t most = 0;
    for (const size_t bytes : kSizes) {
      const size_t elements = (bytes - kCount.size() - 2) / 1000;
      const auto counted = unnested(element, elements);
      if (!counted || *counted != static_cast<int64_t>(elements)) break;
      most = bytes;
    }
    tell("bytes of SQL and parameters that are taken whole",
         most == 0 ? "under 60,000" : with_thousands(static_cast<int64_t>(most)));
    if (most > 0) set("redshift_statement_bytes", std::to_string(most));
  }

  void parameters() {
    std::string sql = "SELECT COUNT(*) FROM (SELECT 1 AS one) x WHERE 1 IN (";
    Statement statement;
    for (int i = 0; i < 201; ++i) {
      sql += fmt::format("{}:p{}::int", i == 0 ? "" : ", ", i);
      statement.parameters.emplace_back(fmt::format("p{}", i), "1");
    }
    statement.sql = sql + ")";
    const bool more = runner_.run(statement, kPatienceMs).ok();
    tell("more than 200 parameters", yes_or_no(more));
    set("redshift_parameters", "200");
  }

  void strings() {
    const auto counted = unnested(std::string(65'536, 'x'), 1);
    const bool large = counted && *counted == 1;
    tell("strings over 65,535 bytes inside SUPER", yes_or_no(large));
    set("redshift_string_bytes", large ? "16000000" : "65535");
  }

  std::string submit(const std::string& token, const char* sql) {
    const auto made =
        api_.execute(settings_.place, sql, {}, {.client_token = token}, settings_.reply_timeout_ms);
    return made.ok() ? made.value().id : "refused: " + made.error().reason;
  }

  void tokens() {
    const std::string token = sha256_hex(fmt::format("probe {}", clock_.wall_ns()));
    const std::string first = submit(token, "SELECT 3");
    tell("a token again gives the same statement", yes_or_no(submit(token, "SELECT 3") == first));
    const std::string other = submit(token, "SELECT 4");
    tell("a token again with other SQL", other == first                 ? "gives the first statement"
                                         : other.starts_with("refused") ? other
                                                                        : "runs");
    const std::string failing = token.substr(1);
    const std::string failed = submit(failing, "SELECT 1/0");
    const auto state = api_.describe(failed, 0, settings_.reply_timeout_ms);
    const bool has_ended = state.ok() && is_final(state.value().status);
    tell("the token of a failed statement again",
         submit(failing, "SELECT 1/0") == failed
             ? (has_ended ? "gives the failed statement" : "gives the same statement")
             : "runs again");
  }

  aws::RedshiftData& api_;
  const Settings settings_;
  const Clock& clock_;
  StatementRunner runner_;
  ProbeReport report_;
};

}  // namespace

Result<ProbeReport> probe(aws::RedshiftData& api, const Settings& settings, const Clock& clock,
                          net::Sleeper& sleeper) {
  return Prober(api, settings, clock, sleeper).run();
}

}  // namespace sluice::sink::redshift
