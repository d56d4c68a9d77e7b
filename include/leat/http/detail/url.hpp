#pragma once

#include "../header.hpp"
#include "curl.hpp"

#include <string>
#include <utility>

namespace leat::http::detail {

/// A URL taken apart by libcurl's own parser, so that what is checked here is what libcurl connects to.
class url {
public:
    /// Throws `error` when it is not a good http or https URL. The text is never repeated: it may hold a
    /// secret.
    static url parse(const std::string& text) {
        url u;
        u.set(text);
        return u;
    }

    /// Where a `Location` leads to from here. Throws like `parse`.
    url resolve(const std::string& location) const {
        url u(*this);
        u.set(location);
        return u;
    }

    url(const url& other) : handle_(curl_url_dup(other.handle_.get())), shown_(other.shown_) {
        if (!handle_)
            throw std::bad_alloc();
    }
    url(url&&) noexcept = default;
    url& operator=(url&&) noexcept = default;

    /// With everything, for libcurl.
    std::string full() const { return part(CURLUPART_URL, 0); }

    /// For people: without user, password, query and fragment.
    const std::string& shown() const noexcept { return shown_; }

    bool is_https() const { return part(CURLUPART_SCHEME, 0) == "https"; }
    bool has_user() const { return !part(CURLUPART_USER, 0).empty() || !part(CURLUPART_PASSWORD, 0).empty(); }

    /// Is the host this machine, whatever a name server says?
    bool is_loopback() const {
        std::string host = part(CURLUPART_HOST, 0);
        for (char& c : host)
            c = ascii_lower(c);
        return detail::is_loopback(host);
    }

    bool same_origin(const url& other) const {
        return part(CURLUPART_SCHEME, 0) == other.part(CURLUPART_SCHEME, 0) &&
               equal_ignoring_case(part(CURLUPART_HOST, 0), other.part(CURLUPART_HOST, 0)) &&
               part(CURLUPART_PORT, CURLU_DEFAULT_PORT) == other.part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
    }

private:
    url() : handle_(curl_url()) {
        if (!handle_)
            throw std::bad_alloc();
    }

    void set(const std::string& text) {
        if (text.find('\0') != text.npos)
            refuse("it holds a NUL byte");
        const CURLUcode code =
            curl_url_set(handle_.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME);
        if (code == CURLUE_OUT_OF_MEMORY)
            throw std::bad_alloc();
        if (code != CURLUE_OK)
            refuse(curl_url_strerror_text(code));
        const std::string scheme = part(CURLUPART_SCHEME, 0);
        if (scheme != "http" && scheme != "https")
            refuse("its scheme is neither http nor https");
        shown_ = scheme + "://" + part(CURLUPART_HOST, 0);
        if (const std::string port = part(CURLUPART_PORT, 0); !port.empty())
            shown_ += ":" + port;
        shown_ += part(CURLUPART_PATH, 0);
    }

    std::string part(CURLUPart which, unsigned flags) const {
        char* text = nullptr;
        if (curl_url_get(handle_.get(), which, &text, flags) != CURLUE_OK)
            return {};
        const curl_string owned(text);
        return owned.get();
    }

    static std::string curl_url_strerror_text(CURLUcode code) {
#if LIBCURL_VERSION_NUM >= 0x075000
        return std::string("libcurl says: ") + curl_url_strerror(code);
#else
        return "libcurl's code is " + std::to_string(static_cast<int>(code));
#endif
    }

    [[noreturn]] static void refuse(const std::string& why) {
        throw error(
            error_kind::bad_request, {},
            "The URL cannot be used (its text is not shown, it may hold a password or a key): " + why +
                ". Write it as http://host/path or https://host/path, with blanks and other special "
                "characters percent-encoded.");
    }

    url_handle handle_;
    std::string shown_;
};

} // namespace leat::http::detail
