// A scene goes the one road, param by param, under its own name.
// SPDX-License-Identifier: MIT
#include "host/control/scenes.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "graph/builtin_nodes.h"
#include "graph/check.h"
#include "host/patch/stored_scenes.h"
#include "nodes/files/atomic_file.h"

namespace legume {
namespace {

constexpr double longest = 86'400;  // seconds

// The argument at that place as a time; nothing when there is none, and `wrong` when it is none.
std::optional<double> seconds_of(const CommandArguments& arguments, std::size_t at, std::string& wrong) {
    if (arguments.size() <= at) return {};
    const auto* seconds = std::get_if<double>(&arguments[at]);
    if (seconds && *seconds >= 0 && *seconds <= longest) return *seconds;
    wrong = "a scene takes 0 to 86400 seconds; send them as a number after its name";
    return {};
}

}  // namespace

Scenes::Scenes(Controls& controls, Commands& commands, Say say) : Follower(controls), say_(std::move(say)) {
    commands.add({"scene", "Recalls a scene by its name or place, in so many seconds.", true,
                  [this](const CommandArguments& arguments) { return by_argument(arguments); }});
    commands.add({"scene-next", "Recalls the scene after the last one, in so many seconds.", true,
                  [this](const CommandArguments& arguments) { return step(1, arguments); }});
    commands.add({"scene-previous", "Recalls the scene before the last one, in so many seconds.", true,
                  [this](const CommandArguments& arguments) { return step(-1, arguments); }});
    commands.add({"scene-store", "Stores what is set now as a scene of that name, beside the patch.", false,
                  [this](const CommandArguments& arguments) -> std::string {
                      const auto* name = arguments.empty() ? nullptr : std::get_if<std::string>(&arguments[0]);
                      return name ? store(*name) : "/legume/scene-store wants a scene's name, such as dark";
                  }});
    bind(false);
}

void Scenes::bind(bool another) {
    scenes_ = controls_.runner().patch().scenes;
    if (another) current_.clear();
}

std::string Scenes::recall(const Scene& scene, std::optional<double> seconds) {
    const auto source = "scene " + scene.name;
    if (!seconds && scene.over) seconds = controls_.seconds(*scene.over);
    controls_.runner().control().forget(source);  // recalled again it means it again
    for (const auto& [to, value] : scene.values) controls_.set(to, value, source, seconds);
    current_ = scene.name;
    controls_.say(source);
    return {};
}

std::string Scenes::recall(std::string_view name, std::optional<double> seconds) {
    std::vector<std::string> names;
    for (const auto& scene : scenes_) {
        if (scene.name == name) return recall(scene, seconds);
        names.push_back(scene.name);
    }
    return "there is no scene \"" + std::string(name) + "\"; " +
           instead_of(name, names, "the patch has none, and /legume/scene-store makes one");
}

std::string Scenes::by_argument(const CommandArguments& arguments) {
    std::string wrong;
    const auto seconds = seconds_of(arguments, 1, wrong);
    if (!wrong.empty()) return wrong;
    if (arguments.empty()) return "/legume/scene wants a scene's name, or its place counted from 1";
    if (const auto* name = std::get_if<std::string>(&arguments[0])) return recall(*name, seconds);
    const double place = std::get<double>(arguments[0]);
    if (!(place >= 1 && place < static_cast<double>(scenes_.size()) + 1))
        return "there are " + std::to_string(scenes_.size()) + " scenes; send a name, or a place counted from 1";
    return recall(scenes_[static_cast<std::size_t>(place) - 1], seconds);
}

std::string Scenes::step(int by, const CommandArguments& arguments) {
    std::string wrong;
    const auto seconds = seconds_of(arguments, 0, wrong);
    if (!wrong.empty()) return wrong;
    if (scenes_.empty()) return "the patch has no scenes; /legume/scene-store makes one";
    const auto count = static_cast<int>(scenes_.size());
    const auto found =
        std::find_if(scenes_.begin(), scenes_.end(), [&](const Scene& scene) { return scene.name == current_; });
    const int at = found != scenes_.end() ? static_cast<int>(found - scenes_.begin()) : by > 0 ? -1 : 0;
    return recall(scenes_[static_cast<std::size_t>((at + by + count) % count)], seconds);
}

void Scenes::take(const MidiEvent& event) {
    if (event.kind != MidiEvent::Kind::program) return;
    for (const auto& scene : scenes_)
        if (scene.program == event.number) {
            recall(scene, {});
            return;
        }
}

std::vector<Endpoint> Scenes::stored_params(const std::string& name) const {
    std::vector<Endpoint> params;
    const auto take = [&](const Scene& scene) {
        for (const auto& value : scene.values)
            if (std::find(params.begin(), params.end(), value.first) == params.end()) params.push_back(value.first);
    };
    for (const auto& scene : scenes_)
        if (scene.name == name) take(scene);
    if (params.empty())
        for (const auto& scene : scenes_) take(scene);
    if (!params.empty()) return params;
    for (const auto& target : controls_.targets()) {
        auto end = end_of(target.name);
        if (target.param() && !scenes_of(target.member->owner) && !builtin_node(end.node))
            params.push_back(std::move(end));
    }
    return params;
}

std::string Scenes::store(std::string_view name) {
    Scene stored;
    stored.name = name;
    stored.stored = true;
    if (!valid_path(name))
        return "\"" + stored.name + "\" is no name for a scene; begin with a letter and use only a-z, 0-9, _ and -";
    for (const auto& scene : scenes_)
        if (scene.name == name) {
            stored.over = scene.over;
            stored.program = scene.program;
        }
    for (auto& to : stored_params(stored.name)) {
        const auto* target = controls_.find(to);
        if (!target || !target->param()) continue;
        Value value;
        value.text = target->param()->range.print(target->param()->own());
        stored.values.emplace_back(std::move(to), std::move(value));
    }
    auto scenes = scenes_;
    store_scene(scenes, std::move(stored));
    const auto file = stored_scenes_file(controls_.runner().patch().file);
    if (const auto error = samplernn::write_atomically(file, write_stored_scenes(scenes)))
        return file.string() + " cannot be written: " + error.message() + "; the scene is not stored";
    scenes_ = std::move(scenes);
    say_("Stored the scene " + std::string(name) + " in " + file.string());
    return {};
}

}  // namespace legume
