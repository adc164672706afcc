#include "sink/redshift/log_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "sql/quote.h"
#include "sql/redshift.h"

namespace sluice::sink::redshift {
namespace {

constexpr std::string_view kOurs = "Made by sluice from the text ";
constexpr std::string_view kColumns = "columns ";
constexpr std::string_view kCaseSensitive = "SET enable_case_sensitive_super_attribute TO ";

std::string drop_text(const std::string& view) {
  return "DROP VIEW IF EXISTS " + sql::quote_identifier(view);
}

bool is_ours(const std::string& comment) { return comment.starts_with(kOurs); }

// Whether Redshift can replace what carries `comment` by a view that carries `mark`.
bool has_same_columns(std::string_view comment, std::string_view mark) {
  const size_t at = comment.find(kColumns);
  return at == std::string_view::npos || mark.ends_with(comment.substr(at));
}

// The statements of one transaction, and which view each is about.
struct Script {
  std::vector<Statement> statements;
  std::vector<const sql::View*> about;

  void add(std::string text, const sql::View* view = nullptr) {
    statements.push_back({std::move(text), {}});
    about.push_back(view);
  }
};

bool stands_as_made(const std::map<std::string, std::string>& comments, const sql::View& view) {
  const auto there = comments.find(view.view_name);
  return there != comments.end() && there->second == mark_of(view);
}

// `anew`: views that Redshift does not replace, because their columns changed.
void add_views(Script& script, const std::vector<const sql::View*>& views,
               const std::set<const sql::View*>& anew, const std::map<std::string, std::string>& comments) {
  bool sensitive = false;
  const auto set_case = [&](bool wanted) {
    if (wanted == sensitive) return;
    sensitive = wanted;
    script.add(std::string(kCaseSensitive) + (wanted ? "TRUE" : "FALSE"));
  };
  for (const sql::View* view : views) {
    set_case(view->case_sensitive);
    if (anew.contains(view)) script.add(drop_text(view->view_name), view);
    script.add(view->create_view, view);
    // What is replaced keeps its comment.
    if (anew.contains(view) || !stands_as_made(comments, *view)) script.add(comment_on(*view), view);
  }
  set_case(false);
}

Error not_made(const RefusedStatement& refused, const sql::View* view) {
  if (view == nullptr) return refused.why;
  return {refused.why.kind, refused.why.reason,
          fmt::format("the view {} was not made: {}", view->view_name, refused.why.message)};
}

}  // namespace

std::string mark_of(const sql::View& view) {
  return fmt::format("{}{}, {}{}.", kOurs,
                     sha256_hex((view.case_sensitive ? "sensitive " : "") + view.create_view).substr(0, 16),
                     kColumns, sha256_hex(view.columns).substr(0, 16));
}

std::string comment_on(const sql::View& view) {
  return fmt::format("COMMENT ON VIEW {} IS {}", sql::quote_identifier(view.view_name),
                     sql::quote_literal(mark_of(view)));
}

std::vector<std::string> LogViews::in_schema(bool case_sensitive) const {
  std::vector<std::string> statements;
  if (settings_.schema != "public")
    statements.push_back("SET search_path TO " + sql::quote_identifier(settings_.schema));
  if (case_sensitive) statements.push_back(std::string(kCaseSensitive) + "TRUE");
  return statements;
}

Result<std::map<std::string, std::string>> LogViews::standing() {
  std::map<std::string, std::string> comments;
  for (const ResultRow& row : TRY(runner_.query(
           {"SELECT c.relname::varchar(128), obj_description(c.oid, 'pg_class') FROM pg_class AS c JOIN "
            "pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = :s::varchar(128) AND c.relkind IN "
            "('r', 'v')",
            {{"s", settings_.schema}}})))
    comments[row.at(0).value_or("")] = row.at(1).value_or("");
  return comments;
}

Result<void> LogViews::make(std::vector<const sql::View*> views, const std::vector<std::string>& dropped,
                            const std::vector<sql::View>& granted, const std::vector<std::string>& grantees,
                            const std::map<std::string, std::string>& comments) {
  // Those that need the setting stand together.
  std::stable_partition(views.begin(), views.end(),
                        [](const sql::View* view) { return !view->case_sensitive; });
  std::set<const sql::View*> anew;
  for (const sql::View* view : views) {
    const auto there = comments.find(view->view_name);
    if (there != comments.end() && !has_same_columns(there->second, mark_of(*view))) anew.insert(view);
  }
  while (true) {
    Script script;
    for (std::string& statement : in_schema(false)) script.add(std::move(statement));
    for (const std::string& view : dropped) script.add(drop_text(view));
    add_views(script, views, anew, comments);
    for (const std::string& grantee : grantees) {
      for (std::string& right :
           TRY(sql::grant_statements(sql::Dialect::Redshift, granted, settings_.schema, grantee)))
        script.add(std::move(right));
    }
    const auto refused = TRY(runner_.run_all(script.statements));
    if (!refused) return {};
    const sql::View* view = script.about[refused->at];
    // Its mark does not say so, but perhaps its columns changed, which only a new view can have.
    if (view == nullptr || script.statements[refused->at].sql != view->create_view ||
        !anew.insert(view).second)
      return not_made(*refused, view);
  }
}

Result<void> LogViews::make_all(const std::vector<sql::View>& wanted,
                                const std::vector<std::string>& grantees) {
  const auto comments = TRY(standing());
  const sql::View transactions = sql::redshift_transactions();
  std::vector<const sql::View*> views = {&transactions};
  for (const sql::View& view : wanted) views.push_back(&view);
  std::set<std::string> names;
  for (const sql::View* view : views) {
    names.insert(view->view_name);
    const auto there = comments.find(view->view_name);
    if (there != comments.end() && !is_ours(there->second) && view != &transactions)
      return refused(
          fmt::format("the view {} was not made: something of that name is there that sluice did not make. "
                      "Rename or drop it, and run `sluice views --apply` again.",
                      view->view_name));
  }
  std::vector<std::string> outdated;
  for (const auto& [name, comment] : comments)
    if (is_ours(comment) && !names.contains(name)) outdated.push_back(name);
  return make(std::move(views), outdated, wanted, grantees, comments);
}

std::vector<const sql::View*> LogViews::next_batch(const std::vector<const sql::View*>& views,
                                                   size_t from) const {
  // Each takes three statements at most, and the setting four.
  static constexpr size_t kMost = 12;
  const auto most_bytes = static_cast<size_t>(settings_.statement_bytes) * 2 / 3;
  std::vector<const sql::View*> some;
  size_t bytes = 0;
  for (size_t at = from; at < views.size() && some.size() < kMost; ++at) {
    bytes += views[at]->create_view.size();
    if (!some.empty() && bytes > most_bytes) break;
    some.push_back(views[at]);
  }
  return some;
}

Result<void> LogViews::make_each(const std::vector<const sql::View*>& views) {
  if (views.empty()) return {};
  const auto comments = TRY(standing());
  std::optional<Error> first;
  std::vector<const sql::View*> free;
  for (const sql::View* view : views) {
    const auto there = comments.find(view->view_name);
    if (stands_as_made(comments, *view)) continue;
    if (there == comments.end() || is_ours(there->second)) {
      free.push_back(view);
    } else if (!first) {
      first = refused(
          fmt::format("the view {} was not made: something of that name is there that sluice did not make.",
                      view->view_name));
    }
  }
  size_t from = 0;
  while (from < free.size()) {
    const std::vector<const sql::View*> some = next_batch(free, from);
    from += some.size();
    auto together = make(some, {}, {}, {}, comments);
    if (together.ok()) continue;
    if (together.error().reason != "statement-failed") return together;
    for (const sql::View* view : some) {
      auto alone = make({view}, {}, {}, {}, comments);
      if (alone.ok()) continue;
      if (alone.error().reason != "statement-failed") return alone;
      if (!first) first = alone.error();
    }
  }
  return first ? Result<void>(*first) : Result<void>();
}

Result<int64_t> LogViews::drop_all() {
  Script script;
  for (std::string& statement : in_schema(false)) script.add(std::move(statement));
  const std::string transactions = sql::redshift_transactions().view_name;
  int64_t dropped = 0;
  for (const auto& [name, comment] : TRY(standing())) {
    if (!is_ours(comment) || name == transactions) continue;
    script.add(drop_text(name));
    ++dropped;
  }
  if (dropped == 0) return dropped;
  if (const auto refused = TRY(runner_.run_all(script.statements))) return refused->why;
  return dropped;
}

Result<std::vector<ViewDifference>> LogViews::differences(const std::vector<sql::View>& wanted) {
  std::map<std::string, std::string> before;
  std::map<std::string, std::string> after;
  for (const sql::View& view : wanted) after[view.view_name] = mark_of(view);
  const sql::View transactions = sql::redshift_transactions();
  after[transactions.view_name] = mark_of(transactions);
  for (auto& [name, comment] : TRY(standing()))
    if (is_ours(comment) || after.contains(name)) before[name] = std::move(comment);
  return compare_views(before, after);
}

Result<ResultRow> LogViews::answer_to(const sql::Check& check) {
  std::vector<std::string> statements = in_schema(check.case_sensitive);
  statements.push_back(check.query);
  std::vector<ResultRow> rows = TRY(runner_.query_last(statements));
  return rows.empty() ? ResultRow() : std::move(rows.front());
}

}  // namespace sluice::sink::redshift
