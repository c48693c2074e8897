// Plays the takes of a training run one after the other: through its ages, at random, or as a knob says.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <deque>
#include <optional>

#include "graph/reads.h"
#include "nodes/dsp/random.h"
#include "nodes/members/law.h"
#include "nodes/members/level.h"
#include "nodes/samplernn/takes/picks.h"
#include "nodes/sound/stream_head.h"

namespace legume {
namespace {

struct TakeHead : StreamHead {
    std::size_t take = 0;
};

// Goes on at the beginnings of blocks alone: a fade between takes is no matter of single frames. A take that the disk
// has not brought yet is waited for, and the one at hand plays on meanwhile, from its beginning if it must.
struct Takes final : Node, Reads {
    FileOption run{this, "run", Required{}, "The folder of a training run, or one of takes."};
    FlagOption stars{this, "stars", false, "Only the takes that were starred; those that were dropped never play."};
    ChoiceOption order{this,
                       "order",
                       {"older", "younger", "age", "random", "walk"},
                       "What follows when a take ends: an older or a younger one, another of the same age, any, or one "
                       "that is at most stride takes away."};
    Law law{this};
    FlagOption autostart{this, "autostart", true, "Plays from the first moment on, without waiting for start."};
    Param age{this,
              "age",
              {.min = 0, .max = 1, .initial = 0, .glide_seconds = 0},
              "Moves to the takes of that age: 0 is the training's beginning, 1 its end."};
    Param stride{this,
                 "stride",
                 {.min = 1, .max = 100, .initial = 3, .unit = Unit::count},
                 "How many takes a walk goes at the most, younger or older."};
    Param hold{this, "hold", {.initial = 0, .unit = Unit::flag}, "The take at hand goes round and round."};
    Param speed{this,
                "speed",
                {.min = 0.25f, .max = 4, .initial = 1, .curve = Curve::log},
                "How fast takes play: 2 is an octave up, 0.5 one down."};
    Param crossfade{this,
                    "crossfade",
                    {.min = 0.005f, .max = 10, .initial = 0.2f, .unit = Unit::seconds, .curve = Curve::log},
                    "How long a take fades into the next."};
    Param gain{this, "gain", gain_range, "How loud it is."};
    Trigger next{this, "next", "Fades over to the take that follows."};
    Trigger previous{this, "previous", "Goes back to the take that was heard before."};
    Trigger start{this, "start", "Plays from the age that is set."};
    Trigger stop{this, "stop", "Fades to silence."};
    Out out{this, "out", "The takes."};
    Meter take{this, "take", Unit::count, "Which take plays; 1 is the youngest."};
    Meter step{this, "step", Unit::count, "The update of the training at which it was made."};
    Meter late{this, "late", Unit::count, "How often the disk was too slow and the sound was faded over."};
    Work reader{this, "reader", Work::Pool::io, [this] { return pages->fill(); }, "Reads ahead from the disk."};
    TimingDecision missing{this, "missing", "How much of what it will need the disk had not given yet."};
    TimingDecision unread{this, "unread", "What the disk could not give."};

    static constexpr std::size_t most_history = 256;
    static constexpr double hasty_seconds = 0.05;  // of the rise that the next one waits for

    std::unique_ptr<SoundPages> pages;
    std::deque<SoundStream> sounds;  // the youngest first
    std::vector<std::int64_t> steps;
    const dsp::Sinc* sinc = nullptr;
    dsp::Sinc::Taps taps;
    std::array<TakeHead, 8> heads;  // one leads, the others are leaving
    std::size_t lead = 0;
    bool playing = false, fresh = true;
    std::optional<std::size_t> wish;                // waits for the disk
    bool goes_back = false;                         // the wish is for what was before
    std::size_t follows = 0;                        // drawn when a take begins, so that it can be read ahead
    std::array<std::size_t, most_history> history;  // what was heard, the newest last
    std::size_t heard = 0, aimed = 0;               // how many it holds; the take that age points at
    std::uint64_t seed = 0, drawn = 0;

    // The takes, and the channels of the widest; a run that is wrong has none.
    struct Found {
        std::vector<RunTake> takes;
        int channels = 1;
        std::string fault;
    };
    mutable std::optional<Found> found;
    const Found& look() const {
        if (found) return *found;
        found = Found{};
        try {
            found->takes = read_takes_of(run.path());
            if (stars.value()) {
                auto& all = found->takes;
                all.erase(std::remove_if(all.begin(), all.end(), [](const RunTake& one) { return !one.star; }),
                          all.end());
                if (all.empty()) read_stars(run.path()), throw RunError(run.path().string() + ": its stars are gone");
            }
        } catch (const RunError& error) {
            found->fault = error.what();
        }
        for (const auto& one : found->takes) {
            try {
                found->channels = std::max(found->channels, read_sound_header(one.file).channels);
            } catch (const SoundError&) {  // prepare says so
            }
        }
        return *found;
    }
    int channels_of(const Out&, int) const override { return look().channels; }
    std::vector<std::filesystem::path> reads(const Option&) const override {
        auto files = picks_of(run.path());
        for (const auto& one : look().takes) files.push_back(one.file);
        return files;
    }
    void check(const Checking& checking) const override {
        if (!run.path().empty() && !look().fault.empty()) checking.problem(run, look().fault);
    }
    void prepare(const Prepare& p) override {
        if (!look().fault.empty()) throw PrepareError("run", look().fault);
        pages = std::make_unique<SoundPages>(p.tell);
        std::string fault;
        for (const auto& one : look().takes) {
            sounds.emplace_back();
            try {
                sounds.back().open(one.file, *pages);
                steps.push_back(one.step);
            } catch (const SoundError& error) {
                sounds.pop_back();
                p.tell(fault = one.file.string() + " " + error.what() + "; it is left out");
            }
        }
        if (sounds.empty())
            throw PrepareError("run", run.path().string() + " has no take that can be played: " + fault);
        seed = p.seed;
        sinc = &dsp::Sinc::table();
        pages->begin(missing, unread);
        aimed = nearest(static_cast<double>(age.own()));
        want_beginning(aimed, p.rate);
        while (pages->fill()) {
        }
    }

