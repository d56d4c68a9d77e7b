#include "fixture.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>

#include <openssl/ssl.h>

#include <string>
#include <thread>

using namespace leat::test;
using boost::asio::ip::tcp;
namespace http = leat::http;
namespace ssl = boost::asio::ssl;

namespace {

/// What the client makes of a server that speaks this one version of TLS, whose certificate is good.
outcome from_a_server_of(int version) {
    const test_authority authority;
    ssl::context context = authority.server_context();
    SSL_CTX_set_min_proto_version(context.native_handle(), version);
    SSL_CTX_set_max_proto_version(context.native_handle(), version);
    SSL_CTX_set_cipher_list(context.native_handle(), "ALL:@SECLEVEL=0"); // or it would refuse to itself

    boost::asio::io_context io;
    tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
    std::thread server([&] {
        boost::system::error_code ignored;
        ssl::stream<tcp::socket> stream(io, context);
        acceptor.accept(stream.lowest_layer(), ignored);
        stream.handshake(ssl::stream_base::server, ignored);
        if (ignored)
            return;
        std::string request;
        boost::asio::read_until(stream, boost::asio::dynamic_buffer(request), "\r\n\r\n", ignored);
        const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        boost::asio::write(stream, boost::asio::buffer(answer), ignored);
        stream.shutdown(ignored);
    });
    http::options o = quiet();
    o.ca_file = authority.ca_file();
    const outcome got =
        fetch_alone(o, "https://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/");
    server.join();
    return got;
}

} // namespace

TEST_CASE("http over TLS speaks 1.2 and 1.3, and nothing older", "[http][tls]") {
    CHECK(from_a_server_of(TLS1_3_VERSION).body == "ok");
    CHECK(from_a_server_of(TLS1_2_VERSION).body == "ok");
    for (const int old : {TLS1_1_VERSION, TLS1_VERSION}) {
        const outcome refused = from_a_server_of(old);
        CHECK(failure_kind(refused) == "tls");
        CHECK(refused.body.empty());
    }
}
