// Remembered states: recalled to the byte, in the next show too; morphed, held, and gone on from after a crash.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "graph/abilities.h"
#include "graph/base/denormals.h"
#include "nodes/samplernn/play/gestures.h"
#include "tests/harness.h"
#include "tests/nodes/samplernn/waves.h"

using namespace legume;
using namespace legume::test;
using namespace legume::samplernn;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;
constexpr double rate = 8'000;  // the networks' own, so that their samples are heard one for one

// A network in a show: live, and with a folder for its states.
class Show {
  public:
    explicit Show(const Folder& folder, Settings settings = {}, bool live = true, std::string kept = "") {
        settings.emplace_back("model", (folder / "net.safetensors").string());
        settings.emplace_back("ahead", "8 ms");  // a block
        for (const auto& [name, value] : settings)
            if (name == "voices") voices_ = std::stoul(value);
        auto compiled = compile(
            check(make_patch({{"net", "samplernn", settings}, {"tap", "tap", {}}}, {"net -> tap"}), test_types()),
            {rate, 1, store_, [this](const std::string&, const std::string& line) { told += line + "\n"; }, live,
             folder / "show.states"});
        REQUIRE(compiled.schedule);
        schedule_ = std::move(compiled.schedule);
        if (!kept.empty()) resumed = as<HasState>(net())->load_state(kept);
        out_.channels = max_channels;
        for (std::size_t c = 0; c < max_channels; ++c) out_.data[c] = block_[c];
    }
    ~Show() { schedule_.reset(); }
    Channels run_all(int blocks) {
        const NoDenormals no_denormals;
        Channels all(voices_);
        for (int n = 0; n < blocks; ++n) {
            control_.apply(frame_);
            schedule_->process(frame_, {}, Signal{}, out_);
            frame_ += block_frames;
            for (std::size_t c = 0; c < all.size(); ++c)
                all[c].insert(all[c].end(), block_[c], block_[c] + block_frames);
            for (auto* work : schedule_->works())
                while (work->run()) {
                }
        }
        return all;
    }
    Samples run(int blocks) { return run_all(blocks)[0]; }
    Node& net() { return *schedule_->find("net"); }
    void fire(const char* trigger) { control_.post(*static_cast<Trigger*>(net().find(trigger))); }
    void set(const char* param, float value) {
        control_.post(*static_cast<Param*>(net().find(param)), param, value, "test " + std::to_string(++posts_));
    }
    std::string told;
    bool resumed = false;

  private:
    Store store_;
    ControlQueue control_;
    std::unique_ptr<Schedule> schedule_;
    float block_[max_channels][block_frames] = {};
    Signal out_;
    std::uint64_t frame_ = 0, posts_ = 0;
    std::size_t voices_ = 1;
};

struct Stage {
    explicit Stage(const Checkpoint& checkpoint = network_of(config_at(rate))) { put(checkpoint); }
    void put(const Checkpoint& checkpoint) { write_checkpoint(folder / "net.safetensors", checkpoint, Storage::f32); }
    std::filesystem::path state(int slot) const {
        return folder / "show.states" / "net" / ("slot-" + std::to_string(slot) + ".state");
    }
    Folder folder;
};

// After the block of `ahead`, and when the step at the cut has died away.
bool same(const Samples& a, const Samples& b, std::size_t count = 3'000) {
    return part(a, 64 + 400, count) == part(b, 64 + 400, count);
}

}  // namespace

TEST_CASE("recall plays what came when it was remembered, to the byte, as often as one likes") {
    for (const char* voices : {"1", "3"}) {
        const Stage stage;
        Show show(stage.folder, {{"voices", voices}});
        show.run(40);
        show.fire("remember");
        const Channels then = show.run_all(80);
        for (int again = 0; again < 3; ++again) {
            if (again == 2) show.fire("reseed");  // recall brings its dice with it
            show.run(13);
            show.fire("recall");
            const Channels now = show.run_all(80);
            for (std::size_t v = 0; v < now.size(); ++v) CHECK(same(now[v], then[v]));
        }
        CHECK(show.told.find("slot") == std::string::npos);
    }
}

TEST_CASE("recall has no click") {
    const Stage stage(sine_network());
    Show show(stage.folder, {{"temperature", "0"}});
    const double step = largest_step(show.run(100));
    show.fire("remember");
    for (int i = 0; i < 10; ++i) {
        show.run(7 + i);
        show.fire("recall");
        CHECK(largest_step(show.run(10)) < 2 * step);
    }
}

