#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "async_generator.hpp"
#include "borrowed.hpp"
#include "poison.hpp"
#include "stream.hpp"

namespace leat {

namespace detail {

/// A stream of elements `E` whose type is forgotten.
template <class E> class erased_stream {
public:
    virtual ~erased_stream() = default;
    /// The elements that are ready now; empty for none. The one call per batch.
    virtual batch_view<E> ready() = 0;
    virtual void seal() noexcept = 0;
    virtual void abandon() noexcept = 0;
    virtual void fail(std::exception_ptr e) noexcept = 0;
    virtual void begin_close() noexcept = 0;
    virtual void finish() = 0;
    virtual const error_list& closing_errors() noexcept = 0;

    channel_base* channel = nullptr; // of its source
    bool stopped = false;
    bool ended = false; // nothing is held back, and the source has ended
};

template <class E, class S> class erased final : public erased_stream<E> {
    static constexpr bool lends_batches = requires(S & s) {
        { s.try_batch() } -> std::same_as<batch_view<E>>;
    };
    static constexpr bool keeps = !std::is_lvalue_reference_v<stream_reference_t<S>>;
    static constexpr std::size_t most = is_borrowed<E> ? 1 : 64; // what is borrowed is valid for one step

public:
    explicit erased(S&& s) : stream_(static_cast<S&&>(s)) { look(); }

    batch_view<E> ready() override {
        if constexpr (lends_batches) {
            const batch_view<E> batch = stream_.try_batch();
            look();
            return batch;
        } else if constexpr (keeps) {
            if constexpr (poisoning)
                buffer_ = std::vector<E>(); // as in chunk
            buffer_.clear();
            if (error_) // elements first, then the error
                std::rethrow_exception(std::exchange(error_, nullptr));
            LEAT_TRY {
                while (buffer_.size() < most) {
                    auto x = stream_.try_next();
                    if (!x)
                        break;
                    if (buffer_.capacity() == 0)
                        buffer_.reserve(most);
                    buffer_.emplace_back(x.forward());
                }
            }
            LEAT_CATCH_ALL {
                if (buffer_.empty())
                    LEAT_RETHROW();
                error_ = std::current_exception();
            }
            look();
            return {buffer_.data(), buffer_.data() + buffer_.size()};
        } else {
            element_ = stream_.try_next();
            look();
            E* const x = element_ ? &*element_ : nullptr;
            return {x, element_ ? x + 1 : x};
        }
    }
    void seal() noexcept override { stream_.seal(); }
    void abandon() noexcept override {
        error_ = nullptr;
        stream_.abandon();
        look();
    }
    void fail(std::exception_ptr e) noexcept override { stream_.root().fail(std::move(e)); }
    void begin_close() noexcept override { stream_.root().begin_close(); }
    void finish() override {
        struct at_the_end {
            erased& e;
            ~at_the_end() { e.look(); }
        } const later{*this};
        stream_.finish();
    }
    const error_list& closing_errors() noexcept override { return stream_.closing_errors(); }

private:
    void look() noexcept {
        // Written only when it changes: a detached producer may come here while the reader is reading it.
        if (channel_base* const ch = &stream_.root().channel(); this->channel != ch)
            this->channel = ch;
        this->stopped = !error_ && stream_.stopped();
        this->ended = !error_ && stream_.ended();
    }

    struct nothing {};
    S stream_;
    std::conditional_t<keeps && !lends_batches, std::vector<E>, nothing> buffer_;
    std::conditional_t<!keeps && !lends_batches, maybe<stream_reference_t<S>>, nothing> element_;
    std::exception_ptr error_;
};

} // namespace detail

/// Any stream of `T`, whatever it is made of: for function signatures, members and containers of streams.
///
///     leat::any_stream<user> open(source from) {
///         if (from == source::file)
///             return read_users(path);
///         return leat::postgres::rows<user>(ex, connection, "select * from users") | leat::filter(&user::active);
///     }
///
/// Yields: with `T` a value, elements to keep; with `T&` or `const T&`, lent ones.
/// Ends, throws, closes: as the stream in it. Works with every adaptor and sink.
/// Owns: the stream. Threads: as the stream in it.
/// Batches: preserved. Computed elements are computed up to 64 ahead, as far as they are ready without waiting.
/// Cost: one allocation, one indirect call per batch (per element, where lent elements come through stages).
template <class T> class any_stream : public stream_interface<any_stream<T>> {
    using object = typename detail::element_traits<T>::object;

public:
    using reference = typename detail::element_traits<T>::reference;
    using value_type = std::remove_cv_t<object>;

    any_stream() noexcept = default;
    template <stream S>
        requires(!std::is_lvalue_reference_v<S> && !std::is_same_v<std::remove_cvref_t<S>, any_stream>)
    any_stream(S&& s) // NOLINT(bugprone-forwarding-reference-overload): constrained to other streams
        : stream_(std::make_unique<detail::erased<object, S>>(static_cast<S&&>(s))) {
        static_assert(std::is_same_v<stream_reference_t<S>, reference> ||
                          (!std::is_lvalue_reference_v<T> &&
                           !std::is_lvalue_reference_v<stream_reference_t<S>> &&
                           std::is_constructible_v<object, stream_reference_t<S>>),
                      "leat::any_stream: the stream's elements are not of this kind; for lent elements write "
                      "any_stream<T&>, or put leat::materialize() before it");
    }
    any_stream(any_stream&& other) noexcept
        : stream_(std::move(other.stream_)), cur_(std::exchange(other.cur_, nullptr)),
          end_(std::exchange(other.end_, nullptr)) {}
    any_stream& operator=(any_stream&& other) noexcept {
        stream_ = std::move(other.stream_);
        cur_ = std::exchange(other.cur_, nullptr);
        end_ = std::exchange(other.end_, nullptr);
        return *this;
    }
    ~any_stream() = default;

    // ---- for stages, see the concept `stream` ----
    maybe<reference> try_next() {
        if (cur_ == end_ && !refill())
            return {};
        return maybe<reference>(cur_++);
    }
    batch_view<object> try_batch() {
        if (cur_ == end_ && !refill())
            return {};
        return {std::exchange(cur_, end_), end_};
    }
    bool stopped() const noexcept { return cur_ == end_ && stream_ && stream_->stopped; }
    bool ended() const noexcept { return cur_ == end_ && (!stream_ || stream_->ended); }
    void seal() noexcept {
        if (stream_)
            stream_->seal();
    }
    void abandon() noexcept {
        cur_ = end_;
        if (stream_)
            stream_->abandon();
    }

    void finish() {
        if (stream_)
            stream_->finish();
    }

    // ---- for readers: the source at the far end of the pipeline in here ----
    class source {
    public:
        explicit source(any_stream& s) noexcept : any_(s) {}
        bool valid() const noexcept { return any_.stream_ != nullptr; }
        bool ended() const noexcept { return !channel().live; }
        bool detached() const noexcept { return channel().detached; }
        bool closing() const noexcept { return channel().closing; }
        bool idle() const noexcept { return channel().consumer == nullptr; }
        detail::channel_base& channel() const noexcept {
            return any_.stream_ ? *any_.stream_->channel : detail::moved_channel<object>;
        }
        void resume() { channel().leaf.resume(); }
        bool park(detail::reader& r) noexcept { return channel().park(r); }
        void drain_with(bool (*hook)(detail::reader*) noexcept, detail::reader* r) noexcept {
            if (detail::channel_base& ch = channel(); ch.live) {
                ch.hook = hook;
                ch.draining = r;
            }
        }
        void fail(std::exception_ptr e) noexcept {
            if (any_.stream_)
                any_.stream_->fail(std::move(e));
        }
        void begin_close() noexcept {
            if (any_.stream_)
                any_.stream_->begin_close();
        }
        const error_list& closing_errors() const noexcept {
            return any_.stream_ ? any_.stream_->closing_errors()
                                : detail::moved_channel<object>.closing_errors;
        }

    private:
        any_stream& any_;
    };
    source root() noexcept { return source(*this); }

private:
    bool refill() {
        if (!stream_)
            return false;
        const batch_view<object> batch = stream_->ready();
        cur_ = batch.begin();
        end_ = batch.end();
        return cur_ != end_;
    }

    std::unique_ptr<detail::erased_stream<object>> stream_;
    object* cur_ = nullptr;
    object* end_ = nullptr;
};

} // namespace leat
