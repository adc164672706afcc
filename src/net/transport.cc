// One of the two files that see Boost.Beast; the other is the server.
#include "net/transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "net/url.h"

namespace sluice::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Tcp = asio::ip::tcp;

constexpr int64_t kMilli = 1'000'000;
constexpr uint32_t kMaxHeaderBytes = 256U << 10;
constexpr size_t kReadBytes = 8U << 10;

// When a request must be over, on the machine's steady clock.
class Deadline {
 public:
  explicit Deadline(int64_t timeout_ms)
      : end_(Time::now() + std::chrono::milliseconds(std::max<int64_t>(timeout_ms, 0))) {}
  Deadline sooner(int64_t timeout_ms) const {
    const Deadline other(timeout_ms);
    return other.end_ < end_ ? other : *this;
  }
  std::chrono::steady_clock::time_point end() const { return end_; }
  bool passed() const { return Time::now() >= end_; }

 private:
  using Time = std::chrono::steady_clock;
  Time::time_point end_;
};

std::string said(const error_code& code) {
  if (code == beast::error::timeout) return "it took too long";
  if (code == http::error::end_of_stream || code == asio::error::eof ||
      code == http::error::partial_message || code == asio::ssl::error::stream_truncated)
    return "the connection was closed";
  return code.message();
}

// One connection to one host, perhaps through a proxy. One request at a time.
class Connection {
 public:
  Connection(asio::ssl::context& tls, Url host, const Url* proxy)
      : tls_(tls), host_(std::move(host)), plain_proxy_(proxy != nullptr && !host_.tls ? proxy : nullptr) {
    if (host_.tls) {
      secure_.emplace(beast::tcp_stream(io_), tls_);
    } else {
      plain_.emplace(io_);
    }
  }

  // On success the connection is ready for a request. Errors: Unavailable, Refused.
  Result<void> open(const Url* proxy, const Deadline& deadline) {
    TRY(connect(proxy != nullptr ? *proxy : host_, deadline));
    if (!host_.tls) return {};
    if (proxy != nullptr) TRY(tunnel(*proxy, deadline));
    return shake_hands(deadline);
  }

  Result<HttpResponse> exchange(const HttpRequest& request, const Url& url, size_t max_bytes,
                                const Deadline& deadline, bool& nothing_came) {
    return secure_ ? exchange_on(*secure_, request, url, max_bytes, deadline, nothing_came)
                   : exchange_on(*plain_, request, url, max_bytes, deadline, nothing_came);
  }

