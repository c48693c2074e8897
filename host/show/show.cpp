// Line by line, each with as many words as its kind has.
// SPDX-License-Identifier: MIT
#include "host/show/show.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "host/show/line.h"
#include "host/system/command.h"
#include "host/system/paths.h"

namespace legume {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

class Reading {
  public:
    // False: no line that this version writes.
    bool take(Words& w) {
        leaving_ = w.size() > 1 && w.back() == "leaving" && (w[0] == "set" || w[0] == "fire" || w[0] == "note");
        if (leaving_) w.pop_back();
        const auto& kind = w[0];
        const auto n = w.size();
        if (kind == "machine" && n == 2) return keep(show.machine, w[1]);
        if (kind == "began" && n == 2) return keep(show.began, w[1]);
        if (kind == "cwd" && n == 2) return keep(show.cwd, w[1]);
        if (kind == "after" && n == 2) return keep(show.after, w[1]);
        if (kind == "said" && n == 3) return true;
        if (kind == "device" && n == 6)
            return keep(show.device, w[1]) && number(w[2], show.rate) && number(w[3], show.buffer) &&
                   number(w[4], show.inputs) && number(w[5], show.outputs) && show.rate >= 1'000 && show.rate <= 1e6 &&
                   show.inputs >= 0 && show.inputs <= max_channels && show.outputs >= 1 && show.outputs <= max_channels;
        if (kind == "seed" && n == 2) return number(w[1], show.seed);
        if (kind == "beat" && n == 2) return number(w[1], show.beat) && show.beat >= 0 && show.beat <= 1e12;
        if (kind == "text" && n == 3) return keep(texts_[w[1]], w[2]);
        if (kind == "edit" && n >= 2) return edit(w, 1, {});
        if (kind == "change" && n >= 5) return change(w);
        if (kind == "adopted" && n == 3) return adopted(w);
        if (kind == "set" && n == 6) return set(w);
        if (kind == "fire" && n == 5) return fire(w);
        if (kind == "note" && n == 8) return note(w);
        if (kind == "fate" && n == 6) return decision(w);
        if (kind == "reads" && n == 6) return reads(w);
        if (kind == "sum" && n == 4) return sum(w);
        if (kind == "kept" && n == 4) {
            ShowNode node;
            return node_of(w, node) && keep(show.kept[node], w[3]);
        }
        if ((kind == "tick" || kind == "end") && n == 2) {
            show.ended = kind == "end";
            return number(w[1], show.frames);
        }
        return false;
    }
    Show show;

  private:
    template <class Number>
    static bool number(const std::string& word, Number& into) {
        const auto read = read_number<Number>(word);
        if (read) into = *read;
        return read.has_value();
    }
    static bool keep(std::string& into, const std::string& word) {
        into = word;
        return true;
    }
    bool node_of(const Words& w, ShowNode& node) {
        node.id = w[2];
        return number(w[1], node.edit) && node.edit < show.edits.size();
    }
    bool change(const Words& w) {
        ShowEdit::Change change;
        return number(w[1], change.crossfade.seconds) && number(w[2], change.crossfade.tails) &&
               change.crossfade.seconds >= 0 && change.crossfade.seconds <= 1e6 && change.crossfade.tails >= 0 &&
               change.crossfade.tails <= 1e6 && number(w[3], change.seed) && !show.edits.empty() && edit(w, 4, change);
    }
    // The file stands at w[at], and behind it all that it was read from.
    bool edit(const Words& w, std::size_t at, const std::optional<ShowEdit::Change>& change) {
        ShowEdit edit{w[at], change, {}, {}};
        for (auto file = w.begin() + static_cast<std::ptrdiff_t>(at) + 1; file != w.end(); ++file)
            if (const auto text = texts_.find(*file); text != texts_.end()) edit.texts.insert(*text);
        if (show.edits.empty()) edit.frame = 0;
        show.edits.push_back(std::move(edit));
        return true;
    }
    bool adopted(const Words& w) {
        std::uint64_t frame = 0;
        std::size_t edit = 0;
        if (!number(w[1], frame) || !number(w[2], edit) || edit >= show.edits.size()) return false;
        show.edits[edit].frame = frame;
        return true;
    }
    bool control(Applied applied, const std::string& source) {
        applied.leaving = leaving_;
        show.controls.push_back({std::move(applied), source});
        return true;
    }
    bool set(const Words& w) {
        Applied applied{0, w[2], Member::Kind::param, 0, -1, {}, false, false};
        return number(w[1], applied.frame) && number(w[3], applied.value) &&
               (w[4] == "own" || number(w[4], applied.seconds)) && control(std::move(applied), w[5]);
    }
    bool fire(const Words& w) {
        Applied applied{0, w[2], Member::Kind::trigger, 0, -1, {}, w[3] == "held", false};
        return number(w[1], applied.frame) && control(std::move(applied), w[4]);
    }
    bool note(const Words& w) {
        Applied applied{0, w[2], Member::Kind::notes, 0, -1, {}, false, false};
        int kind = 0;
        if (!number(w[1], applied.frame) || !number(w[3], kind) || !number(w[4], applied.note.number) ||
            !number(w[5], applied.note.value) || !number(w[6], applied.note.frame) || kind < 0 || kind > 3 ||
            applied.note.frame < 0 || applied.note.frame >= block_frames)
            return false;
        applied.note.kind = static_cast<NoteEvent::Kind>(kind);
        return control(std::move(applied), w[7]);
    }
    bool decision(const Words& w) {
        ShowNode node;
        TimingDecision::Answer answer;
        if (!node_of(w, node) || !number(w[4], answer.at) || !number(w[5], answer.what)) return false;
        show.decisions[{node, w[3]}].push_back(answer);
        return true;
    }
    bool reads(const Words& w) {
        ShowNode node;
        if (!node_of(w, node)) return false;
        by_file_[w[5]].push_back(show.files.size());
        show.files.push_back({std::move(node), w[3], w[4], w[5], 0, {}});
        return true;
    }
    bool sum(const Words& w) {
        std::uint64_t size = 0;
        if (!number(w[2], size)) return false;
        for (const auto at : by_file_[w[1]]) {
            show.files[at].size = size;
            show.files[at].sum = w[3];
        }
        return true;
    }
    bool leaving_ = false;
    Texts texts_;
    std::map<std::string, std::vector<std::size_t>> by_file_;
};

}  // namespace

