#include "app/function_parts.h"

#include <fmt/format.h>

#include <random>
#include <utility>

#include "app/aws_access.h"
#include "app/catalog_source.h"
#include "app/redshift_access.h"
#include "aws/redshift_data.h"
#include "aws/s3.h"
#include "aws/sqs.h"
#include "base/clock.h"
#include "lambda/consumer.h"
#include "lambda/fragments.h"
#include "lambda/object_store.h"
#include "lambda/quarantine.h"
#include "lambda/sweep.h"
#include "net/authorities.h"
#include "net/retry.h"
#include "sink/redshift/lander.h"

namespace sluice::app {
namespace {

// Lambda gives a process ten seconds to begin; what is wrong has to be told within them.
constexpr int64_t kCatalogPatienceMs = 6'000;

class LanderRows final : public lambda::RowStore {
 public:
  explicit LanderRows(sink::redshift::Lander& lander) : lander_(lander) {}
  sink::redshift::Landing land(std::span<const change::Row> rows, std::span<const change::TableName> tables,
                               const sink::redshift::Intent& intent, int64_t deadline_ns) override {
    return lander_.land(rows, tables, intent, deadline_ns);
  }

 private:
  sink::redshift::Lander& lander_;
};

// s3://BUCKET/PREFIX, or a queue's URL.
struct QuarantinePlace {
  std::optional<aws::S3Place> bucket;
  std::string queue_url;
};

Result<QuarantinePlace> quarantine_place(const Options& options) {
  QuarantinePlace place;
  const Value& value = options.value("quarantine");
  if (value.text.empty()) return place;
  if (value.text.starts_with("s3://")) {
    place.bucket = TRY(aws::parse_s3_place(value.text));
    return place;
  }
  const auto url = aws::parse_queue_url(value.text);
  if (!url.ok())
    return refused(
        fmt::format("{} is '{}': write s3://BUCKET/PREFIX or a queue's URL.", value.where, value.text));
  place.queue_url = url.value();
  return place;
}

}  // namespace

struct FunctionParts::State {
  AwsAccess aws;
  std::unique_ptr<aws::RedshiftData> redshift_data;
  sink::redshift::Settings redshift;
  std::optional<aws::S3Place> fragments;
  QuarantinePlace quarantine;
  lambda::KeySource keys;
  int64_t incomplete_after_ms = lambda::SweepOptions().incomplete_after_ms;
  bool sweeps = false;
  net::SystemSleeper sleeper;
  std::vector<std::unique_ptr<Worker>> workers;
};

// Members in the order in which they need each other.
struct FunctionParts::Worker {
  Worker(State& shared, std::FILE* metrics)
      : files(*shared.aws.session),
        lander(*shared.redshift_data, shared.redshift, system_clock(), shared.sleeper,
               shared.redshift.copy_bucket.empty() ? nullptr : &files),
        rows(lander),
        fragment_objects(*shared.aws.session, shared.fragments.value_or(aws::S3Place()), system_clock(),
                         shared.sleeper),
        quarantine_objects(*shared.aws.session, shared.quarantine.bucket.value_or(aws::S3Place()),
                           system_clock(), shared.sleeper),
        queue(*shared.aws.session, shared.quarantine.queue_url, system_clock(), shared.sleeper),
        objects(quarantine_objects),
        fragments(fragment_objects, system_clock()),
        consumer(rows, quarantine_of(shared), shared.fragments ? &fragments : nullptr, shared.keys,
                 system_clock()),
        stream(*shared.aws.session),
        redrive(stream, consumer, system_clock(), shared.sleeper),
        sweep(fragments, consumer, system_clock(), {.incomplete_after_ms = shared.incomplete_after_ms},
              std::random_device{}()),
        function(parts_of(shared, metrics), system_clock()) {}

  lambda::Quarantine& quarantine_of(const State& shared) {
    if (shared.quarantine.bucket) return objects;
    if (!shared.quarantine.queue_url.empty()) return queue;
    return nowhere;
  }

