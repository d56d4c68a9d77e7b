#include "reader.hpp"

namespace fault {

FAULT_ERASED_READERS(, counted)
FAULT_ERASED_READERS(, const counted&)

} // namespace fault