  // Whether the other end still keeps it open, and has not said anything that nobody asked for.
  bool still_open() {
    char byte = 0;
    const ssize_t got = ::recv(socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  bool reusable = false;
  int64_t idle_since_ns = 0;

 private:
  beast::tcp_stream& tcp() { return secure_ ? secure_->next_layer() : *plain_; }
  Tcp::socket& socket() { return tcp().socket(); }

  // Runs what was started until it is over; tcp_stream's own clock ends it at the deadline.
  void finish() {
    io_.restart();
    io_.run();
  }

  Error not_reached(const std::string& why) const {
    return unavailable("cannot reach " + host_.authority() + ": " + why + ".");
  }

  Result<void> connect(const Url& to, const Deadline& deadline) {
    Tcp::resolver resolver(io_);
    Tcp::resolver::results_type found;
    error_code failed = asio::error::timed_out;
    resolver.async_resolve(to.host, std::to_string(to.port), [&](const error_code& code, auto results) {
      failed = code;
      found = std::move(results);
    });
    finish();
    if (failed) return not_reached("no address is known for " + to.host + " (" + failed.message() + ")");
    failed = asio::error::timed_out;
    tcp().expires_at(deadline.end());
    tcp().async_connect(found, [&](const error_code& code, const Tcp::endpoint&) { failed = code; });
    finish();
    if (failed) return not_reached("connecting to " + to.authority() + ": " + said(failed));
    error_code ignored;
    socket().set_option(Tcp::no_delay(true), ignored);
    socket().set_option(asio::socket_base::keep_alive(true), ignored);
    return {};
  }

  Result<void> tunnel(const Url& proxy, const Deadline& deadline) {
    const std::string target =
        (host_.host.find(':') == std::string::npos ? host_.host : "[" + host_.host + "]") + ":" +
        std::to_string(host_.port);
    http::request<http::empty_body> ask(http::verb::connect, target, 11);
    ask.set(http::field::host, target);
    authorize(ask, proxy);
    error_code failed = asio::error::timed_out;
    tcp().expires_at(deadline.end());
    http::async_write(tcp(), ask, [&](const error_code& code, size_t) { failed = code; });
    finish();
    if (failed) return not_reached("the proxy " + proxy.authority() + ": " + said(failed));
    http::response_parser<http::empty_body> parser;
    parser.skip(true);  // a 200 to CONNECT has no body, whatever its headers say
    beast::flat_buffer buffer;
    failed = asio::error::timed_out;
    http::async_read_header(tcp(), buffer, parser, [&](const error_code& code, size_t) { failed = code; });
    finish();
    if (failed) return not_reached("the proxy " + proxy.authority() + ": " + said(failed));
    const unsigned status = parser.get().result_int();
    if (status / 100 == 2 && buffer.size() == 0) return {};
    const std::string text = "cannot reach " + host_.authority() + ": the proxy " + proxy.authority() +
                             " answered CONNECT with " + std::to_string(status) + ".";
    if (status == 407) return refused(text + " Put its user and password into HTTPS_PROXY.");
    return status >= 500 ? unavailable(text) : refused(text + " Check HTTPS_PROXY and NO_PROXY.");
  }

  template <typename Message>
  static void authorize(Message& message, const Url& proxy) {
    if (!proxy.user_info.empty())
      message.set(http::field::proxy_authorization,
                  "Basic " + base64_encode(percent_decode(proxy.user_info)));
  }

  Result<void> shake_hands(const Deadline& deadline) {
    SSL* ssl = secure_->native_handle();
    error_code is_name;
    asio::ip::make_address(host_.host, is_name);
    const bool set = is_name ? SSL_set_tlsext_host_name(ssl, host_.host.c_str()) == 1 &&
                                   SSL_set1_host(ssl, host_.host.c_str()) == 1
                             : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host_.host.c_str()) == 1;
    if (!set) return refused("cannot reach " + host_.authority() + ": its name cannot be checked.");
    error_code failed = asio::error::timed_out;
    tcp().expires_at(deadline.end());
    secure_->async_handshake(asio::ssl::stream_base::client, [&](const error_code& code) { failed = code; });
    finish();
    if (!failed) return {};
    const auto verified = SSL_get_verify_result(ssl);
    if (verified != X509_V_OK)
      return refused(
          "will not talk to " + host_.authority() + ": its certificate is not to be trusted (" +
          X509_verify_cert_error_string(verified) +
          "). If a company's own authority signs it, name that authority's file in AWS_CA_BUNDLE.");
    return not_reached("TLS: " + said(failed));
  }

  template <typename Stream>
  Result<HttpResponse> exchange_on(Stream& stream, const HttpRequest& request, const Url& url,
                                   size_t max_bytes, const Deadline& deadline, bool& nothing_came) {
    nothing_came = true;
    http::request<http::span_body<const char>> message;
    message.version(11);
    message.method_string(request.method);
    message.target(plain_proxy_ != nullptr ? "http://" + url.authority() + url.target() : url.target());
    message.set(http::field::host, url.authority());
    for (const Header& header : request.headers) message.insert(header.name, header.value);
    if (plain_proxy_ != nullptr) authorize(message, *plain_proxy_);
    message.body() = beast::span<const char>(request.body.data(), request.body.size());
    message.prepare_payload();
    if (request.body.empty() && (request.method == "POST" || request.method == "PUT"))
      message.content_length(0);
    error_code failed = asio::error::timed_out;
    tcp().expires_at(deadline.end());
    http::async_write(stream, message, [&](const error_code& code, size_t) { failed = code; });
    finish();
    if (failed) return lost(failed);
    return read_reply(stream, max_bytes, deadline, nothing_came);
  }

  template <typename Stream>
  Result<HttpResponse> read_reply(Stream& stream, size_t max_bytes, const Deadline& deadline,
                                  bool& nothing_came) {
    beast::flat_buffer buffer;
    // Beast reads as much at once as there is room for, and 512 bytes where there is none.
    buffer.reserve(kReadBytes);
    for (;;) {
      http::response_parser<http::string_body> parser;
      parser.body_limit(max_bytes);
      parser.header_limit(kMaxHeaderBytes);
      error_code failed = asio::error::timed_out;
      const auto done = [&](const error_code& code, size_t) { failed = code; };
      tcp().expires_at(deadline.end());
      // The header by itself: read in one go, Beast 1.74 forgets that Content-Length was beyond the limit.
      http::async_read_header(stream, buffer, parser, done);
      finish();
      if (!failed) {
        http::async_read(stream, buffer, parser, done);
        finish();
      }
      nothing_came = nothing_came && !parser.got_some() && buffer.size() == 0;
      if (failed == http::error::body_limit)
        return refused("the reply of " + host_.authority() + " is larger than " + human_bytes(max_bytes) +
                       ".");
      if (failed) return lost(failed);
      auto& reply = parser.get();
      if (reply.result_int() / 100 == 1 && reply.result_int() != 101) continue;  // 100 Continue and such
      HttpResponse response;
      response.status = static_cast<int>(reply.result_int());
      for (const auto& field : reply)
        response.headers.push_back({std::string(field.name_string()), std::string(field.value())});
      response.body = std::move(reply.body());
      reusable = reply.keep_alive() && !reply.need_eof() && buffer.size() == 0;
      return response;
    }
  }

  Error lost(const error_code& code) const {
    return {ErrorKind::OutcomeUnknown,
            {},
            "no whole reply came from " + host_.authority() + ": " + said(code) + "."};
  }

  asio::ssl::context& tls_;
  Url host_;
  const Url* plain_proxy_;
  asio::io_context io_{1};
  std::optional<beast::tcp_stream> plain_;
  std::optional<beast::ssl_stream<beast::tcp_stream>> secure_;
};

class Transport final : public HttpTransport {
 public:
  explicit Transport(TransportOptions options)
      : options_(std::move(options)), tls_(asio::ssl::context::tls_client) {}

