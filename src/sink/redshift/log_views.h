// LogViews: the views over cdc_events in Redshift: made, compared, dropped and asked.
//
// Redshift prints no view as it was written, so each one carries a mark in its COMMENT: that it is ours, and
// checksums of the text it was made from and of its columns. Whoever drops a view drops its mark with it.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sink/redshift/settings.h"
#include "sink/redshift/statement_runner.h"
#include "sink/view_report.h"
#include "sql/dialect.h"
#include "sql/view.h"

namespace sluice::sink::redshift {

class LogViews {
 public:
  LogViews(StatementRunner& runner, const Settings& settings) : runner_(runner), settings_(settings) {}

  // `wanted` and cdc_transactions are there, anew where their columns changed, what was ours and is no longer
  // wanted is not, and the grantees (sql::grant_statements()) may read them: all of it in one transaction. On
  // an error nothing has changed; the error names the view.
  Result<void> make_all(const std::vector<sql::View>& wanted, const std::vector<std::string>& grantees);
  // As many of them as can be made: one that cannot does not hold up the others. The error is the first
  // one's.
  Result<void> make_each(const std::vector<const sql::View*>& views);
  // Every view of ours but cdc_transactions is gone, or none. Returns their number.
  Result<int64_t> drop_all();
  // What make_all() would change. A view that somebody replaced by hand and left its columns and its comment
  // is taken for ours.
  Result<std::vector<ViewDifference>> differences(const std::vector<sql::View>& wanted);
  // Of a check; empty when there is none.
  Result<ResultRow> answer_to(const sql::Check& check);

 private:
  // Those from `from` on that one batch of the Data API takes; at least one.
  std::vector<const sql::View*> next_batch(const std::vector<const sql::View*>& views, size_t from) const;
  // The relations of the schema, and what stands in their comments; "" for none.
  Result<std::map<std::string, std::string>> standing();
  // One transaction; the error names what Redshift refused. Empty: nothing is refused for being there
  // already.
  Result<void> make(std::vector<const sql::View*> views, const std::vector<std::string>& dropped,
                    const std::vector<sql::View>& granted, const std::vector<std::string>& grantees,
                    const std::map<std::string, std::string>& comments);
  std::vector<std::string> in_schema(bool case_sensitive) const;

  StatementRunner& runner_;
  const Settings& settings_;
};

// What stands in the COMMENT of a view made from this text.
std::string mark_of(const sql::View& view);
// The statement that puts it there.
std::string comment_on(const sql::View& view);

}  // namespace sluice::sink::redshift
