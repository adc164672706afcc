// KinesisSession: a session to whatever answers at an address, with credentials that nobody checks.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "aws/session.h"
#include "net/transport.h"

namespace sluice::aws {

struct KinesisSession {
  explicit KinesisSession(const std::string& url, const Clock& clock = system_clock())
      : transport(net::make_transport({}).value()),
        credentials(net::fixed_credentials({"AKIDEXAMPLE", "not-a-secret", "", 0})),
        session(*transport, *credentials, clock, settings_for(url)) {}

  static net::EndpointSettings settings_for(const std::string& url) {
    net::EndpointSettings settings;
    settings.region = "us-east-1";
    settings.url = url;
    return settings;
  }

  std::unique_ptr<net::HttpTransport> transport;
  std::unique_ptr<net::CredentialsProvider> credentials;
  Session session;
};

}  // namespace sluice::aws
