#pragma once

#include "sink.hpp"

namespace leat::detail {

/// The terminal of `any`, `all`, `none` and `contains`: it stops at the first element for which the predicate says
/// `Question::decides`; its result is then `Question::decided`, and the contrary if there was no such element.
template <class S, class P, class Question> class match_sink : public sink<match_sink<S, P, Question>, S> {
public:
    match_sink(S&& s, P p) : match_sink::sink(static_cast<S&&>(s)), p_(static_cast<P&&>(p)) {}
    LEAT_ALWAYS_INLINE bool accept(maybe<stream_reference_t<S>>& x) {
        if (static_cast<bool>(detail::invoke(p_, *x)) != Question::decides)
            return true;
        result_ = Question::decided;
        return false;
    }
    bool result() const noexcept { return result_; }

private:
    LEAT_NO_UNIQUE_ADDRESS P p_;
    bool result_ = !Question::decided;
};

} // namespace leat::detail
