#pragma once

// Found through pkg-config `libpq`; Debian's libpq-dev.
#include <libpq-fe.h>

#include <memory>

#if !defined(LIBPQ_HAS_PIPELINING)
#error "leat: leat/postgres needs libpq 14 or later; on Debian and Ubuntu: apt-get install libpq-dev"
#endif

namespace leat::postgres::detail {

struct libpq_deleter {
    void operator()(PGconn* c) const noexcept { PQfinish(c); }
    void operator()(PGresult* r) const noexcept { PQclear(r); }
    void operator()(PGcancel* c) const noexcept { PQfreeCancel(c); }
    void operator()(PQconninfoOption* o) const noexcept { PQconninfoFree(o); }
};
template <class T> using libpq_ptr = std::unique_ptr<T, libpq_deleter>;

} // namespace leat::postgres::detail
