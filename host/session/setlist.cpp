// Asks the loader for what is next before anybody asks for it.
// SPDX-License-Identifier: MIT
#include "host/session/setlist.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "host/pack/unpack.h"
#include "host/session/open.h"
#include "host/system/command.h"

namespace legume {
namespace {

namespace fs = std::filesystem;

fs::path plain(const fs::path& file) { return file.lexically_normal(); }

}  // namespace

Checked open_in_set(const fs::path& file, const SetText& set) {
    return open_patch(file, [&](Patch& patch) {
        patch.bindings.insert(patch.bindings.begin(), set.bindings.begin(), set.bindings.end());
    });
}

std::optional<SetText> find_set(const fs::path& file) {
    try {
        return load_set(is_pack(file) ? unpack(file) : file);
    } catch (const CommandError&) {  // whoever opens it as a patch says what is wrong
        return {};
    }
}

Problems read_set(const std::vector<fs::path>& files, std::optional<double> crossfade, SetText& into) {
    Problems problems;
    for (const auto& file : files) {
        auto set = find_set(file);
        if (set && files.size() > 1) {
            problems.push_back({{file.string(), 0, 0}, "this is a set; play it alone, or name the patches themselves"});
        } else if (set) {
            problems = std::move(set->problems);
            into = std::move(*set);
        } else {
            into.patches.push_back({file, "", into.crossfade});
        }
    }
    if (crossfade) {
        into.crossfade.seconds = *crossfade;
        for (auto& patch : into.patches) patch.crossfade.seconds = *crossfade;
    }
    return problems;
}

Setlist::Setlist(SetText set, Loader& loader, Controls& controls, Commands& commands, Say say,
                 std::function<void(const fs::path&)> came, std::size_t first)
    : set_(std::move(set)),
      loader_(loader),
      controls_(controls),
      commands_(commands),
      say_(std::move(say)),
      came_(std::move(came)),
      at_(first) {
    commands_.add({"load",
                   "Plays another patch: what plays leaves under a crossfade.",
                   false,
                   {},
                   [this](const CommandArguments& arguments, Answer answer) -> std::string {
                       const auto* file = arguments.empty() ? nullptr : std::get_if<std::string>(&arguments[0]);
                       if (!file) return "/legume/load wants a patch's file";
                       load(*file, std::move(answer));
                       return "";
                   }});
    commands_.add({"next", "Goes on to the set's next patch.", true, [this](const auto&) { return step(1); }});
    commands_.add({"previous", "Goes back to the set's patch before.", true, [this](const auto&) { return step(-1); }});
    commands_.add({"go", "Goes to a patch of the set, by its place or name.", true,
                   [this](const CommandArguments& arguments) { return by_argument(arguments); }});
    controls_.on_change([this](const Target& target, float value, std::string_view) { hear(target, value); });
    controls_.runner().setlist_controls().position.set(static_cast<float>(first + 1));
}

// Whoever presses is in the midst of the nodes that a change would take away; so it is done in tick().
void Setlist::hear(const Target& target, float value) {
    if (target.name == "setlist/next") pressed_.emplace_back([this] { return step(1); });
    if (target.name == "setlist/previous") pressed_.emplace_back([this] { return step(-1); });
    if (target.name == "setlist/go")
        pressed_.emplace_back([this, value] { return go(static_cast<std::size_t>(value)); });
}

std::string Setlist::name_of(std::size_t entry) const {
    const auto& patch = set_.patches[entry];
    return patch.title.empty() ? patch.file.stem().string() : patch.title;
}
std::string Setlist::place_of(std::size_t entry) const {
    return std::to_string(entry + 1) + "/" + std::to_string(set_.patches.size()) + " " + name_of(entry);
}
std::string Setlist::named(const Wish& wish) const {
    return wish.entry ? place_of(*wish.entry) : wish.file.filename().string();
}

void Setlist::want(Wish wish) {
    if (next_.faulty && !next_.loaded) next_ = {};  // it may have been mended, and says so if not
    const bool here = next_.file == wish.file && next_.loaded;
    if (!here) say_("Getting " + named(wish) + " ready; it comes in as soon as it is.");
    wish_ = std::move(wish);
}
void Setlist::want(std::size_t entry, Answer answer) {
    const auto& patch = set_.patches[entry];
    want({plain(patch.file), entry, patch.crossfade, std::move(answer)});
}

void Setlist::load(const fs::path& file, Answer answer) {
    for (std::size_t after = 1; after <= set_.patches.size(); ++after)  // of two that are the same the next one
        if (const auto entry = (at_ + after) % set_.patches.size();
            set_.patches.size() > 1 && plain(set_.patches[entry].file) == plain(file))
            return want(entry, std::move(answer));
    want({plain(file), {}, set_.crossfade, std::move(answer)});
}

std::string Setlist::step(int by) {
    if (set_.patches.size() < 2)
        return "there is one patch alone; a set is `legume play a.yaml b.yaml`, or a file with `setlist:`";
    auto from = static_cast<std::ptrdiff_t>(wish_ && wish_->entry ? *wish_->entry : at_);
    if (outside_ && !wish_ && by < 0) ++from;  // back to where the set was left
    const auto to = from + by;
    if (to < 0) return "this is the first patch of the set; /legume/next goes on";
    if (to >= static_cast<std::ptrdiff_t>(set_.patches.size()))
        return "this is the last patch of the set; /legume/go 1 begins it anew";
    want(static_cast<std::size_t>(to));
    return "";
}

std::string Setlist::go(std::size_t place) {
    if (place < 1 || place > set_.patches.size())
        return "the set has " + std::to_string(set_.patches.size()) +
               (set_.patches.size() == 1 ? " patch" : " patches") + "; send a place counted from 1, or a name";
    if (place - 1 == at_ && !outside_) {
        wish_.reset();  // whatever was on its way need not come
        return place_of(at_) + " is what plays; /legume/load with its file begins it anew";
    }
    want(place - 1);
    return "";
}

std::string Setlist::by_argument(const CommandArguments& arguments) {
    if (arguments.size() != 1) return "/legume/go wants a patch of the set: its place counted from 1, or its name";
    if (const auto* place = std::get_if<double>(&arguments[0]))
        return go(*place >= 1 && *place <= 1e6 ? static_cast<std::size_t>(*place) : 0);
    const auto& name = std::get<std::string>(arguments[0]);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < set_.patches.size(); ++i) {
        names.push_back(name_of(i));
        const auto& file = set_.patches[i].file;
        if (name == names.back() || name == file.stem() || name == file.filename()) return go(i + 1);
    }
    return "the set has no \"" + name + "\"; " + instead_of(name, names, "it has none");
}

