# For leat's own tests, examples and benchmarks only; nothing of this reaches a user.

# A build after a small change takes seconds with ccache.
find_program(LEAT_CCACHE ccache)
mark_as_advanced(LEAT_CCACHE)
if(LEAT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # With precompiled headers it has to be told that a changed time alone is no change.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
                                    ${LEAT_CCACHE})
    if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
        add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
    endif()
endif()

# leat_dev: the warnings. The presets turn them into errors (CMAKE_COMPILE_WARNING_AS_ERROR).
add_library(leat_dev INTERFACE)
target_compile_options(leat_dev INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # g++ 12's optimiser warns of uninitialised and overlapping memory inside the standard library (GCC PR105562,
    # PR105651), more so with a sanitizer; and of every atomic fence in Boost.Asio under ThreadSanitizer.
    target_compile_options(leat_dev INTERFACE -Wno-restrict -Wno-maybe-uninitialized -Wno-tsan)
endif()

# leat_read_header_comment(<file> <word> <variable>): the words after "// <word>:" in the first lines of <file>.
# An example says so what it needs:  // needs: postgres file      // run: with_postgres
function(leat_read_header_comment file word variable)
    file(STRINGS ${file} lines LIMIT_COUNT 20 REGEX "^// ${word}:")
    set(words)
    foreach(line IN LISTS lines)
        string(REGEX REPLACE "^// ${word}: *" "" line "${line}")
        separate_arguments(line)
        list(APPEND words ${line})
    endforeach()
    set(${variable} ${words} PARENT_SCOPE)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
endfunction()

# leat_link(<target> <need>...): links the named components of leat, and of other things `openssl` and `nlohmann`.
function(leat_link target)
    target_link_libraries(${target} PRIVATE leat_dev leat::core)
    foreach(need IN LISTS ARGN)
        if(need STREQUAL openssl)
            find_package(OpenSSL QUIET)
            if(NOT OpenSSL_FOUND)
                message(FATAL_ERROR "leat: ${target} needs OpenSSL. On Debian and Ubuntu: apt-get install libssl-dev")
            endif()
            target_link_libraries(${target} PRIVATE OpenSSL::SSL OpenSSL::Crypto)
        elseif(need STREQUAL nlohmann)
            find_package(nlohmann_json 3.10 QUIET)
            if(NOT nlohmann_json_FOUND)
                message(FATAL_ERROR "leat: ${target} needs nlohmann_json. On Debian and Ubuntu: apt-get install nlohmann-json3-dev")
            endif()
            target_link_libraries(${target} PRIVATE nlohmann_json::nlohmann_json)
        elseif(need IN_LIST leat_components)
            target_link_libraries(${target} PRIVATE leat::${need})
        else()
            message(FATAL_ERROR "leat: ${target} needs '${need}', which is none of openssl, nlohmann and ${leat_components}")
        endif()
    endforeach()
endfunction()

# The settings of the sanitizers, for every test: a report is a failure and has a stack.
set(leat_test_environment
    "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
    "TSAN_OPTIONS=second_deadlock_stack=1:suppressions=${PROJECT_SOURCE_DIR}/tests/support/tsan_suppressions"
    "ASAN_OPTIONS=strict_string_checks=1:check_initialization_order=1")
