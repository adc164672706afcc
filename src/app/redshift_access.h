// What the settings say of Redshift: which workgroup or cluster, and how rows go there.
//
// Of the settings alone; nothing is asked. For the command and for the function.
#pragma once

#include <string>
#include <string_view>

#include "app/options.h"
#include "aws/redshift_data.h"
#include "base/result.h"
#include "sink/redshift/settings.h"

namespace sluice::app {

// Whether the text names a Redshift, rightly or wrongly.
bool is_redshift(std::string_view text);

// redshift:WORKGROUP/DATABASE or redshift:cluster:CLUSTER/DATABASE. `where` is what says so, for messages.
Result<aws::RedshiftPlace> redshift_place_of(std::string_view text, const std::string& where);

// `text` is such an address; the rest comes from the settings redshift_*.
Result<sink::redshift::Settings> redshift_settings_of(const Options& options, const std::string& text,
                                                      const std::string& where);
// The same for what `to` names.
Result<sink::redshift::Settings> redshift_settings_of(const Options& options);

}  // namespace sluice::app
