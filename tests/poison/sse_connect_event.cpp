// needs: http sse openssl
#include <leat/asio.hpp>
#include <leat/http.hpp>
#include <leat/sse/connect.hpp>

#include "poison/use_stale.hpp"
#include "support/http_server.hpp"

#include <chrono>
#include <string_view>

int main() {
    leat::test::http_server server([](leat::test::exchange& x) {
        x.head(200, {{"Content-Type", "text/event-stream"}});
        x.write("data: one\n\n");
        x.sleep(std::chrono::milliseconds(100)); // not in the same packet
        x.write("data: two\n\n");
        x.wait_for_client_to_leave();
    });
    leat::run([&](leat::executor ex) -> leat::task<> {
        leat::http::options options;
        options.proxy = "";
        leat::http::client client(ex, options);
        auto events = leat::sse::connect(client, server.url());
        auto first = co_await events.next();
        const std::string_view stale = first->data;
        co_await events.next();
        use_stale(stale);
    });
}
