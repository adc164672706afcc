// How fast rows of one shard become durable through the Data API, and what that costs this process.
//
//   redshift_bench URL ROWS
//
// The endpoint is bench/redshift.py's, whose statements take 150 ms whatever they hold. Prints one JSON
// object.
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdio>
#include <deque>
#include <string>

#include "base/text.h"
#include "net/transport.h"
#include "sink/redshift/lander.h"

namespace {

using namespace sluice;

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// What redshift.py's orders are, row for row.
change::Row row_of(int64_t n, std::deque<std::string>& texts) {
  const auto keep = [&texts](std::string text) -> std::string_view {
    return texts.emplace_back(std::move(text));
  };
  change::Row row;
  row.position = {"shardId-000000000000", keep(fmt::format("4965{:052}", n))};
  row.operation = n % 3 == 0 ? "u" : "c";
  row.record_id = keep(std::to_string(n));
  row.image = keep(fmt::format(
      R"({{"id":{},"customer_id":{},"status":"shipped","total":"129.90","placed_at":17900000{:08},"note":"left at the door"}})",
      n, n % 1000, n));
  row.tx_id = keep(fmt::format("mzq4tavk2ro7dnw5xhge{:06}", n / 4));
  row.commit_ts_ns = 1'790'000'000'000'000'000 + n;
  return row;
}

int run(const std::string& url, int64_t count) {
  std::deque<std::string> texts;
  std::vector<change::Row> rows;
  for (int64_t n = 0; n < count; ++n) rows.push_back(row_of(n, texts));
  const std::vector<change::TableName> tables = {{"public", "orders"}};
  const auto transport = net::make_transport({}).value();
  const auto credentials = net::fixed_credentials({"AKIDEXAMPLE", "not-a-secret", "", 0});
  net::EndpointSettings endpoints;
  endpoints.region = "us-east-1";
  endpoints.url = url;
  aws::Session session(*transport, *credentials, system_clock(), endpoints);
  aws::RedshiftData api(session);
  net::SystemSleeper sleeper;
  sink::redshift::Settings settings;
  settings.place.workgroup = "shop";
  settings.place.database = "dev";
  // The account's 30 submissions and as many looks.
  settings.calls_per_second = 60;
  sink::redshift::Lander lander(api, settings, system_clock(), sleeper);
  const double cpu_before = cpu_seconds();
  const int64_t started_ns = system_clock().steady_ns();
  const auto landing =
      lander.land(rows, tables, {"bench", "shardId-000000000000", "0", "1"}, started_ns + 600'000'000'000);
  const double seconds = static_cast<double>(system_clock().steady_ns() - started_ns) / 1e9;
  if (landing.trouble || !landing.refused.empty()) {
    fmt::print(stderr, "not everything landed: {}\n", landing.trouble ? landing.trouble->message : "refused");
    return 1;
  }
  fmt::print(R"({{"rows":{},"seconds":{:.3f},"cpu_seconds":{:.4f},"statements":{}}})"
             "\n",
             count, seconds, cpu_seconds() - cpu_before, landing.counters.statements);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto rows = argc == 3 ? sluice::parse_int64(argv[2]) : std::nullopt;
  if (!rows || *rows < 1) {
    fmt::print(stderr, "usage: redshift_bench URL ROWS\n");
    return 2;
  }
  return run(argv[1], *rows);
}
