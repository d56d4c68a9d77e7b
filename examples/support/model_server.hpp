#pragma once

#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// A stand-in for a language model: an HTTP server on this machine with the streaming format of OpenAI's chat completions.
/// It answers every POST with its words, over and over, until there are `max_tokens` of them (all words once, if the
/// request does not say), with `pace` between two. Synchronous, one thread per connection: nothing to learn from.
class model_server {
public:
    explicit model_server(std::vector<std::string> words, std::chrono::milliseconds pace = {})
        : pace_(pace), acceptor_(io_, {boost::asio::ip::address_v4::loopback(), 0}) {
        for (const std::string& word : words)
            events_.push_back(event({{"content", word}}, nullptr));
        accepting_ = std::thread([this] { accept(); });
    }
    ~model_server() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
            for (auto& socket : sockets_)
                shut(socket);
        }
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR); // wakes the blocking accept
        accepting_.join();
        for (std::thread& t : threads_)
            t.join();
    }
    model_server(const model_server&) = delete;

    std::string url() const {
        return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) +
               "/v1/chat/completions";
    }

private:
    using tcp = boost::asio::ip::tcp;
    using error_code = boost::system::error_code;

    static std::string event(nlohmann::json delta, nlohmann::json finish_reason) {
        nlohmann::json choice = {
            {"index", 0}, {"delta", std::move(delta)}, {"finish_reason", std::move(finish_reason)}};
        nlohmann::json chunk = {{"id", "chatcmpl-9a2c41d7"},
                                {"object", "chat.completion.chunk"},
                                {"created", 1735689600},
                                {"model", "mill-1"}};
        chunk["choices"].push_back(std::move(choice));
        return "data: " + chunk.dump() + "\n\n";
    }

    void accept() {
        for (;;) {
            error_code error;
            tcp::socket socket(io_);
            acceptor_.accept(socket, error);
            const std::lock_guard lock(mutex_);
            if (stopping_)
                return;
            if (error)
                continue;
            sockets_.push_back(std::move(socket));
            threads_.emplace_back([this, &mine = sockets_.back()] { serve(mine); });
        }
    }

    void serve(tcp::socket& socket) {
        namespace http = boost::beast::http;
        error_code error;
        socket.set_option(tcp::no_delay(true), error);
        boost::beast::flat_buffer buffer;
        for (;;) { // one request after the other
            http::request<http::string_body> request;
            http::read(socket, buffer, request, error);
            if (error)
                break;
            const auto json = nlohmann::json::parse(request.body(), nullptr, false);
            const std::size_t count =
                json.is_object() ? json.value("max_tokens", events_.size()) : events_.size();

            http::response<http::empty_body> head(http::status::ok, 11);
            head.set(http::field::content_type, "text/event-stream");
            head.chunked(true);
            http::response_serializer<http::empty_body> serializer(head);
            http::write_header(socket, serializer, error);
            answer(socket, count, error);
            if (error)
                break; // the client has gone
        }
        const std::lock_guard lock(mutex_);
        shut(socket);
    }

    void answer(tcp::socket& socket, std::size_t count, error_code& error) {
        std::string out = event({{"role", "assistant"}, {"content", ""}}, nullptr);
        for (std::size_t i = 0; i < count && !error; ++i) {
            out += events_[i % events_.size()];
            if (pace_.count() != 0)
                std::this_thread::sleep_for(pace_);
            if (pace_.count() != 0 || out.size() > 32 * 1024) // without a pace: as fast as it can
                send(socket, out, error);
        }
        out += event(nlohmann::json::object(), "stop") + "data: [DONE]\n\n";
        send(socket, out, error);
        if (!error)
            boost::asio::write(socket, boost::beast::http::make_chunk_last(), error);
    }

    static void send(tcp::socket& socket, std::string& out, error_code& error) {
        boost::asio::write(socket, boost::beast::http::make_chunk(boost::asio::buffer(out)), error);
        out.clear();
    }
    static void shut(tcp::socket& socket) {
        error_code ignored;
        socket.shutdown(tcp::socket::shutdown_both, ignored);
    }

    std::vector<std::string> events_;
    std::chrono::milliseconds pace_;
    boost::asio::io_context io_;
    tcp::acceptor acceptor_;
    std::mutex mutex_; // guards what follows
    bool stopping_ = false;
    std::list<tcp::socket> sockets_;
    std::vector<std::thread> threads_;
    std::thread accepting_;
};
