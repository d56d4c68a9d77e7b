#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "../../asio/budget.hpp"
#include "../options.hpp"
#include "reader.hpp"

namespace leat::file::detail {

/// The reading end of a file as a local variable of a generator: the state that it shares with the workers,
/// given up when the generator ends or is destroyed. That is all there is to clean up, so nothing has to be
/// awaited for it.
class source {
public:
    source(const executor& ex, std::filesystem::path path, const read_options& options)
        : state_(std::make_shared<reader_state>(ex, std::move(path), options)), turns_(ex, options.fair) {}
    source(source&&) = delete;
    ~source() { state_->abandon(); }

    std::optional<std::span<const std::byte>> try_next() { return state_->try_next(); }
    auto change() { return state_->change(); }

    /// A cached file never has to be waited for, so from time to time the others of the loop get their turn.
    budget& turns() noexcept { return turns_; }

    const std::filesystem::path& path() const noexcept { return state_->path(); }

private:
    std::shared_ptr<reader_state> state_;
    budget turns_;
};

} // namespace leat::file::detail
