#pragma once

#include <optional>
#include <stop_token>
#include <utility>

#include <boost/asio/post.hpp>

#include "../detail/stop_ref.hpp"
#include "../stop.hpp"
#include "executor.hpp"

namespace leat {

/// How an awaiter obeys a request to stop where it waits for something that is no Asio operation: whoever waits is woken
/// to look again, and where it would have to wait once more, `leat::stopped` is thrown.
///
/// For an awaiter of your own: it has one, passes `inherit_stop(const detail::stop_ref&)` on to `inherit()`, and calls
/// `begin()` in its await_suspend. `Wake` is called on the executor; it owns what it uses, and may find that nobody waits
/// any more.
template <class Wake> class stoppable_wait {
public:
    void inherit(const detail::stop_ref& stop) noexcept { stop_ = stop; }

    /// Before the wait. Throws `stopped` when a stop is requested already.
    void begin(const executor& ex, Wake wake) {
        if (!stop_)
            return;
        if (detail::token_of(stop_).stop_requested())
            throw stopped();
        callback_.emplace(detail::token_of(stop_), post_wake{ex, std::move(wake)});
    }

private:
    struct post_wake {
        executor ex;
        Wake wake;
        void operator()() const { boost::asio::post(ex, wake); }
    };

    detail::stop_ref stop_;
    std::optional<std::stop_callback<post_wake>> callback_;
};

} // namespace leat
