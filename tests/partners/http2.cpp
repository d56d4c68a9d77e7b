// http2 URL CA_FILE: reads what http2.test.mjs serves at URL, over HTTP/2, and prints one line of JSON about it.
#include <leat/asio.hpp>
#include <leat/http.hpp>
#include <leat/leat.hpp>
#include <leat/sse.hpp>

#include <nlohmann/json.hpp>

#include <exception>
#include <iostream>
#include <string>
#include <utility>

namespace {

using nlohmann::json;
namespace http = leat::http;

leat::task<std::string> text_of(http::client& client, std::string url) {
    http::response response = co_await client.get(std::move(url));
    response.ensure_ok();
    std::string text = co_await response.text();
    co_return text;
}

/// The second event is sent when another request has come, over the same connection, while this stream is open.
leat::task<void> read_events(http::client& client, const std::string& url, json& out) {
    http::response response = co_await client.get(url + "/events");
    auto events = leat::sse::events(response.body());
    while (auto e = co_await events.next()) {
        out["events"].push_back(std::string(e->data));
        if (out["events"].size() == 1)
            out["go"] = co_await text_of(client, url + "/go");
    }
}

/// Slowly, so that libcurl is told to pause after every piece.
leat::task<void> read_large(leat::executor ex, http::client& client, const std::string& url, json& out) {
    http::response response = co_await client.get(url + "/large");
    auto body = response.body();
    std::size_t size = 0, pieces = 0;
    bool good = true;
    while (auto bytes = co_await body.next()) {
        for (const char c : bytes->text())
            good = good && c == static_cast<char>('a' + size++ % 26);
        if (++pieces % 16 == 0)
            co_await leat::sleep_for(ex, std::chrono::milliseconds(1));
    }
    out["large"] = {{"size", size}, {"good", good}};
}

leat::task<void> leave(http::client& client, const std::string& url, json& out) {
    {
        http::response response = co_await client.get(url + "/endless");
        auto body = response.body();
        auto some = co_await body.next();
        out["endless"] = some && some->size() != 0;
    }                                                      // here it leaves
    out["left"] = co_await text_of(client, url + "/left"); // which is answered when the server has seen that
}

leat::task<void> upload(http::client& client, const std::string& url, json& out) {
    auto pieces = []() -> leat::async_generator<std::string> {
        for (int i = 0; i != 100; ++i)
            co_yield std::string(10'000, 'x');
    };
    auto body = pieces();
    http::response response = co_await client.post(url + "/upload", std::move(body));
    out["uploaded"] = co_await response.text();
}

leat::task<void> cut(http::client& client, const std::string& url, json& out) {
    std::string got;
    try {
        http::response response = co_await client.get(url + "/cut");
        auto body = response.body();
        while (auto bytes = co_await body.next())
            got += bytes->text();
        out["cut"] = "none";
    } catch (const http::error& e) {
        out["cut"] = to_string(e.kind());
    }
    out["before the cut"] = got;
}

} // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 3)
            throw std::runtime_error("use: http2 URL CA_FILE");
        const std::string url = argv[1];
        json out = {{"events", json::array()}};
        http::options o;
        o.proxy = "";
        o.http2 = true;
        o.ca_file = argv[2];
        o.buffer_bytes = 1;
        leat::run([&](leat::executor ex) -> leat::task<void> {
            http::client client(ex, o);
            co_await read_events(client, url, out);
            co_await read_large(ex, client, url, out);
            co_await leave(client, url, out);
            co_await upload(client, url, out);
            co_await cut(client, url, out);
        });
        std::cout << out << '\n';
        return 0;
    } catch (const std::exception& e) {
        std::cerr << "http2: " << e.what() << '\n';
        return 1;
    }
}