// What the patch itself goes over to next, else what is next in the set.
fs::path Setlist::upcoming() const {
    auto& runner = controls_.runner();
    const auto arrival = runner.arrival();
    const auto& patch = runner.patch();
    const double tempo = static_cast<double>(runner.transport().tempo.own());
    const double gone =
        arrival.number == runner.changes() ? static_cast<double>(runner.frames() - arrival.frame) / runner.rate() : 0;
    const Cue* first = nullptr;
    double soonest = std::numeric_limits<double>::infinity();
    for (const auto& cue : patch.cues) {
        const double at = cue.bar ? cue.at * patch.bar_beats.value_or(4) * 60 / tempo : cue.at;
        if (cue.kind != Cue::Kind::patch || at < gone || at >= soonest) continue;
        soonest = at;
        first = &cue;
    }
    if (first) return plain(fs::path(first->place.file).parent_path() / first->name);
    return at_ + 1 < set_.patches.size() ? plain(set_.patches[at_ + 1].file) : fs::path();
}

void Setlist::take(Loaded loaded) {
    if (loaded.file != next_.file) return;
    next_.faulty = !loaded.prepared.problems.empty();
    if (!next_.faulty) {
        for (const auto& notice : loaded.notices) say_(to_string(notice));
        next_.loaded = std::move(loaded);
        return;
    }
    say_(loaded.file.string() + " has faults; " +
         (wish_          ? "what was playing plays on:"
          : next_.loaded ? "as it was before it is ready all the same:"
                         : "mend it before it is to come:"));
    for (const auto& problem : loaded.prepared.problems) say_("  " + to_string(problem));
    if (next_.loaded) return;
    if (wish_ && wish_->answer) wish_->answer(to_string(loaded.prepared.problems.front()));
    wish_.reset();
}

void Setlist::tick() {
    for (const auto& press : std::exchange(pressed_, {}))
        if (const auto wrong = press(); !wrong.empty()) say_("Set: " + wrong);
    if (auto loaded = loader_.take(Loader::For::next)) take(std::move(*loaded));
    if (const auto file = wish_ ? wish_->file : upcoming(); next_.file != file) {
        next_ = {};
        next_.file = file;
        if (!file.empty()) loader_.want_next(file);
    }
    if (loader_.edited(Loader::For::next) && !next_.file.empty()) loader_.want_next(next_.file);
    auto& runner = controls_.runner();
    if (changing_ && runner.settled() && !runner.leaving()) {
        changing_ = false;
        const auto late = runner.late_while_changing();
        if (late > late_)
            say_(std::to_string(late - late_) + (late - late_ == 1 ? " block was" : " blocks were") +
                 " late while two patches sounded");
        late_ = late;
    }
    if (wish_ && next_.loaded && runner.settled()) change();
}

void Setlist::change() {
    const auto wish = *std::exchange(wish_, std::nullopt);
    auto loaded = std::move(*std::exchange(next_, {}).loaded);
    (void)commands_.run("panic", {});  // keys that are held are let go where they were pressed
    auto& runner = controls_.runner();
    runner.change(std::move(loaded.prepared), wish.crossfade);
    controls_.say("setlist > " + named(wish));
    changing_ = true;
    outside_ = !wish.entry;
    at_ = wish.entry.value_or(at_);
    runner.setlist_controls().position.set(outside_ ? 0 : static_cast<float>(at_ + 1));
    came_(wish.file);
    say_("Now " + named(wish) +
         (runner.patch().title.empty() || runner.patch().title == name_of(at_) ? ""
                                                                               : " (" + runner.patch().title + ")") +
         ", over " + print_number(wish.crossfade.seconds) + " s");
}

std::string Setlist::status() const {
    const bool set = set_.patches.size() > 1;
    if (!set && next_.file.empty() && !wish_) return "";
    std::string line = set && !outside_ ? place_of(at_) : controls_.runner().patch().title;
    if (next_.file.empty()) return line + (set ? ", the last" : "");
    std::string name = next_.file.stem().string();
    for (std::size_t i = 0; i < set_.patches.size(); ++i)
        if (plain(set_.patches[i].file) == next_.file) name = name_of(i);
    if (!line.empty()) line += ", ";
    return line + "next " + name +
           (next_.faulty   ? next_.loaded ? " (ready as it was)" : " (has faults)"
            : next_.loaded ? " (ready)"
                           : " (loading)");
}

std::string Setlist::summary() const {
    auto& runner = controls_.runner();
    const auto changes = runner.changes();
    if (changes == 0) return "";
    return "; " + std::to_string(changes) + (changes == 1 ? " change" : " changes") + " of patch, " +
           std::to_string(runner.late_while_changing()) + " blocks late in them";
}

}  // namespace legume
