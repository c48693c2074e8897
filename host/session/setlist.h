// The set: which patch plays, which is next and ready, and the way from the one to the other.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/say.h"
#include "graph/check.h"
#include "host/control/commands.h"
#include "host/control/controls.h"
#include "host/patch/setlist.h"
#include "host/session/loader.h"

namespace legume {

// A patch with the set's own bindings; any thread.
Checked open_in_set(const std::filesystem::path& file, const SetText& set);

// The set that a file holds; nothing when it is a patch, or a pack of one.
std::optional<SetText> find_set(const std::filesystem::path& file);

// What is to be played: a file that is a set or a patch, or several patches, with the crossfade that was asked for.
Problems read_set(const std::vector<std::filesystem::path>& files, std::optional<double> crossfade, SetText& into);

// Control thread. Who asks for a patch is answered at once, and the change is done in tick(): when the patch is ready,
// and nothing else is on its way. Of several that are asked for meanwhile the newest wins.
class Setlist {
  public:
    // `came` is called when the runner has another patch: all that is bound to nodes is bound anew there. `first` of
    // the set plays already.
    Setlist(SetText set, Loader& loader, Controls& controls, Commands& commands, Say say,
            std::function<void(const std::filesystem::path&)> came, std::size_t first = 0);
    Setlist(const Setlist&) = delete;
    Setlist& operator=(const Setlist&) = delete;

    void tick();  // often
    // Of the set, or any other. What is wrong, as a command says it; what is wrong with the file `answer` says later.
    void load(const std::filesystem::path& file, Answer answer = {});
    std::string step(int by);
    std::string go(std::size_t place);         // the first is 1
    std::size_t place() const { return at_; }  // of what plays, or of what played before something of no set; from 0
    std::string status() const;   // "2/3 Second, next Third (ready)"; empty: one patch plays, and none is next
    std::string summary() const;  // "; 3 changes of patch, 0 blocks late in them"; empty when there was none
    const SetText& text() const { return set_; }

  private:
    struct Wish {
        std::filesystem::path file;
        std::optional<std::size_t> entry;  // of the set
        Crossfade crossfade;
        Answer answer = {};  // of a faulty file
    };
    struct Next {  // what is ready, or is being loaded
        std::filesystem::path file;
        std::optional<Loaded> loaded;
        bool faulty = false;  // as it was read last
    };
    std::string by_argument(const CommandArguments& arguments);
    void want(Wish wish);
    void want(std::size_t entry, Answer answer = {});
    void hear(const Target& target, float value);
    void take(Loaded loaded);
    void change();
    std::filesystem::path upcoming() const;
    std::string name_of(std::size_t entry) const;
    std::string place_of(std::size_t entry) const;  // "2/3 Second"
    std::string named(const Wish& wish) const;

    const SetText set_;
    Loader& loader_;
    Controls& controls_;
    Commands& commands_;
    const Say say_;
    const std::function<void(const std::filesystem::path&)> came_;
    std::size_t at_ = 0;    // the entry that plays, or that played before one of no set did
    bool outside_ = false;  // and such a one plays
    std::optional<Wish> wish_;
    Next next_;
    std::vector<std::function<std::string()>> pressed_;
    std::uint64_t late_ = 0;  // that have been said
    bool changing_ = false;
};

}  // namespace legume
