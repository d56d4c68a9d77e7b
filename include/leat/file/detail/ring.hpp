#pragma once

#include <boost/asio/detail/config.hpp>
#include <cstddef>
#include <cstdint>

#if defined(BOOST_ASIO_HAS_IO_URING)
#include <boost/asio/buffer.hpp>
#include <boost/asio/random_access_file.hpp>
#include <boost/system/system_error.hpp>
#include <optional>
#include <utility>
#endif

#include "../../asio/executor.hpp"
#include "descriptor.hpp"

namespace leat::file::detail {

/// Reads of a file by Asio's io_uring, in programs that are compiled with BOOST_ASIO_HAS_IO_URING: what is not in the page cache is
/// waited for by the kernel, and no worker is needed.
class ring {
public:
#if defined(BOOST_ASIO_HAS_IO_URING)
    /// Takes the descriptor over, if it has not yet. False where the kernel does not let us have an io_uring, as in many
    /// containers: then the descriptor stays where it is.
    bool open(const executor& ex, descriptor& fd) {
        if (file_ || refused_)
            return !refused_;
        boost::system::error_code refused;
        try {
            file_.emplace(ex);
            file_->assign(fd.get(), refused);
        } catch (const boost::system::system_error& e) {
            refused = e.code();
        }
        if (refused) {
            file_.reset();
            refused_ = true;
            return false;
        }
        fd.release();
        return true;
    }
    template <class Done> void read(std::uint64_t offset, std::byte* to, std::size_t size, Done done) {
        file_->async_read_some_at(offset, boost::asio::buffer(to, size), std::move(done));
    }
    /// A read that is under way still calls back.
    void cancel() noexcept {
        boost::system::error_code ignored;
        if (file_)
            file_->cancel(ignored);
    }
    void close() noexcept { file_.reset(); }

private:
    std::optional<boost::asio::random_access_file> file_;
    bool refused_ = false;
#else
    static bool open(const executor&, const descriptor&) noexcept { return false; }
    template <class Done> static void read(std::uint64_t, std::byte*, std::size_t, Done) noexcept {}
    static void cancel() noexcept {}
    static void close() noexcept {}
#endif
};

} // namespace leat::file::detail