TEST_CASE("eight slots remember apart, and the next show has them all") {
    const Stage stage;
    std::vector<Samples> then;
    {
        Show show(stage.folder);
        for (int slot = 1; slot <= 8; ++slot) {
            show.set("slot", static_cast<float>(slot));
            show.run(10);
            show.fire("remember");
            then.push_back(show.run(80));
        }
    }
    for (int slot = 1; slot <= 8; ++slot) CHECK(std::filesystem::exists(stage.state(slot)));
    Show next(stage.folder, {{"seed", "5"}});
    for (int slot = 8; slot >= 1; --slot) {
        next.set("slot", static_cast<float>(slot));
        next.run(10);
        next.fire("recall");
        CHECK(same(next.run(80), then[static_cast<std::size_t>(slot - 1)]));
    }
}

TEST_CASE("a render reads what a show remembered and writes nothing") {
    const Stage stage;
    Samples then;
    {
        Show render(stage.folder, {}, false);
        render.run(10);
        render.fire("remember");
        render.run(10);
    }
    CHECK(!std::filesystem::exists(stage.folder / "show.states"));
    {
        Show show(stage.folder);
        show.run(10);
        show.fire("remember");
        then = show.run(80);
    }
    Show render(stage.folder, {{"seed", "2"}}, false);
    render.run(20);
    render.fire("recall");
    CHECK(same(render.run(80), then));
}

TEST_CASE("an empty slot is said, and it plays on") {
    const Stage stage;
    Show show(stage.folder), straight(stage.folder);
    show.set("slot", 3);
    show.run(10);
    straight.run(10);
    show.fire("recall");
    CHECK(show.run(80) == straight.run(80));
    CHECK(show.told.find("slot 3 is empty") != std::string::npos);
}

TEST_CASE("states of another network, or damaged ones, are refused plainly, and it plays on") {
    Stage stage;
    {
        Show show(stage.folder);
        show.run(10);
        show.fire("remember");
        show.run(10);
        show.set("slot", 2);
        show.fire("remember");
        show.run(10);
    }
    std::filesystem::resize_file(stage.state(2), 200);
    std::ofstream(stage.state(3)) << "nonsense";
    Config wider = config_at(rate);
    wider.dim = 32;
    stage.put(network_of(wider));
    Show show(stage.folder);
    INFO(show.told);
    CHECK(show.told.find("slot-1.state is of another network: dim = 16 there, dim = 32 here; slot 1 is empty") !=
          std::string::npos);
    CHECK(show.told.find("slot-2.state is cut short or damaged") != std::string::npos);
    CHECK(show.told.find("slot-3.state is no state") != std::string::npos);
    Show straight(stage.folder);
    show.run(10);
    straight.run(10);
    show.fire("recall");
    CHECK(show.run(80) == straight.run(80));
    show.fire("remember");  // and the slot is taken
    const Samples then = show.run(80);
    show.fire("recall");
    CHECK(same(show.run(80), then));
}

TEST_CASE("a folder that cannot be written is said, and the slot works until the end") {
    const Stage stage;
    std::ofstream(stage.folder / "show.states") << "a file where the folder should be";
    Show show(stage.folder);
    show.run(10);
    show.fire("remember");
    const Samples then = show.run(80);
    CHECK(show.told.find("cannot be written") != std::string::npos);
    show.fire("recall");
    CHECK(same(show.run(80), then));
}

TEST_CASE("morph goes from one remembered state to another") {
    const Stage stage;
    Show show(stage.folder);
    show.run(10);
    show.fire("remember");
    const Samples one = show.run(80);
    show.set("slot", 2);
    show.fire("remember");
    const Samples two = show.run(80);
    show.set("slot", 1);
    show.set("other_slot", 2);
    const auto at = [&](float morph) {
        show.set("morph", morph);
        show.run(30);
        show.fire("recall");
        return show.run(80);
    };
    CHECK(same(at(0), one));
    CHECK(same(at(1), two));
    const Samples between = at(0.4f);
    CHECK(!same(between, one));
    CHECK(!same(between, two));
    CHECK(same(at(0.4f), between));
}

TEST_CASE("held, it goes round from the moment at hand, while chance goes on") {
    const Stage stage;
    const auto held = [&](const char* temperature) {
        Show show(stage.folder, {{"temperature", temperature}, {"hold_time", "0.1 s"}});  // 800 samples
        show.run(40);
        show.set("hold", 1);
        show.run(20);
        return show.run(125);
    };
    const Samples still = held("0");
    for (std::size_t i = 0; i + 800 < still.size(); ++i)
        if (i % 800 != 0) REQUIRE(std::abs(still[i] - still[i + 800]) < 1e-3f);
    const Samples breathing = held("1");
    CHECK(part(breathing, 0, 800) != part(breathing, 800, 800));
    CHECK(held("1") == breathing);
}

