#include "sink/redshift/landing_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "sink/redshift/failure.h"
#include "sink/redshift/row_rules.h"

namespace sluice::sink::redshift {
namespace {

// A statement that was made so long before its submission was answered was submitted earlier, by the same
// token. Taken for one by mistake it is only counted once more.
constexpr int64_t kReplayMs = 5'000;
// So many rows may fail alone with unknown words while no other statement succeeds; then it is not the rows.
constexpr size_t kMostDoubtful = 8;
// A statement is not cut smaller than this because the service takes no larger one.
constexpr size_t kLeastStatementBytes = 4'096;
constexpr size_t kLeastParameters = 20;
int64_t now_ms(const Clock& clock) { return clock.wall_ns() / 1'000'000; }

}  // namespace

LandingRun::LandingRun(Lander::State& state, std::span<const change::Row> rows,
                       std::span<const change::TableName> tables, const Intent& intent, int64_t deadline_ns)
    : state_(state),
      rows_(rows),
      tables_(tables),
      intent_(intent),
      deadline_ns_(deadline_ns),
      backoff_({.first_delay_ms = 100, .max_delay_ms = 5'000}) {
  out_.fates.assign(rows.size(), Fate::NotLanded);
  int64_t bytes = 0;
  for (const change::Row& row : rows) bytes += static_cast<int64_t>(row.image.size());
  all_by_copy_ =
      state.can_copy() && (state.settings.shape == Shape::Copy || bytes > state.settings.copy_from_bytes);
}

Landing LandingRun::land() {
  const int64_t started_ns = state_.clock.steady_ns();
  for (;;) {
    while (!stopped_ && flights_.size() < state_.pace.in_flight()) {
      auto work = next_work();
      if (!work) break;
      if (submit(std::move(*work)) != Sent::Yes) break;
    }
    if (flights_.empty()) {
      if (stopped_ || (again_.empty() && next_row_ == rows_.size() && doubtful_.empty() && for_copy_.empty()))
        break;
      take_second_looks();
      continue;
    }
    Flight flight = std::move(flights_.front());
    flights_.pop_front();
    settle(std::move(flight));
  }
  std::sort(out_.refused.begin(), out_.refused.end(),
            [](const RefusedRow& left, const RefusedRow& right) { return left.row < right.row; });
  const bool whole = out_.first_not_landed() == rows_.size();
  CHECK(whole || out_.trouble.has_value());
  if (whole) out_.trouble.reset();
  out_.counters.elapsed_ms = (state_.clock.steady_ns() - started_ns) / 1'000'000;
  return std::move(out_);
}

// The next rows that fit into one statement; on the way, those that cannot be stored are refused.
std::optional<LandingRun::Work> LandingRun::next_work() {
  if (!again_.empty()) {
    Work work = std::move(again_.front());
    again_.pop_front();
    return work;
  }
  Work work;
  StatementBuilder builder(state_.settings, state_.statement_bytes, state_.value_parameters);
  for (; next_row_ < rows_.size(); ++next_row_) {
    const auto at = static_cast<uint32_t>(next_row_);
    const change::Row& row = rows_[next_row_];
    const change::TableName& table = tables_[row.table];
    if (auto fault = fault_of(row, table, state_.settings)) {
      refuse(at, std::move(fault->reason), fault->message + ".");
    } else if (all_by_copy_) {
      for_copy_.push_back(at);
    } else if (row.image.size() <= kMaxInlineSuperBytes && builder.add(row, table)) {
      work.rows.push_back(at);
    } else if (builder.rows() > 0) {
      break;
    } else {
      too_large(at);
    }
  }
  if (work.rows.empty()) return next_copy();
  work.statement = builder.take();
  return work;
}

// False when the rows do not fit into one statement any more; they are then taken apart.
bool LandingRun::build(Work& work) {
  if (work.is_copy) {
    build_copy(work);
    return true;
  }
  if (work.statement) return true;
  StatementBuilder builder(state_.settings, state_.statement_bytes, state_.value_parameters);
  for (const uint32_t row : work.rows) {
    if (builder.add(rows_[row], tables_[rows_[row].table])) continue;
    if (work.rows.size() == 1) {
      too_large(row);
    } else {
      split(std::move(work));
    }
    return false;
  }
  work.statement = builder.take();
  return true;
}

LandingRun::Sent LandingRun::submit(Work work) {
  if (!build(work)) return Sent::Yes;
  std::vector<aws::SqlParameter> parameters;
  for (const auto& [name, value] : work.statement->parameters) parameters.push_back({name, value});
  const std::string token = token_of(work);
  if (work.is_copy) {
    if (const auto uploaded = upload(work); !uploaded.ok()) {
      again_.push_front(std::move(work));
      stop(uploaded.error());
      return Sent::No;
    }
    work.csv = {};
  }
  for (int failures = 1;; ++failures) {
    if (!pace()) {
      again_.push_front(std::move(work));
      return Sent::No;
    }
    const auto sent = state_.api.execute(state_.settings.place, work.statement->sql, parameters,
                                         {.client_token = token}, reply_timeout_ms(0));
    out_.counters.sent_bytes += static_cast<int64_t>(work.statement->bytes());
    if (sent.ok()) {
      ++out_.counters.statements;
      if (work.is_copy) ++out_.counters.copies;
      throttled_in_a_row_ = 0;
      const aws::Submitted& made = sent.value();
      const int64_t answered_ms = made.replied_ms != 0 ? made.replied_ms : now_ms(state_.clock);
      const bool is_replay = made.created_ms == 0 || answered_ms - made.created_ms > kReplayMs;
      flights_.push_back({std::move(work), made.id, is_replay});
      return Sent::Yes;
    }
    const Error& error = sent.error();
    if (error.kind == ErrorKind::Refused || error.kind == ErrorKind::Malformed)
      return refused_submission(std::move(work), error);
    ++out_.counters.retries;
    if (error.kind == ErrorKind::Throttled) {
      ++out_.counters.throttles;
      state_.pace.asked_for_less();
      failures = std::max(failures, ++throttled_in_a_row_);
      // What is in flight has to end first; its end is also when the service may take more.
      if (!flights_.empty()) {
        again_.push_front(std::move(work));
        return Sent::Later;
      }
    }
    last_error_ = error;
    if (!pause(backoff_.delay_ms(failures, error.kind))) {
      again_.push_front(std::move(work));
      return Sent::No;
    }
  }
}

// The service does not take it as it is.
LandingRun::Sent LandingRun::refused_submission(Work work, const Error& error) {
  const bool too_many = error.reason == "TooManyParameters";
  if (!too_many && error.reason != "StatementTooLarge") {
    again_.push_front(std::move(work));
    stop(error);
    return Sent::No;
  }
  ++out_.counters.retries;
  if (too_many) {
    state_.value_parameters = std::max(kLeastParameters, work.statement->parameters.size() / 2);
  } else {
    state_.statement_bytes = std::max(kLeastStatementBytes, work.statement->bytes() / 2);
  }
  if (work.rows.size() == 1) {
    too_large(work.rows[0]);
  } else {
    split(std::move(work));
  }
  return Sent::Yes;
}

// Waits until the statement's end is known, or the time is over; then its rows are what they were: not
// landed.
void LandingRun::settle(Flight flight) {
  const auto state = wait_for(flight.id);
  if (state) return conclude(std::move(flight), *state);
  // It may still end well, and the next delivery's token then finds it. But one that has outlived two
  // deliveries would be found for hours; cancelled, it makes room for another. Whether that works is not
  // waited for.
  if (flight.is_replay && state_.clock.steady_ns() < deadline_ns_)
    static_cast<void>(state_.api.cancel(flight.id, reply_timeout_ms(0)).ok());
}

std::optional<aws::StatementState> LandingRun::wait_for(const std::string& id) {
  int64_t poll_ms = state_.settings.first_poll_ms;
  for (int failures = 0;;) {
    // In the time that is kept for answering there is one last look.
    const bool is_last = ms_left() <= 0;
    const int64_t delay_ms = state_.pace.take_delay_ms();
    if (state_.clock.steady_ns() >= deadline_ns_ || (delay_ms > 0 && !pause(delay_ms))) break;
    const int64_t wait_s =
        state_.long_polling ? std::clamp<int64_t>(ms_left() / 1000, 0, state_.settings.wait_s) : 0;
    const auto state = state_.api.describe(id, wait_s, reply_timeout_ms(wait_s));
    if (state.ok()) {
      if (is_final(state.value().status)) return state.value();
      failures = 0;
      if (is_last) break;
      if (wait_s > 0) continue;
      if (!pause(poll_ms)) break;
      poll_ms = std::min(poll_ms * 2, state_.settings.max_poll_ms);
      continue;
    }
    const Error& error = state.error();
    if (error.reason == "WaitTimeUnknown") {
      state_.long_polling = false;
      continue;
    }
    if (error.reason == "ResourceNotFoundException")
      return aws::StatementState{.status = aws::StatementStatus::Aborted};
    if (error.kind == ErrorKind::Refused || error.kind == ErrorKind::Malformed) {
      stop(error);
      return std::nullopt;
    }
    ++out_.counters.retries;
    last_error_ = error;
    if (error.kind == ErrorKind::Throttled) {
      ++out_.counters.throttles;
      state_.pace.asked_for_less();
    }
    if (is_last || !pause(backoff_.delay_ms(++failures, error.kind))) break;
  }
  stop(out_of_time());
  return std::nullopt;
}

void LandingRun::conclude(Flight flight, const aws::StatementState& state) {
  Work& work = flight.work;
  if (work.is_copy) remove_files(work);
  const auto expected = static_cast<int64_t>(work.rows.size());
  switch (state.status) {
    case aws::StatementStatus::Finished:
      if (state.result_rows != expected)
        return again(
            std::move(work),
            {ErrorKind::Unavailable, "row-count",
             fmt::format("Redshift finished a statement of {} rows and says that it wrote {}. Nothing "
                         "of it is taken as landed.",
                         expected, state.result_rows)});
      if (flight.is_replay && !is_there(work))
        return again(std::move(work), {ErrorKind::Unavailable, "replayed",
                                       "Redshift answered with an earlier statement whose rows are not in "
                                       "cdc_events any more."});
      state_.pace.went_well();
      state_.shape_works = true;
      ++finished_;
      return durable(work);
    case aws::StatementStatus::Failed:
      // What stood against an earlier delivery's statement may have been put right since.
      if (flight.is_replay)
        return again(std::move(work),
                     {ErrorKind::Unavailable, "replayed",
                      fmt::format("Redshift answered with an earlier statement, which failed: {}",
                                  aws::shown_words(state.error))});
      return conclude_failed(std::move(work), state.error);
    default:
      return again(std::move(work), {ErrorKind::Unavailable, "aborted",
                                     "Redshift aborted a statement: somebody cancelled it, or a rule of the "
                                     "workgroup did."});
  }
}

void LandingRun::conclude_failed(Work work, const std::string& words) {
  const std::string shown = aws::shown_words(words);
  const FailureCause cause = cause_of(words);
  if (cause == FailureCause::Permanent)
    return stop({ErrorKind::Refused, "statement-failed",
                 fmt::format("Redshift refused to write to {}: {}", log_table(state_.settings), shown)});
  if (cause == FailureCause::Transient)
    return again(std::move(work), {ErrorKind::Unavailable, "statement-failed",
                                   fmt::format("a statement failed in Redshift: {}", shown)});
  if (work.rows.size() > 1) {
    ++out_.counters.retries;
    return split(std::move(work));
  }
  if (cause == FailureCause::Data && shape_works())
    return refuse(work.rows[0], "redshift-refused", fmt::format("Redshift refuses this row: {}", shown));
  // Words that nobody knows: a row's fault only if it fails twice while others succeed.
  note_trouble(
      {ErrorKind::Unavailable, "statement-failed", fmt::format("a statement failed in Redshift: {}", shown)});
  if (!work.is_second_look) {
    if (doubtful_.empty()) finished_before_doubt_ = finished_;
    work.is_second_look = true;
    work.attempt = 1;
    work.nonce = fmt::format("{}-{}", state_.nonce, ++state_.attempts_made);
    doubtful_.push_back(std::move(work));
    if (doubtful_.size() > kMostDoubtful && finished_ == finished_before_doubt_) stopped_ = true;
    return;
  }
  if (finished_ > 0)
    refuse(work.rows[0], "redshift-refused", fmt::format("Redshift refuses this row: {}", shown));
}

void LandingRun::take_second_looks() {
  for (Work& work : doubtful_) again_.push_back(std::move(work));
  doubtful_.clear();
}

// Once more, under another token: Redshift remembers the outcome of the one that failed.
void LandingRun::again(Work work, Error error) {
  ++out_.counters.retries;
  // Past the last attempt its rows stay NotLanded; the others still have their chance.
  if (++work.attempt >= state_.settings.attempts) return note_trouble(std::move(error));
  last_error_ = std::move(error);
  work.nonce = fmt::format("{}-{}", state_.nonce, ++state_.attempts_made);
  const int64_t delay_ms = backoff_.delay_ms(work.attempt, ErrorKind::Unavailable);
  again_.push_back(std::move(work));
  if (flights_.empty()) pause(delay_ms);
}

void LandingRun::split(Work work) {
  const auto middle = work.rows.begin() + static_cast<ptrdiff_t>(work.rows.size() / 2);
  Work second;
  second.is_copy = work.is_copy;
  second.rows.assign(middle, work.rows.end());
  work.rows.erase(middle, work.rows.end());
  work.statement.reset();
  work.attempt = 0;
  work.nonce.clear();
  again_.push_front(std::move(second));
  again_.push_front(std::move(work));
}

Result<int64_t> LandingRun::ask_number(const Statement& statement) {
  std::vector<aws::SqlParameter> parameters;
  for (const auto& [name, value] : statement.parameters) parameters.push_back({name, value});
  if (!pace()) return out_of_time();
  const aws::Submitted made =
      TRY(state_.api.execute(state_.settings.place, statement.sql, parameters, {}, reply_timeout_ms(0)));
  ++out_.counters.statements;
  const auto state = wait_for(made.id);
  if (!state || state->status != aws::StatementStatus::Finished)
    return unavailable("a count in Redshift did not finish.");
  if (!pace()) return out_of_time();
  const aws::ResultPage page = TRY(state_.api.result(made.id, {}, reply_timeout_ms(0)));
  if (page.rows.size() != 1 || page.rows[0].size() != 1 || !page.rows[0][0])
    return unavailable("a count in Redshift gave no number.");
  const auto number = parse_int64(*page.rows[0][0]);
  if (!number) return unavailable("a count in Redshift gave no number.");
  return *number;
}

// Whether every position of these rows is in cdc_events now. Finished once does not mean there still: the
// table may have been made anew since, within the hours that a token is remembered.
bool LandingRun::is_there(const Work& work) {
  std::vector<const change::Row*> rows;
  std::vector<std::pair<std::string_view, std::string_view>> positions;
  for (const uint32_t row : work.rows) {
    rows.push_back(&rows_[row]);
    positions.emplace_back(rows_[row].position.shard, rows_[row].position.sequence);
  }
  std::sort(positions.begin(), positions.end());
  const auto distinct = std::unique(positions.begin(), positions.end()) - positions.begin();
  const auto counted = ask_number(count_positions(state_.settings, rows));
  return counted.ok() && counted.value() == distinct;
}

// Whether the SQL runs with a row that nothing is wrong with. Until one has landed, a row that Redshift
// refuses may as well be the first to meet SQL that it does not know.
bool LandingRun::shape_works() {
  if (!state_.shape_works) {
    const auto counted = ask_number(count_sample_row());
    state_.shape_works = counted.ok() && counted.value() == 1;
  }
  return state_.shape_works;
}

void LandingRun::durable(const Work& work) {
  for (const uint32_t row : work.rows) out_.fates[row] = Fate::Durable;
}

void LandingRun::refuse(uint32_t row, std::string reason, std::string message) {
  out_.fates[row] = Fate::Refused;
  out_.refused.push_back({row, std::move(reason), row_text(row) + std::move(message)});
}

void LandingRun::too_large(uint32_t row) {
  if (state_.can_copy()) return for_copy_.push_back(row);
  refuse(row, "needs-copy",
         fmt::format("it needs {} bytes, more than one statement takes; only COPY carries it, which needs "
                     "redshift_copy.",
                     rows_[row].image.size()));
}

std::string LandingRun::row_text(uint32_t row) const {
  return fmt::format("a row of {}.{} cannot be stored: ", tables_[rows_[row].table].schema,
                     tables_[rows_[row].table].table);
}

// The first trouble is told, but one that a person has to act on comes before all others.
void LandingRun::note_trouble(Error error) {
  if (!out_.trouble || (error.kind == ErrorKind::Refused && out_.trouble->kind != ErrorKind::Refused))
    out_.trouble = std::move(error);
}

void LandingRun::stop(Error error) {
  note_trouble(std::move(error));
  stopped_ = true;
}

std::string LandingRun::token_of(const Work& work) const {
  std::deque<std::string> sizes;
  std::vector<std::string_view> parts;
  const auto append = [&](std::string_view part) {
    parts.push_back(sizes.emplace_back(std::to_string(part.size()) + ':'));
    parts.push_back(part);
  };
  for (const std::string_view part :
       {intent_.stream, intent_.shard, intent_.first_sequence, intent_.last_sequence})
    append(part);
  append(work.nonce);
  append(work.statement->sql);
  for (const auto& [name, value] : work.statement->parameters) append(value);
  return sha256_hex(parts);
}

int64_t LandingRun::ms_left() const {
  return (deadline_ns_ - state_.clock.steady_ns()) / 1'000'000 - state_.settings.reserve_ms;
}

bool LandingRun::pause(int64_t ms) {
  const int64_t left = ms_left();
  if (left > 0 && !state_.sleeper.sleep_ms(std::min(ms, left))) {
    stop(unavailable("it was told to stop."));
    return false;
  }
  if (ms < left) return true;
  // From here on only what is in flight is looked at, once.
  stop(out_of_time());
  return false;
}

bool LandingRun::pace() {
  if (stopped_) return false;
  if (ms_left() <= 0) {
    stop(out_of_time());
    return false;
  }
  const int64_t delay_ms = state_.pace.take_delay_ms();
  return delay_ms == 0 || pause(delay_ms);
}

int64_t LandingRun::reply_timeout_ms(int64_t wait_s) const {
  const int64_t left = (deadline_ns_ - state_.clock.steady_ns()) / 1'000'000;
  return std::clamp<int64_t>(wait_s * 1000 + state_.settings.reply_timeout_ms, 1, std::max<int64_t>(left, 1));
}

Error LandingRun::out_of_time() const {
  const std::string text = "Redshift did not finish within the time that there is.";
  if (!last_error_) return unavailable(text);
  return {last_error_->kind, last_error_->reason, text + " The last answer: " + last_error_->message};
}

}  // namespace sluice::sink::redshift
