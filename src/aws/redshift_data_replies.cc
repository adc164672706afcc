#include "aws/redshift_data_replies.h"

#include <array>
#include <utility>

#include "aws/json_reply.h"

namespace sluice::aws {
namespace {

namespace dom = simdjson::dom;

std::optional<StatementStatus> status_named(std::string_view name) {
  using enum StatementStatus;
  static constexpr std::array<std::pair<std::string_view, StatementStatus>, 6> kNames = {
      {{"SUBMITTED", Submitted},
       {"PICKED", Picked},
       {"STARTED", Started},
       {"FINISHED", Finished},
       {"FAILED", Failed},
       {"ABORTED", Aborted}}};
  for (const auto& [text, status] : kNames)
    if (text == name) return status;
  return std::nullopt;
}

Result<StatementStatus> required_status(const dom::object& object) {
  const auto status = status_named(TRY(required_text(object, "Status")));
  if (!status) return bad_reply("Status is none that is known");
  return *status;
}

Result<SubStatement> sub_statement_of(const dom::element& element) {
  const dom::object object = TRY(item_of(element, "SubStatements"));
  SubStatement sub;
  sub.id = TRY(required_text(object, "Id"));
  sub.status = TRY(required_status(object));
  sub.result_rows = TRY(number_of(object, "ResultRows", -1));
  sub.error = TRY(text_of(object, "Error"));
  return sub;
}

Result<std::optional<std::string>> cell_of(const dom::element& element) {
  const dom::object object = TRY(item_of(element, "Records"));
  for (const auto field : object) {
    const dom::element value = field.value;
    if (value.is_null()) continue;
    if (field.key == "isNull") return std::optional<std::string>();
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) return std::optional<std::string>(text);
    bool flag = false;
    if (value.get(flag) == simdjson::SUCCESS) return std::optional<std::string>(flag ? "true" : "false");
    return std::optional<std::string>(simdjson::minify(value));
  }
  return bad_reply("a cell is empty");
}

}  // namespace

Result<Submitted> parse_submitted(const std::string& body) {
  dom::parser parser;
  const dom::object object = TRY(object_of(parser, body));
  Submitted out;
  out.id = TRY(required_text(object, "Id"));
  // Older endpoints say no status.
  const std::string_view status = TRY(text_of(object, "Status"));
  if (!status.empty()) out.status = TRY(required_status(object));
  out.session_id = TRY(text_of(object, "SessionId"));
  out.created_ms = TRY(time_of(object, "CreatedAt"));
  return out;
}

Result<StatementState> parse_statement_state(const std::string& body) {
  dom::parser parser;
  const dom::object object = TRY(object_of(parser, body));
  StatementState out;
  out.id = TRY(required_text(object, "Id"));
  out.status = TRY(required_status(object));
  out.error = TRY(text_of(object, "Error"));
  out.result_rows = TRY(number_of(object, "ResultRows", -1));
  out.has_result = TRY(flag_of(object, "HasResultSet"));
  out.created_ms = TRY(time_of(object, "CreatedAt"));
  out.updated_ms = TRY(time_of(object, "UpdatedAt"));
  out.duration_ns = TRY(number_of(object, "Duration", 0));
  out.session_id = TRY(text_of(object, "SessionId"));
  if (member_of(object, "SubStatements")) {
    for (const dom::element element : TRY(array_of(object, "SubStatements")))
      out.sub_statements.push_back(TRY(sub_statement_of(element)));
  }
  return out;
}

Result<bool> parse_cancelled(const std::string& body) {
  dom::parser parser;
  const dom::object object = TRY(object_of(parser, body));
  return flag_of(object, "Status");
}

Result<ResultPage> parse_result_page(const std::string& body) {
  dom::parser parser;
  const dom::object object = TRY(object_of(parser, body));
  ResultPage page;
  if (member_of(object, "ColumnMetadata")) {
    for (const dom::element element : TRY(array_of(object, "ColumnMetadata"))) {
      const dom::object column = TRY(item_of(element, "ColumnMetadata"));
      page.columns.emplace_back(TRY(text_of(column, "name")));
    }
  }
  for (const dom::element element : TRY(array_of(object, "Records"))) {
    dom::array cells;
    if (element.get(cells) != simdjson::SUCCESS) return bad_member("Records");
    std::vector<std::optional<std::string>> row;
    for (const dom::element cell : cells) row.push_back(TRY(cell_of(cell)));
    page.rows.push_back(std::move(row));
  }
  page.total_rows = TRY(number_of(object, "TotalNumRows", 0));
  page.next_token = TRY(text_of(object, "NextToken"));
  return page;
}

}  // namespace sluice::aws
