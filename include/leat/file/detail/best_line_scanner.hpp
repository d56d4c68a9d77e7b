#pragma once

#include "line_scan.hpp"
#include "line_scan_avx512.hpp"

namespace leat::file::detail {

/// The best scanner of the processor this runs on.
template <bool StripCr> line_scanner best_line_scanner() noexcept {
#if defined(LEAT_BYTE_MASK_X86)
    static const line_scanner best = has_avx512()               ? &scan_lines_avx512<StripCr>
                                     : leat::detail::has_avx2() ? &scan_lines_avx2<StripCr>
                                                                : &scan_lines_sse2<StripCr>;
    return best;
#elif defined(LEAT_BYTE_MASK_NEON)
    return &scan_lines_neon<StripCr>;
#else
    return &scan_lines_portable<StripCr>;
#endif
}

} // namespace leat::file::detail
