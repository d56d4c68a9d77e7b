#include "fixture.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>

#include <openssl/ssl.h>

#include <atomic>
#include <string>
#include <thread>

using namespace leat::test;
using boost::asio::ip::tcp;
namespace http = leat::http;
namespace ssl = boost::asio::ssl;

namespace {

/// A TLS server for one connection, which notes what protocols the client offers (ALPN), takes HTTP/1.1 and answers.
std::string offered_by(http::options o, std::string& body) {
    const test_authority authority;
    o.ca_file = authority.ca_file();
    ssl::context context = authority.server_context();
    std::string offered;
    const auto note = [](SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                         unsigned size, void* to) {
        for (unsigned i = 0; i < size; i += in[i] + 1u) {
            const std::string name(reinterpret_cast<const char*>(in) + i + 1, in[i]);
            *static_cast<std::string*>(to) += name + " ";
            if (name == "http/1.1")
                *out = in + i + 1, *out_size = in[i];
        }
        return *out_size == 8 ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
    };
    SSL_CTX_set_alpn_select_cb(context.native_handle(), note, &offered);

    boost::asio::io_context io;
    tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
    std::thread server([&] {
        boost::system::error_code ignored;
        ssl::stream<tcp::socket> stream(io, context);
        acceptor.accept(stream.lowest_layer(), ignored);
        stream.handshake(ssl::stream_base::server, ignored);
        char some[4096];
        stream.read_some(boost::asio::buffer(some), ignored);
        const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        boost::asio::write(stream, boost::asio::buffer(answer), ignored);
        stream.shutdown(ignored);
    });
    body = fetch_alone(o, "https://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/").body;
    server.join();
    return offered;
}

} // namespace

TEST_CASE("http speaks HTTP/1.1 over TLS, and offers HTTP/2 where asked to", "[http]") {
    std::string body;
    const std::string usual = offered_by(quiet(), body);
    CHECK(usual.find("h2") == usual.npos);
    CHECK(body == "ok");

    http::options o = quiet();
    o.http2 = true;
    const std::string asked = offered_by(o, body);
    CHECK(asked.find("h2 ") != asked.npos);
    CHECK(asked.find("http/1.1 ") != asked.npos);
    CHECK(body == "ok"); // and takes HTTP/1.1 where the server wants that
}