  Result<void> prepare() {
    SSL_CTX* context = tls_.native_handle();
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1)
      return refused("cannot use TLS: this OpenSSL has no TLS 1.2.");
    tls_.set_verify_mode(asio::ssl::verify_peer);
    // HTTP says how long a reply is, so a connection that ends without TLS's goodbye cuts nothing unnoticed.
    error_code failed;
    if (options_.authorities_file.empty()) {
      tls_.set_default_verify_paths(failed);
    } else {
      tls_.load_verify_file(options_.authorities_file, failed);
    }
    ERR_clear_error();
    if (failed)
      return refused("cannot read the certificates of " +
                     (options_.authorities_file.empty() ? "the system" : options_.authorities_file) +
                     " (AWS_CA_BUNDLE): " + failed.message() + ".");
    return {};
  }

  Result<HttpResponse> send(const HttpRequest& request, int64_t timeout_ms) override {
    const Url url = TRY(parse_url(request.url));
    if (url.tls && options_.late_authorities) TRY(prepare_once());
    if (!url.user_info.empty())
      return refused("will not send a request to " + url.authority() + ": its address holds a password.");
    const Deadline deadline(timeout_ms);
    const Url* proxy = proxy_for(options_.proxies, url);
    const std::string place = (url.tls ? "https://" : "http://") + url.authority();
    if (std::unique_ptr<Connection> pooled = take(place)) {
      bool nothing_came = true;
      auto reply = pooled->exchange(request, url, options_.max_reply_bytes, deadline, nothing_came);
      if (reply.ok()) return keep(place, std::move(pooled), std::move(reply));
      // The server may have closed it just as the request was on its way.
      const bool dead = reply.error().kind == ErrorKind::OutcomeUnknown && nothing_came && !deadline.passed();
      if (!dead || !request.repeatable) return reply;
    }
    auto connection = std::make_unique<Connection>(tls_, url, proxy);
    TRY(connection->open(proxy, deadline.sooner(options_.connect_timeout_ms)));
    bool nothing_came = true;
    auto reply = connection->exchange(request, url, options_.max_reply_bytes, deadline, nothing_came);
    return keep(place, std::move(connection), std::move(reply));
  }

 private:
  Result<void> prepare_once() {
    const std::lock_guard lock(mutex_);
    if (is_prepared_) return {};
    TRY(prepare());
    is_prepared_ = true;
    return {};
  }

  std::unique_ptr<Connection> take(const std::string& place) {
    const int64_t oldest_ns = system_clock().steady_ns() - options_.max_idle_ms * kMilli;
    const std::lock_guard lock(mutex_);
    auto& idle = idle_[place];
    while (!idle.empty()) {
      std::unique_ptr<Connection> connection = std::move(idle.back());
      idle.pop_back();
      if (connection->idle_since_ns >= oldest_ns && connection->still_open()) return connection;
    }
    return nullptr;
  }

  Result<HttpResponse> keep(const std::string& place, std::unique_ptr<Connection> connection,
                            Result<HttpResponse> reply) {
    if (!reply.ok() || !connection->reusable) return reply;
    connection->idle_since_ns = system_clock().steady_ns();
    const std::lock_guard lock(mutex_);
    auto& idle = idle_[place];
    if (idle.size() < options_.max_idle_per_host) idle.push_back(std::move(connection));
    return reply;
  }

  TransportOptions options_;
  asio::ssl::context tls_;
  bool is_prepared_ = false;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::unique_ptr<Connection>>> idle_;  // by scheme, host and port
};

}  // namespace

Result<TransportOptions> transport_options(const Environment& environment) {
  TransportOptions options;
  options.proxies = TRY(proxy_settings(environment));
  options.authorities_file = environment("AWS_CA_BUNDLE").value_or("");
  return options;
}

Result<std::unique_ptr<HttpTransport>> make_transport(TransportOptions options) {
  const bool is_late = options.late_authorities;
  auto transport = std::make_unique<Transport>(std::move(options));
  if (!is_late) TRY(transport->prepare());
  return std::unique_ptr<HttpTransport>(std::move(transport));
}

}  // namespace sluice::net