    // As a share of the training; takes that do not know their step are of ages as their names have it.
    double age_of(std::size_t t) const noexcept RT_SAFE {
        return steps.back() > 0
                   ? static_cast<double>(steps[t]) / static_cast<double>(steps.back())
                   : static_cast<double>(t) / static_cast<double>(std::max<std::size_t>(steps.size() - 1, 1));
    }
    std::size_t nearest(double goal) const noexcept RT_SAFE {
        std::size_t best = 0;
        const auto far = [&](std::size_t t) { return age_of(t) < goal ? goal - age_of(t) : age_of(t) - goal; };
        for (std::size_t t = 1; t < steps.size(); ++t)
            if (far(t) < far(best)) best = t;
        return best;
    }
    double draw() noexcept RT_SAFE { return dsp::random_uniform(seed, 0, drawn++); }
    std::size_t draw_one(std::size_t among) noexcept RT_SAFE {
        return std::min(static_cast<std::size_t>(draw() * static_cast<double>(among)), among - 1);
    }
    std::size_t after(std::size_t t, int far) noexcept RT_SAFE {
        const std::size_t count = steps.size();
        if (count == 1) return t;
        switch (order.at()) {
            case 0: return (t + 1) % count;
            case 1: return (t + count - 1) % count;
            case 2:
                if (t + 1 < count && steps[t + 1] == steps[t]) return t + 1;
                while (t > 0 && steps[t - 1] == steps[t]) --t;
                return t;
            case 3: return (t + 1 + draw_one(count - 1)) % count;
            default: break;
        }
        const auto reach = static_cast<std::int64_t>(far), last = static_cast<std::int64_t>(count) - 1;
        auto by = static_cast<std::int64_t>(draw_one(static_cast<std::size_t>(2 * reach))) - reach;
        if (by >= 0) ++by;
        auto to = static_cast<std::int64_t>(t) + by;
        if (to < 0 || to > last) to = static_cast<std::int64_t>(t) - by;  // turns round at the ends
        return static_cast<std::size_t>(std::clamp<std::int64_t>(to, 0, last));
    }
    std::optional<std::size_t> before() const noexcept RT_SAFE {
        if (heard == 0) return std::nullopt;
        return history[heard - 1];
    }

