// Asks for checkpoints before they are wanted, goes on with what there is, and lets the least used go.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/play/ages.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace legume::samplernn {
namespace {

constexpr double way_seconds = 0.06;  // from one checkpoint to another at the fastest
constexpr double follow_seconds = 1;  // to one that has just been written
constexpr int live_patience = 5;      // looks at a checkpoint that appeared and cannot be read
constexpr std::size_t most_kept = 32, always_kept = 6;
constexpr std::size_t most_bytes = 512u << 20;

std::int64_t seconds_now() {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

}  // namespace

void Ages::Wishes::add(std::size_t number) {
    if (count < numbers.size() && !holds(number)) numbers[count++] = static_cast<std::uint16_t>(number);
}

bool Ages::Wishes::holds(std::size_t number) const {
    const auto end = numbers.begin() + static_cast<std::ptrdiff_t>(count);
    return std::find(numbers.begin(), end, number) != end;
}

void Ages::open(Setup setup) {
    setup_ = std::move(setup);
    for (std::size_t i = 0; i < setup_.run.ages.size(); ++i) {
        files_.push_back(setup_.run.ages[i].file);
        ages_.push_back(setup_.run.ages[i].age);
        numbers_.push_back(i);
    }
    given_.resize(files_.size());
    kept_.reserve(most_kept + 1);
    place_ = place_of(ages_, setup_.age);
    first_share_ = place_.share;
    for (const auto at : {place_.low, place_.high}) {
        first_numbers_.push_back(at);
        if (kept(at)) continue;
        auto state = setup_.read(files_[at]);
        const auto bytes = state->model().bytes();
        kept_.push_back(std::make_unique<Kept>(Kept{at, std::move(state), -1, bytes, 0}));
        given_[at] = true;
    }
    like_ = kept_[0]->state->model().config;
    last_age_ = setup_.age;
    moved_ = setup_.age < ages_.back();
    sound(place_);
}

// ---------------------------------------------------------------- generate

bool Ages::go(double age, Stream& stream) {
    receive();
    if (!take_up()) return false;
    const auto step = static_cast<float>(setup_.block_seconds / (following_ ? follow_seconds : way_seconds));
    AgePlace next = toward(ages_, place_, age, step);
    if (deciding_) {
        if (age != last_age_) {
            up_ = age > last_age_;
            moved_ = true;
        }
        last_age_ = age;
        if (moved_ || next != place_) wish(next, age);
        const bool late = setup_.live && !ready(next);
        answer_ = missing_.decide(++asked_, late ? 1 + numbers_[nearest(age)] : 0);
        deciding_ = false;
    }
    if (answer_ != 0) {
        const auto at = std::find(numbers_.begin(), numbers_.end(), answer_ - 1);
        if (at != numbers_.end())
            next = toward(ages_, place_, ages_[static_cast<std::size_t>(at - numbers_.begin())], step);
    }
    if (!ready(next)) {
        wish(next, age);
        return false;
    }
    deciding_ = true;
    if (!(next == place_)) {
        sound(next);
        stream.play(parts());
    }
    following_ = following_ && place_.low != place_.high;
    for (const auto at : {place_.low, place_.high}) kept(at)->used = asked_;
    adopt();
    return true;
}

void Ages::begin_again(Stream& stream) {
    const auto position = [&](std::size_t number) {
        return static_cast<std::size_t>(std::find(numbers_.begin(), numbers_.end(), number) - numbers_.begin());
    };
    sound({position(first_numbers_[0]), position(first_numbers_[1]), first_share_});
    stream.play(parts());
    deciding_ = true;
}

void Ages::sound(const AgePlace& place) {
    const auto before = parts_;
    const auto old = std::span(before).first(count_);
    const Part* heaviest = nullptr;
    for (const auto& part : old)
        if (!heaviest || part.share > heaviest->share) heaviest = &part;
    place_ = place;
    parts_[0] = {kept(place.low)->state.get(), 1 - place.share};
    count_ = 1;
    if (place.low != place.high) parts_[count_++] = {kept(place.high)->state.get(), place.share};
    for (const auto& part : parts())
        if (heaviest && std::none_of(old.begin(), old.end(), [&](const Part& o) { return o.state == part.state; }))
            part.state->take_over(*heaviest->state);
}

Ages::Kept* Ages::kept(std::size_t at) {
    for (const auto& one : kept_)
        if (one->number == numbers_[at]) return one.get();
    return nullptr;
}

std::size_t Ages::nearest(double age) {
    std::size_t best = place_.low;
    for (std::size_t at = 0; at < ages_.size(); ++at)
        if (kept(at) && std::abs(ages_[at] - age) < std::abs(ages_[best] - age)) best = at;
    return best;
}

void Ages::wish(const AgePlace& next, double age) {
    const AgePlace goal = place_of(ages_, age);
    Wishes wishes;
    for (const auto at : {next.low, next.high, goal.low, goal.high}) wishes.add(numbers_[at]);
    const auto beyond = [&](bool up) {
        if (up && goal.high + 1 < numbers_.size()) wishes.add(numbers_[goal.high + 1]);
        if (!up && goal.low > 0) wishes.add(numbers_[goal.low - 1]);
    };
    beyond(up_);
    beyond(!up_);
    wishes_.store(wishes);
    let_go(wishes);
}

void Ages::receive() {
    for (auto& one : arriving_.collect()) {
        if (one->age >= 0)
            appeared_.push_back(std::move(one));
        else if (one->state)
            kept_.push_back(std::move(one));
        else
            forget(one->number);
    }
}

// One block after another, so that each that appeared is asked for.
void Ages::adopt() {
    awaits_ = found_.decide(asked_, appeared_.empty() ? 0 : 1 + appeared_.front()->number) != 0;
    if (!appeared_.empty()) take_up();
}

// Takes up the checkpoint that was found. False: in a replay it has to be read first.
bool Ages::take_up() {
    if (!awaits_) return true;
    if (appeared_.empty()) {
        wants_new_.store(true);
        return false;
    }
    awaits_ = false;
    auto one = std::move(appeared_.front());
    appeared_.erase(appeared_.begin());
    if (!one->state) return true;
    if (one->age <= ages_.back()) {
        leaving_.retire(one.release());
        return true;
    }
    following_ = place_of(ages_, last_age_).high + 1 == ages_.size();
    ages_.push_back(one->age);
    numbers_.push_back(one->number);
    kept_.push_back(std::move(one));
    return true;
}

void Ages::forget(std::size_t number) {
    const auto found = std::find(numbers_.begin(), numbers_.end(), number);
    if (found == numbers_.end()) return;
    const auto at = static_cast<std::size_t>(found - numbers_.begin());
    numbers_.erase(found);
    ages_.erase(ages_.begin() + static_cast<std::ptrdiff_t>(at));
    if (place_.low > at) --place_.low;
    if (place_.high > at) --place_.high;
}

void Ages::let_go(const Wishes& wishes) {
    for (;;) {
        std::size_t bytes = 0;
        for (const auto& one : kept_) bytes += one->bytes;
        if (kept_.size() <= most_kept && (bytes <= most_bytes || kept_.size() <= always_kept)) return;
        auto least = kept_.end();
        for (auto it = kept_.begin(); it != kept_.end(); ++it) {
            const auto number = (*it)->number;
            const bool needed = number == numbers_[place_.low] || number == numbers_[place_.high] ||
                                number == first_numbers_[0] || number == first_numbers_[1] || wishes.holds(number);
            if (!needed && (least == kept_.end() || (*it)->used < (*least)->used)) least = it;
        }
        if (least == kept_.end() || !leaving_.room()) return;
        leaving_.retire(least->release());
        kept_.erase(least);
    }
}

// ---------------------------------------------------------------- io

bool Ages::read() {
    for (const auto& one : leaving_.collect()) given_[one->number] = false;
    if (!arriving_.room()) return false;
    const auto wishes = wishes_.load();
    for (std::size_t i = 0; i < wishes.count; ++i) {
        const std::size_t number = wishes.numbers[i];
        if (given_[number]) continue;
        given_[number] = true;
        arriving_.retire(load(number).release());
        return true;
    }
    if (setup_.follow.empty()) return false;
    if (setup_.live) return watch(live_patience);
    if (!wants_new_.exchange(false)) return false;
    if (watch(1)) return true;
    setup_.tell("the checkpoint that it went on to is gone from " + setup_.follow.string());
    auto none = std::make_unique<Kept>();
    none->age = 0;
    arriving_.retire(none.release());
    return true;
}

std::unique_ptr<Ages::Kept> Ages::load(std::size_t number) {
    auto one = std::make_unique<Kept>();
    one->number = number;
    try {
        one->state = setup_.read(files_[number]);
        one->bytes = one->state->model().bytes();
    } catch (const ModelError& error) {
        setup_.tell(std::string(error.what()) + "; age leaves it out and plays on with the others");
    }
    return one;
}

bool Ages::watch(int patience) {
    if (setup_.live) {
        const auto now = seconds_now();
        if (now == watched_) return false;
        watched_ = now;
    }
    try {
        for (const auto& file : find_checkpoints(setup_.follow)) {
            if (std::find(files_.begin(), files_.end(), file) != files_.end()) continue;
            try {
                const Config config = read_config(file);
                auto one = std::make_unique<Kept>();
                if (const auto differs = difference(like_, config); !differs.empty())
                    throw ModelError(file.string() + ": its " + differs);
                one->state = setup_.read(file);
                one->bytes = one->state->model().bytes();
                one->age = config.age;
                one->number = files_.size();
                files_.push_back(file);
                given_.push_back(true);
                arriving_.retire(one.release());
                setup_.tell("follows to " + file.filename().string());
                return true;
            } catch (const ModelError& error) {  // it may be half written, for a while
                odd_.push_back(file);
                if (std::count(odd_.begin(), odd_.end(), file) >= patience) {
                    files_.push_back(file);
                    given_.push_back(true);
                    setup_.tell(std::string(error.what()) + "; it is not followed");
                }
            }
        }
    } catch (const ModelError&) {  // the folder is away for now
    }
    return false;
}

}  // namespace legume::samplernn
