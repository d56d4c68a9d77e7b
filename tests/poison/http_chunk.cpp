// needs: http openssl
#include <leat/asio.hpp>
#include <leat/http.hpp>

#include "poison/use_stale.hpp"
#include "support/http_server.hpp"

int main() {
    leat::test::http_server server([](leat::test::exchange& x) {
        x.head(200);
        for (int i = 0; i != 100; ++i)
            x.write(std::string(100'000, 'x'));
    });
    leat::run([&](leat::executor ex) -> leat::task<> {
        leat::http::options options;
        options.proxy = "";
        leat::http::client client(ex, options);
        auto response = co_await client.get(server.url());
        auto body = response.body();
        auto first = co_await body.next();
        const std::string_view stale = first->text();
        co_await body.next();
        use_stale(stale);
    });
}
