// Follows MIDI clock by small changes of tempo, and by a jump only where more than a sixteenth is missing.
// SPDX-License-Identifier: MIT
#include "host/control/transport_control.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace legume {
namespace {

constexpr const char* clock_source = "midi clock";
constexpr int ticks_a_look = 6;
constexpr double sixteenth = 0.25;      // beats
constexpr double close_enough = 0.002;  // beats: a millisecond at 120
constexpr double most_bend = 0.05;      // of the tempo, to catch up
constexpr double settling = 0.1;        // seconds: by then any device has played a jump, and said so
constexpr double same_tempo = 2e-4;     // of the tempo: not worth a change

}  // namespace

std::string print_time(const TransportTime& time) {
    if (!time.running) return "halted";
    const double beat = time.beat + 1e-6;  // a sum of blocks falls a hair short of a whole beat
    const double bar = std::floor(beat / time.bar_beats);
    return print_number(bar + 1) + "." + print_number(std::floor(beat - bar * time.bar_beats) + 1) + " at " +
           tempo_range.print(std::round(static_cast<float>(time.tempo) * 10) / 10);
}

double TransportControl::steady_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

TransportControl::TransportControl(Controls& controls, Commands& commands, Say say)
    : TransportControl(controls, commands, std::move(say), steady_seconds,
                       [&controls] { return controls.runner().moment(); }) {}

TransportControl::TransportControl(Controls& controls, Commands& commands, Say say, Now now, Look look)
    : Follower(controls), say_(std::move(say)), now_(std::move(now)), look_(std::move(look)) {
    // Whoever taps, it is the moment at which it came here that counts, and not the block's.
    controls_.on_change([this](const Target& target, float, std::string_view) {
        if (target.name != "transport/tap") return;
        const auto tempo = tap_.tap(now_());
        if (!tempo) return;
        controls_.runner().control().forget("tap");
        if (const auto* found = controls_.find("transport/tempo"))
            controls_.move(*found, static_cast<float>(*tempo), "tap");
    });
    commands.add({"tap", "Sets the tempo by hand: two taps or more, a beat apart.", true,
                  [this](const CommandArguments&) -> std::string {
                      if (const auto* found = controls_.find("transport/tap")) controls_.fire(*found, "/legume/tap");
                      return "";
                  }});
    commands.add({"locate", "Goes to a beat of the piece; the first is 0.", false,
                  [this](const CommandArguments& arguments) { return locate(arguments); }});
    bind(false);
}

std::string TransportControl::locate(const CommandArguments& arguments) {
    const auto* beat = arguments.size() == 1 ? std::get_if<double>(&arguments[0]) : nullptr;
    const auto& range = controls_.runner().transport().position.range;
    if (!beat || !(*beat >= range.min && *beat <= range.max)) return "/legume/locate wants a beat, " + range.limits();
    constexpr const char* source = "/legume/locate";
    controls_.runner().control().forget(source);  // the piece has gone on since: the same beat is another place
    if (const auto* found = controls_.find("transport/position"))
        controls_.move(*found, static_cast<float>(*beat), source);
    return "";
}

void TransportControl::bind(bool) {
    const auto& setting = controls_.runner().patch().clock;
    if (setting.midi && !setting_.midi && say_) say_("The transport follows MIDI clock, once one comes.");
    if (!(setting.midi == setting_.midi && setting.port == setting_.port)) {
        clock_ = {};
        port_.clear();
        lost_ = true;
        begins_ = false;
    }
    const bool other_out = setting.out != setting_.out;
    setting_ = setting;
    if (other_out) open_out();
}

void TransportControl::send_clock(Send send, double latency) {
    send_ = std::move(send);
    latency_ = latency;
    open_out();
}

void TransportControl::open_out() {
    out_.reset();
    if (!setting_.out || !send_) return;
    out_ = std::make_unique<ClockOut>(
        controls_.runner(), latency_,
        [send = send_, port = *setting_.out](std::span<const std::uint8_t> bytes) { send(port, bytes); });
    if (say_) say_("MIDI clock goes to midi_out" + (setting_.out->empty() ? "" : " and " + *setting_.out) + ".");
}

void TransportControl::move(const char* member, double value) {
    if (const auto* found = controls_.find("transport/" + std::string(member)))
        controls_.move(*found, static_cast<float>(value), clock_source);
}
void TransportControl::fire(const char* member) {
    if (const auto* found = controls_.find("transport/" + std::string(member))) controls_.fire(*found, clock_source);
}

void TransportControl::take(const MidiEvent& event, std::string_view port, double seconds) {
    using Kind = MidiEvent::Kind;
    const bool ours = event.kind == Kind::clock || event.kind == Kind::start || event.kind == Kind::resume ||
                      event.kind == Kind::stop || event.kind == Kind::song_position;
    if (!ours || !setting_.midi || port.find(setting_.port) == port.npos) return;
    if (port_.empty()) port_ = port;
    if (port != port_) return;  // of two clocks the one that came first, as long as it comes
    switch (event.kind) {
        case Kind::start:
            clock_.start();
            begins_ = anew_ = true;
            break;
        case Kind::resume:
            clock_.resume();
            begins_ = true;
            anew_ = false;
            break;
        case Kind::stop:
            clock_.stop();
            begins_ = false;
            fire("stop");
            break;
        case Kind::song_position: clock_.locate(event.value); break;
        default:
            clock_.tick(seconds);
            if (std::exchange(lost_, false) && say_) say_("MIDI clock: from " + port_);
            if (std::exchange(begins_, false)) {
                controls_.runner().control().forget(clock_source);
                if (!anew_) move("position", clock_.beat(seconds));
                fire(anew_ ? "start" : "continue");
                jumped_ = now_();
                behind_ = 0;
            }
            if (++ticks_ >= ticks_a_look) follow();
            break;
    }
}

void TransportControl::follow() {
    ticks_ = 0;
    if (!clock_.steady()) return;
    const auto moment = look_();
    double tempo = clock_.tempo();
    if (clock_.running() && moment.time.running && moment.seconds > jumped_ + settling) {
        const double behind = clock_.beat(moment.seconds) - moment.time.beat;
        if (std::abs(behind) > sixteenth) {
            controls_.runner().control().forget(clock_source);
            move("position", clock_.beat(now_()));
            jumped_ = now_();
            behind_ = 0;
        } else {
            behind_ += 0.3 * (behind - behind_);
        }
        if (std::abs(behind_) > close_enough) tempo *= 1 + std::clamp(0.5 * behind_, -most_bend, most_bend);
    }
    if (std::abs(tempo - asked_) < same_tempo * asked_) return;
    asked_ = tempo;
    move("tempo", tempo);
}

void TransportControl::tick() {
    if (lost_ || !clock_.lost(now_())) return;
    lost_ = true;
    port_.clear();
    if (clock_.steady()) move("tempo", asked_ = clock_.tempo());
    if (say_)
        say_("MIDI clock: nothing for half a second; going on at " +
             tempo_range.print(controls_.runner().transport().tempo.own()));
}

}  // namespace legume
