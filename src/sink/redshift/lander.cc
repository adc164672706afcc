#include "sink/redshift/lander.h"

#include <algorithm>

#include "sink/redshift/landing_run.h"

namespace sluice::sink::redshift {

size_t Landing::first_not_landed() const {
  return static_cast<size_t>(std::find(fates.begin(), fates.end(), Fate::NotLanded) - fates.begin());
}

Lander::Lander(aws::RedshiftData& api, Settings settings, const Clock& clock, net::Sleeper& sleeper,
               aws::S3* s3)
    : state_(std::make_unique<State>(api, std::move(settings), clock, sleeper, s3)) {}

Lander::~Lander() = default;

Landing Lander::land(std::span<const change::Row> rows, std::span<const change::TableName> tables,
                     const Intent& intent, int64_t deadline_ns) {
  return LandingRun(*state_, rows, tables, intent, deadline_ns).land();
}

}  // namespace sluice::sink::redshift
