// chat_relay [--port 8080] [--upstream URL] [--model NAME]: a chat page for browsers, whose answers come from a server that
// speaks OpenAI's chat completions, token by token. The key for it is taken from OPENAI_API_KEY. Without --upstream a
// stand-in on this machine answers. Closing the page, or Stop in it, stops the model.
#include "page.hpp"
#include "support/model_server.hpp"

#include <leat/asio.hpp>
#include <leat/http.hpp>
#include <leat/leat.hpp>
#include <leat/llm.hpp>
#include <leat/llm/chat.hpp>
#include <leat/sse.hpp>
#include <leat/sse/beast.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>

#include <charconv>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace {

using tcp = boost::asio::ip::tcp;
namespace http = boost::beast::http;
namespace sse = leat::sse;

struct upstream {
    std::string url, model, key;
};

// The tokens of the answer.
leat::async_generator<std::string> ask(leat::http::client client, upstream server, std::string question) {
    leat::llm::chat_request chat(server.model);
    chat.url = server.url;
    chat.api_key = server.key;
    chat.user(std::move(question));
    auto answer = co_await leat::llm::chat(client, std::move(chat), leat::llm::openai_chat);
    auto tokens = answer.tokens();
    while (auto token = co_await tokens.next()) {
        std::string text(*token);
        co_yield std::move(text);
    }
}

// The same for the browser: each token an event, and at the end one that says so. An error cannot change the status any
// more when the answer has begun, so it is an event, too.
leat::async_generator<sse::owned_event> answer(leat::async_generator<std::string> tokens) {
    sse::owned_event last;
    last.type = "done";
    try {
        while (auto token = co_await tokens.next()) {
            sse::owned_event e;
            e.data = nlohmann::json(*token).dump(); // as JSON a line break arrives as it is
            co_yield std::move(e);
        }
    } catch (const leat::error& e) { // leat's words hold no key and nothing that the server said
        last.type = "problem";
        last.data = nlohmann::json(e.what()).dump();
    }
    co_yield std::move(last);
}

/// The value of `question=`, percent-decoded.
std::string question_in(std::string_view target) {
    constexpr std::string_view name = "?question=";
    const auto at = target.find(name);
    std::string out;
    if (at == std::string_view::npos)
        return out;
    for (std::string_view rest = target.substr(at + name.size()); !rest.empty() && rest.front() != '&';) {
        unsigned char c = static_cast<unsigned char>(rest.front());
        std::size_t used = 1;
        if (c == '%' && rest.size() > 2 &&
            std::from_chars(rest.data() + 1, rest.data() + 3, c, 16).ptr == rest.data() + 3)
            used = 3;
        out.push_back(static_cast<char>(c));
        rest.remove_prefix(used);
    }
    return out;
}

leat::task<void> serve(tcp::socket socket, leat::http::client client, upstream server) {
    try {
        boost::beast::flat_buffer buffer;
        http::request<http::string_body> request;
        co_await http::async_read(socket, buffer, request, leat::use_await);
        const std::string_view target(request.target().data(), request.target().size());
        if (target.starts_with("/answer")) {
            auto events = answer(ask(client, server, question_in(target)));
            co_await sse::respond(socket, sse::response_head(request), std::move(events));
        } else {
            const bool known = target == "/";
            http::response<http::string_body> whole(known ? http::status::ok : http::status::not_found,
                                                    request.version(), std::string(known ? page : ""));
            whole.set(http::field::content_type, "text/html; charset=utf-8");
            whole.keep_alive(false);
            whole.prepare_payload();
            co_await http::async_write(socket, whole, leat::use_await);
        }
    } catch (const boost::system::system_error&) {
        // The browser has gone before it had asked.
    } catch (const std::exception& e) {
        std::cerr << "chat_relay: " << e.what() << '\n';
    }
}

leat::task<void> listen(leat::executor ex, unsigned short port, upstream server) {
    leat::http::client client(ex);
    tcp::acceptor acceptor(ex, tcp::endpoint(boost::asio::ip::address_v4::loopback(), port));
    // The port first, alone on its line, for programs that start this one.
    std::cout << acceptor.local_endpoint().port() << '\n'
              << "Open http://127.0.0.1:" << acceptor.local_endpoint().port() << '/' << std::endl;
    for (;;) {
        tcp::socket socket = co_await acceptor.async_accept(leat::use_await);
        socket.set_option(tcp::no_delay(true));
        leat::spawn(ex, serve(std::move(socket), client, server));
    }
}

} // namespace

int main(int argc, char** argv) {
    try {
        int port = 8080;
        upstream server;
        server.model = "mill-1";
        for (int i = 1; i < argc; i += 2) {
            const std::string_view name = argv[i];
            if (i + 1 == argc || (name != "--port" && name != "--upstream" && name != "--model"))
                throw std::runtime_error("usage: chat_relay [--port 8080] [--upstream URL] [--model NAME]");
            if (name == "--port")
                port = std::stoi(argv[i + 1]);
            else
                (name == "--model" ? server.model : server.url) = argv[i + 1];
        }
        if (const char* const key = std::getenv("OPENAI_API_KEY"))
            server.key = key;

        std::unique_ptr<model_server> stand_in;
        if (server.url.empty()) {
            stand_in = std::make_unique<model_server>(
                std::vector<std::string>{"A", " leat", " brings", " water", "\n", "to", " the", " mill", "."},
                std::chrono::milliseconds(150));
            server.url = stand_in->url();
        }
        leat::run([&](leat::executor ex) { return listen(ex, static_cast<unsigned short>(port), server); });
    } catch (const std::exception& e) {
        std::cerr << "chat_relay: " << e.what() << '\n';
        return 1;
    }
}