Show read_show(std::string_view text, const std::string& name) {
    Reading reading;
    std::size_t number = 0;
    while (!text.empty()) {
        ++number;
        const auto end = text.find('\n');
        if (end == text.npos) break;  // the last line of a show that ended in the middle of it
        auto words = words_of(text.substr(0, end));
        text.remove_prefix(end + 1);
        if (number == 1) {
            if (!words || words->size() != 3 || (*words)[0] != "legume-show")
                throw CommandError(name +
                                   ":1:1: this is no log of a show; `legume play` keeps one in each show's folder");
            if ((*words)[1] != std::to_string(show_format))
                throw CommandError(name + ":1:1: this show is of format " + (*words)[1] + ", kept by legume " +
                                   (*words)[2] + "; this is legume " LEGUME_VERSION ", which reads format " +
                                   std::to_string(show_format));
            reading.show.version = (*words)[2];
            continue;
        }
        if (words && !words->empty() && reading.take(*words)) continue;
        if (!text.empty()) reading.show.damaged = number;
        break;
    }
    auto& show = reading.show;
    if (show.rate == 0 || show.edits.empty())
        throw CommandError(name + ": the show ended before anything was played, or its beginning is damaged");
    std::stable_sort(show.controls.begin(), show.controls.end(), [](const ShowControl& a, const ShowControl& b) {
        return a.applied.frame / block_frames < b.applied.frame / block_frames;
    });
    for (auto& [key, answers] : show.decisions)
        std::stable_sort(answers.begin(), answers.end(),
                         [](const TimingDecision::Answer& a, const TimingDecision::Answer& b) { return a.at < b.at; });
    return std::move(reading.show);
}

fs::path shows_folder() {
    const auto folder = data_folder();
    return folder.empty() ? folder : folder / "shows";
}

fs::path newest_show(const fs::path& shows) {
    fs::path newest;  // their names are times
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(shows, error))
        if (entry.path() > newest && fs::exists(entry.path() / show_log_name, error)) newest = entry.path();
    return newest;
}

fs::path find_show(const std::string& asked) {
    std::error_code error;
    fs::path folder = asked;
    if (folder.filename() == show_log_name) folder = folder.has_parent_path() ? folder.parent_path() : fs::path(".");
    if (fs::exists(folder / show_log_name, error)) return folder;
    const auto shows = shows_folder();
    if (asked == "last") {
        const auto newest = newest_show(shows);
        if (newest.empty())
            throw CommandError(shows.string() + ": there is no show yet; `legume play` keeps one each time");
        return newest;
    }
    if (fs::exists(shows / asked / show_log_name, error)) return shows / asked;
    throw CommandError(asked + ": there is no such show; name its folder, or one in " + shows.string() + ", or last");
}

Show open_show(const fs::path& folder) {
    const auto file = folder / show_log_name;
    std::ifstream in(file, std::ios::binary);
    if (!in) throw CommandError(file.string() + " cannot be read; look at its permissions");
    return read_show(std::string{std::istreambuf_iterator<char>(in), {}}, file.string());
}

fs::path show_sound(const fs::path& folder, const std::string& name) {
    std::error_code error;
    for (const auto* ending : {".wav", ".part.wav"})
        if (fs::exists(folder / (name + ending), error)) return folder / (name + ending);
    return {};
}

}  // namespace legume
