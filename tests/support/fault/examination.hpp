#pragma once

#include "context.hpp"
#include "reader.hpp"
#include "source.hpp"

#include "../catch.hpp"

#include <functional>
#include <map>
#include <string>

// Does every action at every point of a pipeline, and judges what came of it.

namespace fault {

/// What the reader must get of a source that gave just `in` and then ended.
using oracle = std::function<ints(const ints& in)>;

struct options {
    /// There is no oracle (time, say): the elements are only looked at by `check`.
    bool prefix_only = false;
    /// Several sources run at once: points and elements come in any order, and a fault of one source may come before
    /// what another one has ready.
    bool any_order = false;
    /// A stage that holds elements back stands before one that stops early. What is held back comes before an error
    /// or a stop, so the reader may have enough before it comes to that.
    bool may_end_early = false;
    /// A stop is an ordinary end.
    bool ends_on_stop = false;
    /// A generator in the middle makes several elements of one: a stop may come in between.
    bool prefix_on_stop = false;
    /// Its workers wait on their own: where such a wait ends on another thread the stream is closed, not destroyed.
    bool has_workers = false;
    /// Says what is wrong with a run, or nothing.
    std::function<std::string(const context&)> check = {};
    /// For the test of the harness: failures are only counted.
    bool silent = false;
};

/// How many runs each operator has had: points times actions, in all surroundings.
std::map<std::string, std::size_t>& visited();
places& all_places();

class examination {
public:
    using begin = std::function<leat::task<>(context&)>; // makes the consumer of a run

    examination(std::string name, oracle o, options opts);
    examination(const examination&) = delete;
    /// How many runs failed.
    std::size_t finish() const;

    /// `quietly`: the pipeline can be made with take_until too.
    void look_at(source_kind source, wait_kind waits, reader_kind reader, bool quietly, const begin& b);

private:
    bool makes_sense(action what, place p, wait_kind waits, reader_kind reader) const;
    void run(const std::string& surroundings, const begin& b, wait_kind waits, action what, std::size_t at,
             std::vector<place>& plan);
    std::string judge(const context& c, action what, std::size_t at, place p) const;
    std::string judge_elements(const context& c, action what, place p) const;
    bool came_to_the_end(const context& c) const { return options_.prefix_only || same(c.got, complete_); }
    bool same(ints a, ints b) const;

    std::string name_;
    oracle oracle_;
    options options_;
    std::string only_;
    ints complete_; // what came without a fault
    std::size_t points_ = 0;
    std::size_t failures_ = 0;
};

} // namespace fault
