// The programs of docs/llm.md, as they stand there. Each of them is run: it says where it asks, and is answered by
// a server of this machine instead, in the words of the one that it means.
// needs: http llm sse
#include <leat/asio.hpp>
#include <leat/http.hpp>
#include <leat/leat.hpp>
#include <leat/llm.hpp>
#include <leat/llm/chat.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <cstdlib>
#include <iostream>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace programs {

using boost::asio::ip::tcp;

/// "A leat brings water." in the format that belongs to the path.
std::string answer_to(std::string_view path) {
    const auto has = [path](std::string_view part) { return path.find(part) != path.npos; };
    if (has("/chat/completions"))
        return "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n" // as Azure begins
               ": OPENROUTER PROCESSING\n\n"
               "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\n\n"
               "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"A leat\"}}]}\n\n"
               "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" brings water.\"}}]}\n\n"
               "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
               "data: [DONE]\n\n";
    if (has("/responses"))
        return "event: response.output_text.delta\n"
               "data: {\"type\":\"response.output_text.delta\",\"delta\":\"A leat brings water.\"}\n\n"
               "event: response.completed\ndata: {\"type\":\"response.completed\"}\n\n";
    if (has("/messages"))
        return "event: content_block_delta\n"
               "data: {\"type\":\"content_block_delta\",\"index\":0,"
               "\"delta\":{\"type\":\"text_delta\",\"text\":\"A leat brings water.\"}}\n\n"
               "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    if (has(":streamGenerateContent?alt=sse"))
        return "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"A leat brings water.\"}]},"
               "\"finishReason\":\"STOP\"}]}\r\n\r\n";
    if (has("/api/chat"))
        return "{\"message\":{\"content\":\"A leat brings water.\"},\"done\":false}\n{\"done\":true}\n";
    return {};
}

/// Answers requests one after the other, on a thread of its own.
class stand_in {
public:
    stand_in() : acceptor_(loop_, {boost::asio::ip::address_v4::loopback(), 0}) {
        thread_ = std::thread([this] {
            while (serve_one()) {
            }
        });
    }
    ~stand_in() {
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR); // wakes the blocking accept
        thread_.join();
    }
    stand_in(const stand_in&) = delete;

    std::string url() const {
        return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
    }

    /// The last request, as it came.
    std::string asked() {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

private:
    bool serve_one() {
        namespace http = boost::beast::http;
        boost::system::error_code error;
        tcp::socket socket(loop_);
        acceptor_.accept(socket, error);
        if (error)
            return false;
        boost::beast::flat_buffer buffer;
        http::request<http::string_body> request;
        http::read(socket, buffer, request, error);
        {
            const std::lock_guard lock(mutex_);
            asked_.clear();
            for (const auto& line : request)
                if (line.name() != http::field::host && line.name() != http::field::user_agent)
                    asked_ += std::string(line.name_string()) + ": " + std::string(line.value()) + '\n';
            asked_ += request.body() + '\n';
        }
        const std::string_view target(request.target().data(), request.target().size());
        const bool known = !answer_to(target).empty();
        http::response<http::string_body> response(known ? http::status::ok : http::status::not_found, 11,
                                                   answer_to(target));
        response.set(http::field::content_type,
                     target == "/api/chat" ? "application/x-ndjson" : "text/event-stream");
        response.keep_alive(false);
        response.prepare_payload();
        http::write(socket, response, error);
        return true;
    }

    std::mutex mutex_;
    std::string asked_;
    boost::asio::io_context loop_;
    tcp::acceptor acceptor_;
    std::thread thread_;
};

std::string server; // where it is

/// What the programs see as `leat::llm::chat`.
template <class Dialect>
leat::task<leat::llm::chat_response<Dialect>> chat(leat::http::client client, leat::llm::chat_request ask,
                                                   Dialect dialect) {
    const std::string url = leat::llm::detail::wire_of(dialect, ask).url;
    std::cout << "POST " << url << '\n';
    constexpr std::string_view scheme = "https://";
    ask.url = server + url.substr(url.find('/', scheme.size()));
    return leat::llm::chat(std::move(client), std::move(ask), dialect);
}

} // namespace programs

namespace programs::leat {
using namespace ::leat;
namespace llm {
using namespace ::leat::llm;
using programs::chat;
} // namespace llm
} // namespace programs::leat

// Their headers are here already. In a namespace each, they find the `leat` above before the real one.
namespace programs::openai {
#include "llm/openai.cpp"
}
namespace programs::openai_responses {
#include "llm/openai_responses.cpp"
}
namespace programs::anthropic {
#include "llm/anthropic.cpp"
}
namespace programs::gemini {
#include "llm/gemini.cpp"
}
namespace programs::ollama {
#include "llm/ollama.cpp"
}
namespace programs::azure {
#include "llm/azure.cpp"
}
namespace programs::vllm {
#include "llm/vllm.cpp"
}
namespace programs::llama_cpp {
#include "llm/llama_cpp.cpp"
}
namespace programs::openrouter {
#include "llm/openrouter.cpp"
}

int main() {
    programs::stand_in here;
    programs::server = here.url();
    for (const char* name : {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "AZURE_OPENAI_API_KEY",
                             "OPENROUTER_API_KEY"})
        ::setenv(name, "sk-1234", 1);
    for (int (*program)() :
         {programs::openai::main, programs::openai_responses::main, programs::anthropic::main,
          programs::gemini::main, programs::ollama::main, programs::azure::main, programs::vllm::main,
          programs::llama_cpp::main, programs::openrouter::main}) {
        program();
        std::cout << here.asked() << '\n';
    }
}