  lambda::Parts parts_of(State& shared, std::FILE* metrics) {
    lambda::Parts parts;
    parts.metrics = metrics;
    parts.consumer = &consumer;
    parts.redrive = &redrive;
    if (shared.sweeps) parts.sweep = &sweep;
    aws::Session* session = shared.aws.session.get();
    parts.read_object = [session](const lambda::NewObject& object) -> Result<std::string> {
      std::optional<std::string> text = TRY(aws::S3(*session).get(object.bucket, object.key));
      if (!text) return refused(fmt::format("there is no object s3://{}/{}.", object.bucket, object.key));
      return *std::move(text);
    };
    parts.remove_object = [session](const lambda::NewObject& object) {
      return aws::S3(*session).remove(object.bucket, object.key);
    };
    parts.set_deadline = [this](int64_t deadline_ns) {
      fragment_objects.set_deadline(deadline_ns);
      quarantine_objects.set_deadline(deadline_ns);
      queue.set_deadline(deadline_ns);
    };
    return parts;
  }

  aws::S3 files;  // of COPY
  sink::redshift::Lander lander;
  LanderRows rows;
  lambda::S3Objects fragment_objects;
  lambda::S3Objects quarantine_objects;
  lambda::NoQuarantine nowhere;
  lambda::QueueQuarantine queue;
  lambda::ObjectQuarantine objects;
  lambda::SharedFragments fragments;
  lambda::Consumer consumer;
  lambda::KinesisReader stream;
  lambda::Redrive redrive;
  lambda::Sweep sweep;
  lambda::SluiceFunction function;
};

FunctionParts::FunctionParts(std::unique_ptr<State> state) : state_(std::move(state)) {}
FunctionParts::~FunctionParts() = default;

aws::Session& FunctionParts::session() { return *state_->aws.session; }

Result<void> FunctionParts::retry_quarantined(const std::string& object, const std::set<int64_t>& ids,
                                              int64_t deadline_ns, lambda::Retried& outcome) {
  Worker worker(*state_, nullptr);
  worker.fragment_objects.set_deadline(deadline_ns);
  worker.quarantine_objects.set_deadline(deadline_ns);
  lambda::QuarantineRetry retry(worker.quarantine_objects, worker.rows,
                                state_->fragments ? &worker.fragments : nullptr, state_->keys,
                                system_clock());
  return retry.retry(object, ids, deadline_ns, outcome);
}

lambda::SluiceFunction& FunctionParts::add_worker(std::FILE* metrics) {
  return state_->workers.emplace_back(std::make_unique<Worker>(*state_, metrics))->function;
}

Result<std::unique_ptr<FunctionParts>> FunctionParts::open(const Options& options) {
  auto state = std::make_unique<State>();
  state->redshift = TRY(redshift_settings_of(options));
  state->quarantine = TRY(quarantine_place(options));
  state->incomplete_after_ms = options.number("incomplete_after");
  if (options.has("fragments")) state->fragments = TRY(aws::parse_s3_place(options.text("fragments")));
  state->sweeps = state->fragments && (state->quarantine.bucket || !state->quarantine.queue_url.empty());
  for (const auto& [table, key] : options.keys()) state->keys.configured[table] = key.columns;

  const net::Environment environment = aws_environment(options);
  net::TransportOptions transport_options = TRY(net::transport_options(environment));
  // The Lambda executable brings its own OpenSSL, which only knows where certificates are on the system that
  // it was built on.
  if (transport_options.authorities_file.empty() && !environment("SSL_CERT_FILE") &&
      !environment("SSL_CERT_DIR"))
    transport_options.authorities_file = net::system_authorities();
  transport_options.late_authorities = true;
  state->aws = TRY(reach_aws(options, environment, std::move(transport_options), options.text("region")));
  state->keys.catalog = TRY(catalog_of(options, *state->aws.session, kCatalogPatienceMs));
  state->redshift_data = std::make_unique<aws::RedshiftData>(*state->aws.session);
  return std::unique_ptr<FunctionParts>(new FunctionParts(std::move(state)));
}

}  // namespace sluice::app
