// Loading and checking, for all commands alike.
// SPDX-License-Identifier: MIT
#include "host/session/open.h"

#include <algorithm>
#include <utility>

#include "graph/abilities.h"
#include "host/pack/unpack.h"
#include "host/patch/learned.h"
#include "host/patch/reader.h"
#include "host/patch/yaml.h"
#include "host/system/command.h"
#include "host/system/peer.h"
#include "nodes/registry.h"

namespace legume {

namespace {

// What a node sends by OSC has an address to go to; nodes know of no network.
void check_osc_out(Checked& checked) {
    for (std::size_t i = 0; i < checked.nodes.size(); ++i) {
        const auto* sender = as<SendsOsc>(*checked.nodes[i]);
        if (!sender) continue;
        const auto& out = sender->osc_out();
        const auto& text = checked.patch.nodes[i];
        const auto wrong = [&](const TextOption& option, const std::string& why) {
            const auto* setting = text.find(option.name);
            checked.problems.push_back(
                {setting ? setting->value.place : text.place, option.name + ": \"" + option.value() + "\" is " + why});
        };
        if (!parse_peer(out.to.value())) wrong(out.to, "no address and port; write one such as 127.0.0.1:9001");
        if (const auto& address = out.address.value(); !address.empty() && !valid_address(address))
            wrong(out.address, "no OSC address; write one such as /td/mix");
    }
}

// What was learned of a controller stays when the patch goes on: a line of it that fits no longer is left out and said.
void leave_out_learned(Checked& checked) {
    const auto file = controls_file(checked.patch.file).string();
    const auto begins_before = [](const Place& place, const Binding& binding) {
        return std::pair(place.line, place.column) < std::pair(binding.place.line, binding.place.column);
    };
    auto& bindings = checked.patch.bindings;
    const auto first =
        std::find_if(bindings.begin(), bindings.end(), [&](const Binding& b) { return b.place.file == file; });
    std::vector<bool> wrong(bindings.size());
    const auto said = std::stable_partition(checked.problems.begin(), checked.problems.end(), [&](const Problem& p) {
        const auto after = std::upper_bound(first, bindings.end(), p.place, begins_before);
        if (p.place.file != file || after == first) return true;
        wrong[static_cast<std::size_t>(after - bindings.begin()) - 1] = true;
        return false;
    });
    for (auto at = said; at != checked.problems.end(); ++at)
        checked.notices.push_back({at->place, "left out: " + at->message});
    checked.problems.erase(said, checked.problems.end());
    for (auto i = bindings.size(); i-- > 0;)
        if (wrong[i]) bindings.erase(bindings.begin() + static_cast<std::ptrdiff_t>(i));
}

Checked checked_of(LoadedPatch loaded, const std::function<void(Patch&)>& edit) {
    if (!loaded.readable) {
        Checked checked;
        checked.patch = std::move(loaded.patch);
        checked.problems = std::move(loaded.problems);
        return checked;
    }
    if (edit) edit(loaded.patch);
    auto checked = check(std::move(loaded.patch), node_types());
    check_osc_out(checked);
    leave_out_learned(checked);
    checked.problems.insert(checked.problems.end(), loaded.problems.begin(), loaded.problems.end());
    tidy(checked.problems);
    return checked;
}

}  // namespace

Checked open_patch(const std::filesystem::path& file, const std::function<void(Patch&)>& edit, const Texts* kept) {
    if (is_pack(file)) {
        try {
            return open_patch(unpack(file), edit, kept);
        } catch (const CommandError& refused) {
            Checked checked;
            checked.problems.push_back({{file.string(), 0, 0}, refused.what()});
            return checked;
        }
    }
    auto loaded = load_patch(file, kept);
    if (loaded.readable) load_learned(file, loaded.patch, loaded.problems, kept);
    return checked_of(std::move(loaded), edit);
}
Checked open_patch_text(const std::string& text, const std::string& name) {
    return checked_of(load_patch_text(text, name), {});
}

int device_inputs(const Checked& checked) {
    int most = 0;
    for (const auto& node : checked.nodes) most = std::max(most, node->device_inputs());
    return most;
}

int device_outputs(const Checked& checked) {
    int most = 1;
    for (const auto& node : checked.nodes) most = std::max(most, node->device_outputs());
    return most;
}

}  // namespace legume