TEST_CASE("let go, it plays on; never held, hold's time changes nothing") {
    const Stage stage(sine_network());
    Show show(stage.folder, {{"temperature", "0"}, {"hold_time", "20 ms"}});
    const double step = largest_step(show.run(100));
    show.set("hold", 1);
    CHECK(largest_step(show.run(100)) < 2 * step);
    show.set("hold", 0);
    const Samples after = show.run(100);
    CHECK(largest_step(after) < 2 * step);
    CHECK(peak(part(after, 640, 3'200)) > 0.6);
    CHECK(rms(part(after, 640, 3'200)) < 0.9 * peak(part(after, 640, 3'200)));
    Show plain(stage.folder, {{"temperature", "1"}}), other(stage.folder, {{"hold_time", "1 s"}, {"morph", "0.5"}});
    CHECK(plain.run(60) == other.run(60));
}

TEST_CASE("while a recalled state is held, morph is heard at the next return") {
    const Stage stage(network_of(config_at(rate), 1, 4));  // lively without chance too
    Show show(stage.folder, {{"hold_time", "0.1 s"}});
    show.run(30);
    show.fire("remember");
    show.run(30);
    show.set("slot", 2);
    show.run(30);
    show.fire("remember");
    show.run(10);
    show.set("temperature", 0);
    show.set("slot", 1);
    show.set("hold", 1);
    show.run(10);
    show.fire("recall");
    const Samples one = part(show.run(60), 1'600, 1'600);
    show.set("morph", 1);
    show.run(35);
    const Samples two = show.run(60);
    double nearest = 1e9;  // of any shift
    for (std::size_t shift = 0; shift < 800; ++shift) {
        double sum = 0;
        for (std::size_t i = 0; i < 700; ++i) sum += std::abs(static_cast<double>(two[i + 800 + shift] - one[i]));
        nearest = std::min(nearest, sum / 700);
    }
    CHECK(largest_step(one) > 0.01);
    CHECK(nearest > 0.01);
}

TEST_CASE("after a crash it goes on from where it was: the same samples") {
    const Stage stage;
    for (const char* voices : {"1", "2"}) {
        std::string kept;
        Channels after;
        GeneratorState moment;
        std::uint64_t drawn_at_end = 0;
        {
            Show show(stage.folder, {{"voices", voices}});
            show.run(20);
            show.fire("reseed");
            show.run(77);
            kept = as<HasState>(show.net())->save_state();
            REQUIRE(!kept.empty());
            const Config config = read_config(stage.folder / "net.safetensors");
            moment = from_bytes(kept, owner_of({&config, 1}, std::stoi(voices)));
            drawn_at_end = 97 * 64 + 64;  // it is a block ahead
            after = show.run_all(100);
        }
        REQUIRE(moment.drawn <= drawn_at_end);
        REQUIRE(moment.drawn + 640 >= drawn_at_end);  // not older than 50 ms, and what that is in blocks
        Show again(stage.folder, {{"voices", voices}, {"seed", "9"}}, true, kept);
        CHECK(again.resumed);
        const Channels now = again.run_all(100);
        // Of what is still to be heard after block 97 it has some already, or not.
        const auto heard = std::size_t{97 * 64}, kept_at = static_cast<std::size_t>(moment.drawn);
        const auto from = std::max(heard, kept_at);
        for (std::size_t v = 0; v < now.size(); ++v)
            CHECK(part(now[v], from - kept_at, 5'000) == part(after[v], from - heard, 5'000));
    }
}

TEST_CASE("what is not its own to go on from is refused, and it begins afresh") {
    Stage stage;
    std::string kept;
    {
        Show show(stage.folder);
        show.run(50);
        kept = as<HasState>(show.net())->save_state();
    }
    const Samples fresh = Show(stage.folder).run(50);
    for (const auto& bytes : {std::string("nonsense"), kept.substr(0, kept.size() / 2)}) {
        Show show(stage.folder, {}, true, bytes);
        CHECK(!show.resumed);
        CHECK(show.run(50) == fresh);
    }
    Config wider = config_at(rate);
    wider.dim = 32;
    stage.put(network_of(wider));
    Show other(stage.folder, {}, true, kept);
    CHECK(!other.resumed);
    CHECK(rms(other.run(50)) > 0.01);
}

TEST_CASE("energy is in what moves, and leaves what stands still") {
    const Stage stage;
    Show show(stage.folder);
    show.run(100);
    const auto meter = [&](const char* name) { return static_cast<Meter*>(show.net().find(name))->value(); };
    CHECK(meter("slow_energy") > 0.01f);
    CHECK(meter("fast_energy") > 0.01f);
    CHECK(meter("surprise") > 0.1f);
    show.set("slow_freeze", 1);
    show.run(200);
    CHECK(meter("slow_energy") < 0.001f);
    CHECK(meter("fast_energy") > 0.01f);
}
