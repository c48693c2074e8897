// Walks patches, nodes and the files beside them; names no node.
// SPDX-License-Identifier: MIT
#include "host/commands/gather.h"

#include <algorithm>
#include <array>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string_view>

#include "graph/reads.h"
#include "host/pack/card.h"
#include "host/patch/setlist.h"
#include "host/session/open.h"
#include "nodes/files/yaml.h"

namespace legume {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

fs::path whole(const fs::path& path) { return fs::absolute(path).lexically_normal(); }

std::string read_text(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// The folder that all of them lie in.
fs::path common_folder(const std::vector<fs::path>& folders) {
    if (folders.empty()) return {};
    fs::path common = folders.front();
    for (const auto& folder : folders) {
        fs::path shared;
        for (auto a = common.begin(), b = folder.begin(); a != common.end() && b != folder.end() && *a == *b; ++a, ++b)
            shared /= *a;
        common = shared;
    }
    return common;
}

bool lies_in(const fs::path& path, const fs::path& folder) {
    const auto at = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
    return !folder.empty() && at.first == folder.end();
}

// What stands after "Licence: " in the README.md beside a file, up to the end of its sentence or line.
std::string said_in(const std::string& readme, const std::vector<std::string>& words) {
    for (const auto& word : words) {
        const auto at = readme.find(word);
        if (at == readme.npos) continue;
        auto text = readme.substr(at + word.size(), 300);
        text = text.substr(0, text.find('\n'));
        if (const auto end = text.find(". "); end != text.npos) text.resize(end);
        while (!text.empty() && (text.back() == '.' || text.back() == ' ' || text.back() == '\r')) text.pop_back();
        while (!text.empty() && text.front() == ' ') text.erase(0, 1);
        for (char& c : text)
            if (static_cast<unsigned char>(c) < ' ') c = ' ';
        return text;
    }
    return {};
}

class Gatherer {
  public:
    explicit Gatherer(Problems& problems) : problems_(problems) {}

    Gathered run(const fs::path& patch) {
        Gathered all;
        std::deque<std::pair<fs::path, Place>> waiting{{patch, {}}};
        std::set<fs::path> seen;
        for (; !waiting.empty(); waiting.pop_front()) {
            const auto [file, named_at] = waiting.front();
            if (!seen.insert(whole(file)).second) continue;
            if (const auto set = load_set(file)) {
                take_set(*set, waiting);
                all.title = set->title;
                continue;
            }
            auto checked = open_patch(file);
            if (!checked.problems.empty()) {
                for (auto& found : checked.problems)
                    problems_.push_back(found.place.line || !named_at.line
                                            ? std::move(found)
                                            : Problem{named_at, file.string() + ": " + found.message});
                continue;
            }
            if (all.title.empty() && seen.size() == 1) all.title = checked.patch.title;
            take_patch(checked);
            for (const auto& cue : checked.patch.cues)
                if (cue.kind == Cue::Kind::patch) waiting.emplace_back(name_text(cue.name, cue.place), cue.place);
            add_needs(checked);
        }
        if (!problems_.empty()) return all;
        place_files(all);
        all.patch = name_of(whole(patch));
        all.needs = needs();
        return all;
    }

  private:
    struct Named {  // a path as a text names it
        std::string text;
        Place place;
        fs::path path;
        bool far = false;  // by an absolute path, or in a text that was
    };
    struct Asked {
        Place place;
        bool far = false;
    };

    void problem(const Place& place, std::string message) { problems_.push_back({place, std::move(message)}); }

    bool name_path(const std::string& text, const Place& place) {
        const bool far = fs::path(text).is_absolute() || far_texts_.count(whole(place.file));
        named_.push_back({text, place, whole(fs::path(place.file).parent_path() / text), far});
        return far;
    }
    fs::path name_text(const std::string& text, const Place& place) {
        const auto path = (fs::path(place.file).parent_path() / text).lexically_normal();
        if (name_path(text, place)) far_texts_.insert(whole(path));
        return path;
    }

    void take_set(const SetText& set, std::deque<std::pair<fs::path, Place>>& waiting) {
        problems_.insert(problems_.end(), set.problems.begin(), set.problems.end());
        texts_.insert(whole(set.file));
        add(set.file, {{set.file, 0, 0}, false});
        add_needs(set.bindings);
        const auto root = read_tree(set.file);
        const auto* list = root.find("setlist");
        for (const auto& item : list ? list->items : std::vector<Tree>{}) {
            const auto* entry = item.kind == Tree::Kind::map ? item.find("patch") : &item;
            if (entry && entry->kind == Tree::Kind::text)
                waiting.emplace_back(name_text(entry->text, entry->place), entry->place);
        }
    }
    static Tree read_tree(const std::string& file) {
        auto text = read_text(file);
        if (text.starts_with(byte_order_mark)) text.erase(0, byte_order_mark.size());  // places are counted without
        Problems none;
        return load_tree(text, file, none);
    }

    void take_patch(const Checked& checked) {
        const auto& patch = checked.patch;
        std::error_code error;
        name_patches_within(patch);
        const bool far = far_texts_.count(whole(patch.file));
        for (const auto& file : patch.files)
            if (fs::exists(file, error)) {
                texts_.insert(whole(file));
                add(file, {{file, 0, 0}, far_texts_.count(whole(file)) > 0});
            }
        if (const auto states = fs::path(patch.file).replace_extension(".states"); fs::exists(states, error))
            add(states, {{states.string(), 0, 0}, far});
        for (std::size_t i = 0; i < checked.nodes.size(); ++i) take_files(*checked.nodes[i], patch.nodes[i]);
    }

    void take_files(const Declaration& node, const PatchNode& written) {
        for (const auto* option : node.options()) {
            if (!option->holds_files()) continue;
            if (option->type == Option::Type::entries) {
                for (const auto& entry : static_cast<const EntriesOption*>(option)->all())
                    take_files(*entry, entry->text);
                continue;
            }
            const auto* setting = written.find(option->name);
            if (!setting) continue;
            const auto& value = setting->value;
            const auto texts = value.kind == Value::Kind::list ? value.items : std::vector<Value>{value};
            bool all_far = true;
            for (const auto& text : texts) all_far = name_path(text.text, text.place) && all_far;
            for (const auto& file : Reads::of(node, *option)) add(file, {value.place, all_far});
        }
    }

    // A patch within a patch is gone from it once it is read; its path stands in the text alone.
    void name_patches_within(const Patch& patch) {
        for (const auto& file : patch.files) {
            std::error_code error;
            if (!fs::exists(file, error) || !read_within_.insert(whole(file)).second) continue;
            const auto root = read_tree(file);
            const auto* nodes = root.find("nodes");
            for (const auto& node : nodes ? nodes->items : std::vector<Tree>{}) {
                const auto *type = node.find("type"), *inner = node.find("file");
                if (type && inner && type->text == "patch") name_text(inner->text, inner->place);
            }
        }
    }

    // A file, or all that is in a folder.
    void add(const fs::path& path, const Asked& asked) {
        std::error_code error;
        const auto status = fs::status(path, error);
        if (fs::is_directory(status)) {
            fs::recursive_directory_iterator it(path, error), end;
            for (; !error && it != end; it.increment(error))
                if (std::error_code none; it->is_regular_file(none)) add_file(whole(it->path()), asked);
            if (error) problem(asked.place, path.string() + " cannot be read: " + error.message());
        } else if (fs::is_regular_file(status)) {
            add_file(whole(path), asked);
        } else {
            problem(asked.place, path.string() + (fs::exists(status) ? " is no file" : " does not exist") +
                                     "; a pack takes along all that the patch reads");
        }
    }
    void add_file(const fs::path& path, const Asked& asked) {
        const auto [at, fresh] = files_.try_emplace(path, asked);
        at->second.far = at->second.far && asked.far;
        if (texts_.count(path)) return;
        const auto readme = path.parent_path() / "README.md";  // its licence must not be lost on the way
        if (const auto [said, unread] = readmes_.try_emplace(readme); unread) {
            const auto text = read_text(readme);
            said->second = {said_in(text, {"Licence: ", "License: "}), said_in(text, {"Source: "})};
        }
        if (!readmes_[readme][0].empty()) files_.try_emplace(readme, asked).first->second.far &= asked.far;
    }

    // ---- where they lie in the pack

    void place_files(Gathered& all) {
        std::vector<fs::path> here, there;
        for (const auto& named : named_)
            if (!named.far) here.push_back(named.path.parent_path());
        for (const auto& [file, asked] : files_)
            if (!asked.far) here.push_back(file.parent_path());
        set_ = common_folder(here);
        for (const auto& named : named_)
            if (!lies_in(named.path, set_)) there.push_back(named.path.parent_path());
        for (const auto& [file, asked] : files_)
            if (!lies_in(file, set_)) there.push_back(file.parent_path());
        elsewhere_ = common_folder(there);

        const auto rewritten = rewrite_texts();
        for (const auto& [path, asked] : files_) {
            Gathered::File file;
            file.from = path;
            file.name = name_of(path);
            if (!safe_name(file.name))
                problem(asked.place, path.string() + " has a name that not every machine can have; rename it");
            if (const auto text = rewritten.find(path); text != rewritten.end()) file.text = text->second;
            if (const auto said = readmes_.find(path.parent_path() / "README.md");
                said != readmes_.end() && !texts_.count(path)) {
                file.licence = said->second[0];
                file.source = said->second[1];
            }
            all.files.push_back(std::move(file));
        }
        std::sort(all.files.begin(), all.files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
        std::set<std::string> folders;
        for (const auto& named : named_) {
            const auto folder = name_of(named.path.parent_path());
            if (std::none_of(all.files.begin(), all.files.end(),
                             [&](const auto& file) { return file.name.starts_with(folder + "/"); }))
                folders.insert(folder);
        }
        all.folders.assign(folders.begin(), folders.end());
    }

    std::string name_of(const fs::path& path) const {
        const bool in_set = lies_in(path, set_);
        auto name = (fs::path(in_set ? "set" : "elsewhere") / path.lexically_relative(in_set ? set_ : elsewhere_))
                        .lexically_normal()
                        .generic_string();
        if (name.ends_with("/")) name.pop_back();
        return name;
    }

    std::map<fs::path, std::string> rewrite_texts() {
        std::map<fs::path, std::map<std::pair<int, int>, const Named*>> edits;  // of each text, from its end on
        for (const auto& named : named_)
            if (fs::path(named.text).is_absolute())
                edits[whole(named.place.file)][{-named.place.line, -named.place.column}] = &named;
        std::map<fs::path, std::string> rewritten;
        for (const auto& [file, changes] : edits) {
            auto text = read_text(file);
            for (const auto& [at, named] : changes) rewrite(text, *named);
            rewritten[file] = std::move(text);
        }
        return rewritten;
    }

    void rewrite(std::string& text, const Named& named) {
        std::size_t at = text.starts_with(byte_order_mark) && named.place.line == 1 ? byte_order_mark.size() : 0;
        for (int line = 1; line < named.place.line; ++line) at = text.find('\n', at) + 1;  // so far the file has lines
        at += static_cast<std::size_t>(named.place.column) - 1;
        const auto from = fs::path(name_of(whole(named.place.file))).parent_path();
        auto anew = fs::path(name_of(named.path)).lexically_relative(from).generic_string();
        if (at > text.size() || text.compare(at, named.text.size(), named.text) != 0 ||
            anew.find_first_of("\"'") != anew.npos)
            return problem(named.place,
                           "this absolute path has to be written anew for a pack; write it plainly, on one line and "
                           "without quotes in it, or make it relative");
        const bool quoted = at > 0 && (text[at - 1] == '"' || text[at - 1] == '\'');
        if (!quoted && anew.find_first_of("#:,[]{}") != anew.npos) anew = '"' + anew + '"';
        text.replace(at, named.text.size(), anew);
    }

    // ---- what it needs

    void add_needs(const Checked& checked) {
        inputs_ = std::max(inputs_, device_inputs(checked));
        outputs_ = std::max(outputs_, device_outputs(checked));
        add_needs(checked.patch.bindings);
        clock_ = clock_ || checked.patch.clock.midi;
        for (const auto& send : checked.patch.sends) receivers_.insert(send.to);
    }
    void add_needs(const std::vector<Binding>& bindings) {
        for (const auto& binding : bindings) {
            midi_ = midi_ || binding.midi;
            if (binding.midi && !binding.midi->port.empty()) ports_.insert(binding.midi->port);
            if (binding.osc) addresses_.insert(binding.osc->address);
        }
    }
    std::vector<std::string> needs() const {
        const auto many = [](int count, const std::string& what) {
            return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
        };
        std::vector<std::string> lines{many(outputs_, "output")};
        if (inputs_ > 0) lines.push_back(many(inputs_, "input"));
        if (midi_)
            lines.push_back("a MIDI controller" + (ports_.empty() ? "" : ": " + join({ports_.begin(), ports_.end()})));
        if (clock_) lines.push_back("MIDI clock");
        if (!addresses_.empty()) lines.push_back("OSC to " + join({addresses_.begin(), addresses_.end()}));
        if (!receivers_.empty())
            lines.push_back("a listener to its OSC at " + join({receivers_.begin(), receivers_.end()}));
        return lines;
    }

    Problems& problems_;
    std::map<fs::path, Asked> files_;
    std::set<fs::path> texts_, far_texts_, read_within_;
    std::map<fs::path, std::array<std::string, 2>> readmes_;  // licence and source
    std::vector<Named> named_;
    fs::path set_, elsewhere_;
    int inputs_ = 0, outputs_ = 1;
    bool midi_ = false, clock_ = false;
    std::set<std::string> ports_, addresses_, receivers_;
};

}  // namespace

Gathered gather(const fs::path& patch, Problems& problems) { return Gatherer(problems).run(patch); }

}  // namespace legume
