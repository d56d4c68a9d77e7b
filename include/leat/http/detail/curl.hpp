#pragma once

#include "../error.hpp"

#include <curl/curl.h>

#include <memory>
#include <new>
#include <string>

namespace leat::http::detail {

/// libcurl wants this once a process, before anything else of it. Never undone: there may be other users.
inline void initialise_curl() {
    static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (once != CURLE_OK)
        throw error(error_kind::bad_request, {},
                    "libcurl could not be initialised (curl_global_init failed).");
}

template <auto Cleanup> struct curl_cleanup {
    template <class T> void operator()(T* object) const noexcept { Cleanup(object); }
};

using easy_handle = std::unique_ptr<CURL, curl_cleanup<curl_easy_cleanup>>;
using multi_handle = std::unique_ptr<CURLM, curl_cleanup<curl_multi_cleanup>>;
using url_handle = std::unique_ptr<CURLU, curl_cleanup<curl_url_cleanup>>;
using curl_string = std::unique_ptr<char, curl_cleanup<curl_free>>;

/// Lines for CURLOPT_HTTPHEADER. Owns them; libcurl reads them during the transfer.
class curl_lines {
public:
    void add(const std::string& line) {
        curl_slist* const longer = curl_slist_append(lines_.get(), line.c_str());
        if (!longer)
            throw std::bad_alloc();
        (void)lines_.release(); // part of the longer list now
        lines_.reset(longer);
    }
    curl_slist* get() const noexcept { return lines_.get(); }

private:
    std::unique_ptr<curl_slist, curl_cleanup<curl_slist_free_all>> lines_;
};

/// Which of our kinds a libcurl result is.
inline error_kind kind_of(CURLcode code) noexcept {
    switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
#if LIBCURL_VERSION_NUM >= 0x074900
    case CURLE_PROXY:
#endif
        return error_kind::connect;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION: // also CURLE_SSL_CACERT
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED:
        return error_kind::tls;
    case CURLE_OPERATION_TIMEDOUT:
        return error_kind::timeout;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_FAIL_REWIND:
    case CURLE_HTTP2_STREAM:
        return error_kind::cut_connection;
    case CURLE_URL_MALFORMAT:
        return error_kind::bad_request;
    default:
        return error_kind::protocol;
    }
}

} // namespace leat::http::detail
