// LandingRun: one call of Lander::land(), from rows to fates.
//
// A row begins as NotLanded and leaves that only on proof. Statements are submitted up to a bound and settled
// in the order of their submission; what fails by data is halved until the row is found. Threads: one owner.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "sink/redshift/call_pace.h"
#include "sink/redshift/lander.h"
#include "sink/redshift/statement.h"

namespace sluice::sink::redshift {

// What one Lander keeps from call to call.
struct Lander::State {
  State(aws::RedshiftData& data_api, Settings all, const Clock& time, net::Sleeper& sleep, aws::S3* files)
      : api(data_api),
        s3(files),
        settings(std::move(all)),
        clock(time),
        sleeper(sleep),
        pace(settings.calls_per_second, settings.in_flight, time),
        long_polling(settings.wait_s > 0),
        statement_bytes(static_cast<size_t>(settings.statement_bytes)),
        value_parameters(static_cast<size_t>(settings.value_parameters)),
        nonce(std::to_string(time.wall_ns())) {}

  bool can_copy() const { return s3 != nullptr && !settings.copy_bucket.empty(); }

  aws::RedshiftData& api;
  aws::S3* s3;
  const Settings settings;
  const Clock& clock;
  net::Sleeper& sleeper;
  CallPace pace;
  // What the endpoint has turned out to take.
  bool long_polling;
  size_t statement_bytes;
  size_t value_parameters;
  // Tells tokens of second attempts apart from those of other processes.
  std::string nonce;
  uint64_t attempts_made = 0;
  // Whether Redshift has run SQL of this shape at all, so that a failure can be the row's.
  bool shape_works = false;
};

class LandingRun {
 public:
  LandingRun(Lander::State& state, std::span<const change::Row> rows,
             std::span<const change::TableName> tables, const Intent& intent, int64_t deadline_ns);

  Landing land();

 private:
  // Rows that go in one statement.
  struct Work {
    std::vector<uint32_t> rows;
    std::optional<Statement> statement;  // built already
    bool is_copy = false;
    std::string csv;  // of a copy, with its statement: the file's content, and its name
    std::string file;
    int attempt = 0;
    std::string nonce;            // of later attempts; the first one's token depends on the rows alone
    bool is_second_look = false;  // at a single row that failed with words that nobody knows
  };
  struct Flight {
    Work work;
    std::string id;
    bool is_replay = false;  // it was submitted before with the same token
  };
  enum class Sent : uint8_t { Yes, Later, No };

  std::optional<Work> next_work();
  bool build(Work& work);
  std::optional<Work> next_copy();
  void build_copy(Work& work);
  Result<void> upload(const Work& work);
  void remove_files(const Work& work);
  Sent submit(Work work);
  Sent refused_submission(Work work, const Error& error);
  void settle(Flight flight);
  std::optional<aws::StatementState> wait_for(const std::string& id);
  Result<int64_t> ask_number(const Statement& statement);
  bool is_there(const Work& work);
  bool shape_works();
  void conclude(Flight flight, const aws::StatementState& state);
  void conclude_failed(Work work, const std::string& words);
  void again(Work work, Error error);
  void split(Work work);
  void take_second_looks();

  void durable(const Work& work);
  void refuse(uint32_t row, std::string reason, std::string message);
  void too_large(uint32_t row);
  void note_trouble(Error error);
  void stop(Error error);
  std::string token_of(const Work& work) const;
  std::string row_text(uint32_t row) const;

  int64_t ms_left() const;
  // Waits so long, but not past the end of the time; when that has come, or the program is told to stop, it
  // is false and nothing more is submitted.
  bool pause(int64_t ms);
  bool pace();
  int64_t reply_timeout_ms(int64_t wait_s) const;
  Error out_of_time() const;

  Lander::State& state_;
  std::span<const change::Row> rows_;
  std::span<const change::TableName> tables_;
  Intent intent_;
  int64_t deadline_ns_;
  net::Backoff backoff_;

  Landing out_;
  size_t next_row_ = 0;
  std::deque<Work> again_;
  std::deque<uint32_t> for_copy_;  // rows that no statement carries inline
  bool all_by_copy_ = false;
  std::deque<Flight> flights_;
  // Rows whose lone statement failed with unknown words; each is tried once more before it is judged.
  std::vector<Work> doubtful_;
  int64_t finished_ = 0;  // statements that did what they should
  int64_t finished_before_doubt_ = 0;
  int throttled_in_a_row_ = 0;
  std::optional<Error> last_error_;  // that was worth another try
  bool stopped_ = false;
};

}  // namespace sluice::sink::redshift
