#pragma once

#include <cstddef>
#include <exception>
#include <utility>

#include "../pipe.hpp"

/// What the stages that only look on (`counted_by`, `progress`, `trace`) share.
namespace leat::detail {

/// The source of a watched pipeline, as its reader sees it. Tells the watcher `reader_waits()`, before the reader does, and
/// `closed_early()`, when nobody wants the rest.
template <class Source, class Watcher> class watched_source {
public:
    watched_source(Source&& s, Watcher& w) noexcept : source_(static_cast<Source&&>(s)), watcher_(w) {}

    bool valid() const noexcept { return source_.valid(); }
    bool ended() const noexcept { return source_.ended(); }
    bool detached() const noexcept { return source_.detached(); }
    bool closing() const noexcept { return source_.closing(); }
    bool idle() const noexcept { return source_.idle(); }
    channel_base& channel() const noexcept { return source_.channel(); }
    void resume() { source_.resume(); }
    bool park(reader& r) noexcept {
        watcher_.reader_waits();
        return source_.park(r); // from here on the watcher may be at work on another thread
    }
    void drain_with(bool (*hook)(reader*) noexcept, reader* r) noexcept { source_.drain_with(hook, r); }
    void fail(std::exception_ptr e) noexcept { source_.fail(std::move(e)); }
    void begin_close() noexcept {
        if (!source_.ended() && !source_.closing())
            watcher_.closed_early();
        source_.begin_close();
    }
    decltype(auto) closing_errors() const noexcept { return source_.closing_errors(); }

private:
    Source source_; // or a reference
    Watcher& watcher_;
};

template <class D, class Up> class watching_stage : public stage<D, Up> {
public:
    using watching_stage::stage::stage;

    auto root() noexcept {
        using source = decltype(this->up_.root());
        return watched_source<source, D>(static_cast<source&&>(this->up_.root()), static_cast<D&>(*this));
    }
    void reader_waits() noexcept {}
    void closed_early() noexcept {}
};

/// A stage that counts what passes, without a cost per element where the stream above lends whole batches: it hands out the
/// batch itself.
///
/// `D` has `std::size_t passed(std::size_t n)`: so many elements were handed on since the last call; gives the number after which
/// it is to be called again at the latest. With `D::whole_batches` it has `came(n)` instead: so many elements were ready at once;
/// and `left_over(n)`: so many of them nobody took.
template <class D, class Up, bool = lends_batches<Up>> class counting_stage : public watching_stage<D, Up> {
public:
    using reference = stream_reference_t<Up>;
    using counting_stage::watching_stage::watching_stage;

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        maybe<reference> x = this->up_.try_next();
        if constexpr (D::whole_batches) {
            if (x)
                ++passed_;
            else if (passed_ != 0)
                tell();
        } else {
            if (x && ++passed_ >= most_)
                tell();
        }
        return x;
    }
    void abandon() noexcept {
        tell();
        this->up_.abandon();
    }
    void finish() {
        tell();
        this->up_.finish();
    }

private:
    void tell() noexcept {
        const std::size_t n = std::exchange(passed_, 0);
        if constexpr (!D::whole_batches)
            most_ = static_cast<D*>(this)->passed(n);
        else if (n != 0)
            static_cast<D*>(this)->came(n);
    }

    std::size_t passed_ = 0;
    std::size_t most_ = 1;
};

template <class D, class Up> class counting_stage<D, Up, true> : public watching_stage<D, Up> {
    using element = std::remove_reference_t<stream_reference_t<Up>>;

public:
    using reference = stream_reference_t<Up>;
    using counting_stage::watching_stage::watching_stage;

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        if (cur_ == slice_end_ && !refill())
            return {};
        return maybe<reference>(cur_++);
    }
    batch_view<element> try_batch() {
        if (cur_ == slice_end_ && !refill())
            return {};
        batch_view<element> all(cur_, end_);
        cur_ = slice_end_ = end_;
        return all;
    }
    bool stopped() const noexcept { return cur_ == end_ && this->up_.stopped(); }
    bool ended() const noexcept { return cur_ == end_ && this->up_.ended(); }
    void abandon() noexcept {
        forget();
        this->up_.abandon();
    }
    void finish() {
        forget();
        this->up_.finish();
    }

private:
    LEAT_ALWAYS_INLINE bool refill() {
        std::size_t most = 0;
        if constexpr (!D::whole_batches)
            most = tell();
        if (cur_ == end_) {
            const batch_view<element> all = this->up_.try_batch();
            cur_ = all.begin();
            slice_end_ = end_ = all.end();
            if (cur_ == end_) {
                first_ = cur_;
                return false;
            }
            if constexpr (D::whole_batches)
                static_cast<D*>(this)->came(all.size());
        }
        if constexpr (!D::whole_batches) {
            first_ = cur_;
            slice_end_ = static_cast<std::size_t>(end_ - cur_) > most ? cur_ + most : end_;
        }
        return true;
    }
    std::size_t tell() noexcept {
        return static_cast<D*>(this)->passed(static_cast<std::size_t>(cur_ - std::exchange(first_, cur_)));
    }
    void forget() noexcept {
        if constexpr (D::whole_batches)
            static_cast<D*>(this)->left_over(static_cast<std::size_t>(end_ - cur_));
        else
            tell();
        first_ = cur_ = slice_end_ = end_ = nullptr;
    }

    // Of the batch that is being handed out: [cur_, end_) is left, [first_, cur_) is not counted yet.
    element* first_ = nullptr;
    element* cur_ = nullptr;
    element* slice_end_ = nullptr;
    element* end_ = nullptr;
};

} // namespace leat::detail