    double ratio(std::size_t t, double rate) const noexcept RT_SAFE { return sounds[t].header().rate / rate; }
    void want_beginning(std::size_t t, double rate) noexcept RT_SAFE {
        const double ahead = std::max(rate * ratio(t, rate), 2.0 * SoundStream::page_frames);
        sounds[t].want(0, std::min(ahead, double{SoundStream::most_ahead}));
    }
    void ask(double pace, double rate) noexcept RT_SAFE {
        for (const auto& head : heads)
            if (head.on) head.want();
        const auto& leader = heads[lead];
        if (playing)
            sounds[leader.take].want(
                leader.at, leader.at + std::clamp(2 * pace * rate * ratio(leader.take, rate),
                                                  2.0 * SoundStream::page_frames, double{SoundStream::most_ahead}));
        if (wish) want_beginning(*wish, rate);
        if (playing) want_beginning(follows, rate);
        if (playing) want_beginning(leader.take, rate);
        if (const auto back = before()) want_beginning(*back, rate);
        want_beginning(aimed, rate);
    }
    // Whether a take's first frames are here.
    bool begins(std::size_t t, double pace, double rate) const noexcept RT_SAFE {
        return StreamHead::ready(sounds[t], 0, pace * ratio(t, rate), rate);
    }
    bool set_off(std::size_t t, const Block& b, double pace, double fade) noexcept RT_SAFE {
        if (!begins(t, pace, b.rate())) return false;
        TakeHead* const head = spare(heads, playing ? &heads[lead] : nullptr, b.rate());
        if (!head) return false;
        // No longer than half of either take, so that every take is heard by itself too.
        const double step_now = pace * ratio(t, b.rate());
        fade = std::min(fade, 0.5 * sounds[t].length() / step_now);
        if (playing) heads[lead].leave(std::min(fade, std::max(left(b.rate(), pace), 1.0)));
        head->begin(sounds[t], 0, fade);
        head->take = t;
        lead = static_cast<std::size_t>(head - heads.data());
        playing = true;
        return true;
    }
    // Graph frames until the leading take ends.
    double left(double rate, double pace) const noexcept RT_SAFE {
        const auto& head = heads[lead];
        return (head.sound->length() - head.at) / (pace * ratio(head.take, rate));
    }
    void decide(const Block& b, double pace) noexcept RT_SAFE {
        const double rate = b.rate(), fade = static_cast<double>(crossfade.value(b)) * rate;
        const int far = static_cast<int>(stride.value(b));
        const std::size_t aim = nearest(static_cast<double>(age.value(b)));
        if (start.fired(b) || (fresh && autostart.value())) {
            for (auto& sound : sounds) sound.mend();
            wish = aim;
            goes_back = false;
        }
        fresh = false;
        if (aim != aimed && playing) {
            wish = aim;
            goes_back = false;
        }
        aimed = aim;
        if (next.fired(b) && playing) {
            wish = wish ? after(*wish, far) : follows;
            goes_back = false;
        }
        if (previous.fired(b) && playing) {
            goes_back = heard > 0;
            wish = goes_back ? before() : (heads[lead].take + steps.size() - 1) % steps.size();
        }
        if (stop.fired(b)) {
            if (playing) heads[lead].leave(fade);
            playing = false;
            wish.reset();
        }
        if (playing && !wish && sounds[heads[lead].take].broken() && !heads[lead].here) wish = follows;
        for (std::size_t tries = 0; wish && sounds[*wish].broken(); ++tries) {  // what cannot be read is passed over
            if (tries == steps.size()) return wish.reset();
            goes_back = false;
            wish = order.at() == 2 ? (*wish + 1) % steps.size() : after(*wish, far);
        }
        const double over =
            playing ? std::min(fade, 0.5 * heads[lead].sound->length() / (pace * ratio(heads[lead].take, rate))) : fade;
        if (!wish && playing && hold.value(b) < 0.5f && left(rate, pace) - block_frames <= over) wish = follows;
        // A hand that never rests does not cut a take off before it is heard.
        const bool rising = wish && playing && heads[lead].level < 0.5f && !heads[lead].leaving();
        if (rising) heads[lead].slope = std::max(heads[lead].slope, static_cast<float>(1 / (hasty_seconds * rate)));
        if (wish && !rising) {
            const std::size_t was = heads[lead].take;
            const bool was_playing = playing;
            if (set_off(*wish, b, pace, fade)) {
                if (goes_back)
                    --heard;
                else if (was_playing)
                    remember(was);
                goes_back = false;
                follows = after(*wish, far);
                wish.reset();
                return;
            }
        }
        // Goes round until what comes next is there.
        if (playing && left(rate, pace) - block_frames <= (wish ? StreamHead::hurried_seconds * rate : over))
            set_off(heads[lead].take, b, pace, wish ? StreamHead::hurried_seconds * rate : fade);
    }
    void remember(std::size_t t) noexcept RT_SAFE {
        if (heard == most_history) {
            std::copy(history.begin() + 1, history.end(), history.begin());
            --heard;
        }
        history[heard++] = t;
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const Ramp pace = speed.ramp(b);
        const double rate = b.rate(), now = static_cast<double>(pace.to);
        pages->begin(missing, unread);
        for (auto& head : heads)
            if (head.on) head.look(head.ready(now * ratio(head.take, rate), rate));
        decide(b, now);
        ask(now, rate);
        const float cover_step = static_cast<float>(1 / (StreamHead::hurried_seconds * rate));
        const int channels = out.channels(b);
        for (int i = 0; i < block_frames; ++i) {
            std::array<float, max_channels> sum{};
            for (auto& head : heads) {
                if (!head.on) continue;
                const double step_now = static_cast<double>(pace[i]) * ratio(head.take, rate);
                std::array<float, max_channels> frame{};
                head.add(step_now, law.share(head.level), *sinc, taps, frame);
                spread(frame, head.sound->header().channels, channels);
                for (int c = 0; c < channels; ++c)
                    sum[static_cast<std::size_t>(c)] += frame[static_cast<std::size_t>(c)];
                head.advance(step_now, cover_step);
            }
            for (int c = 0; c < channels; ++c)
                out.write(b, c)[static_cast<std::size_t>(i)] = sum[static_cast<std::size_t>(c)];
        }
        amplify(b, out, gain);
        take.set(playing ? static_cast<float>(heads[lead].take + 1) : 0.0f);
        step.set(playing ? static_cast<float>(steps[heads[lead].take]) : 0.0f);
        late.set(static_cast<float>(pages->misses()));
    }
    void reset() noexcept RT_SAFE override {
        heads.fill({});
        playing = goes_back = false;
        fresh = true;
        wish.reset();
        heard = 0;
        drawn = 0;
        for (auto& sound : sounds) sound.mend();
    }
};

}  // namespace

extern const NodeType takes_node{"takes", "Plays the takes of a training run, through its ages.", make_node<Takes>};

}  // namespace legume
