#include "run_vectors.hpp"

TEST_CASE("every dialect passes its vectors, however they are cut") {
    llm_vectors::run_all(llm_vectors::as_it_is());
}
