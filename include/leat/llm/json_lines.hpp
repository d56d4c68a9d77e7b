#pragma once

#include "../pipe.hpp"
#include "../sse/bytes.hpp"
#include "../sse/utf8.hpp"
#include "error.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace leat::llm {

/// Cuts bytes into lines, without input or output: the framing of JSON lines (`application/x-ndjson`). Bytes
/// that are not UTF-8 become U+FFFD. A line is borrowed until the next call. Linear; copies only lines that
/// lie in two chunks.
class line_reader {
public:
    explicit line_reader(std::size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {}

    /// The next chunk; it is borrowed until `next()` gives nothing.
    void feed(std::string_view chunk) { left_ = chunk; }

    /// The next line that is whole, without its LF.
    std::optional<std::string_view> next() {
        forget_given();
        if (left_.empty())
            return std::nullopt;
        const std::size_t end = left_.find('\n');
        const std::string_view piece = left_.substr(0, end);
        if (piece.size() > max_line_bytes_ - held_.size()) {
            clear();
            throw line_too_large(max_line_bytes_);
        }
        left_.remove_prefix(end == std::string_view::npos ? left_.size() : end + 1);
        if (end != std::string_view::npos && held_.empty())
            return repaired(piece);
        held_.append(piece);
        if (end == std::string_view::npos)
            return std::nullopt;
        given_ = true;
        return repaired(held_);
    }

    /// At the end of the stream: the last line, if it has no LF.
    std::optional<std::string_view> rest() {
        forget_given();
        if (held_.empty())
            return std::nullopt;
        given_ = true;
        return repaired(held_);
    }

    bool drained() const noexcept { return left_.empty(); }
    bool holds() const noexcept { return !drained() || (!held_.empty() && !given_); }
    void clear() noexcept {
        left_ = {};
        held_.clear();
    }

private:
    void forget_given() {
        if (given_)
            held_.clear();
        given_ = false;
    }
    std::string_view repaired(std::string_view line) {
        if (sse::detail::utf8_valid_prefix(line) == line.size())
            return line;
        repaired_.clear();
        sse::detail::append_repaired(repaired_, line);
        return repaired_;
    }

    std::string_view left_;
    std::string held_, repaired_;
    std::size_t max_line_bytes_;
    bool given_ = false; // held_ is what the caller reads
};

/// The lines of a stream of byte chunks; lent. What `tokens` reads Ollama's answers with.
template <class Up> class json_lines_stage : public stage<json_lines_stage<Up>, Up> {
    using chunk = stream_reference_t<Up>;

public:
    using reference = std::string_view;

    json_lines_stage(Up&& up, std::size_t max_line_bytes)
        : json_lines_stage::stage(static_cast<Up&&>(up)), lines_(max_line_bytes) {}
    json_lines_stage(json_lines_stage&& other)
        : json_lines_stage::stage(static_cast<Up&&>(other.up_)), chunk_(std::move(other.chunk_)),
          lines_(std::move(other.lines_)) {
        LEAT_ASSERT(sse::borrows_bytes<chunk> || lines_.drained(),
                    "leat::llm: the stream was moved in the middle of a chunk that it owns");
    }

    maybe<reference> try_next() {
        for (;;) {
            if (const auto line = lines_.next())
                return give(*line);
            chunk_ = this->up_.try_next();
            if (chunk_)
                lines_.feed(sse::text_of(*chunk_));
            else {
                if (this->up_.stopped() || this->up_.ended())
                    if (const auto line = lines_.rest())
                        return give(*line);
                return {};
            }
        }
    }
    bool stopped() const noexcept { return !lines_.holds() && this->up_.stopped(); }
    bool ended() const noexcept { return !lines_.holds() && this->up_.ended(); }
    void abandon() noexcept {
        lines_.clear();
        this->up_.abandon();
    }

private:
    static maybe<reference> give(std::string_view line) {
        return maybe<reference>(leat::detail::from_call{}, [line] { return line; });
    }

    maybe<chunk> chunk_;
    line_reader lines_;
};

} // namespace leat::llm
