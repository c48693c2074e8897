// Members register with what declares them; params glide, and decisions are asked again.
// SPDX-License-Identifier: MIT
#include "graph/member.h"

#include <algorithm>
#include <cassert>

#include "graph/base/math.h"
#include "graph/declaration.h"

namespace legume {

Member::Member(Declaration* declarer, Kind member_kind, std::string member_name, std::string member_doc)
    : kind(member_kind), name(std::move(member_name)), doc(std::move(member_doc)), owner(*declarer) {
    assert(!declarer->find(name));  // member names are unique across kinds
    declarer->members_.push_back(this);
}

In::In(Declaration* declarer, std::string member_name, std::string member_doc)
    : In(declarer, std::move(member_name), Shape{}, std::move(member_doc)) {}
In::In(Declaration* declarer, std::string member_name, Shape in_shape, std::string member_doc)
    : Member(declarer, Kind::in, std::move(member_name), std::move(member_doc)),
      shape(in_shape),
      index(static_cast<int>(declarer->ins_.size())) {
    declarer->ins_.push_back(this);
}

Out::Out(Declaration* declarer, std::string member_name, std::string member_doc)
    : Member(declarer, Kind::out, std::move(member_name), std::move(member_doc)),
      index(static_cast<int>(declarer->outs_.size())) {
    declarer->outs_.push_back(this);
}

Param::Param(Declaration* declarer, std::string member_name, Range param_range, std::string member_doc)
    : Member(declarer, Kind::param, std::move(member_name), std::move(member_doc)), range(param_range) {
    declarer->params_.push_back(this);
    set_initial(range.initial);
}

void Param::set_initial(float value) {
    target_ = range.clamp(value);
    position_ = range.normalise(target_);
    left_ = 0;
    lanes_ = 1;
    still_ = true;
    from_.fill(target_);
    to_.fill(target_);
    own_.store(target_, std::memory_order_relaxed);
    shown_.store(target_, std::memory_order_relaxed);
}

void Param::set(float value, float seconds) noexcept {
    target_ = range.clamp(value);
    const float goal = range.normalise(target_);
    const bool timed = seconds >= 0;
    if (!timed) seconds = range.glide_seconds;
    left_ = range.glides() ? std::max(1, static_cast<int>(math::round_even(seconds * blocks_a_second_))) : 1;
    way_ = timed && range.unit == Unit::decibels ? left_ : 0;
    start_ = way_ ? range.denormalise(static_cast<float>(position_)) : 0;
    step_ = (goal - position_) / left_;
    still_ = false;
}

void Param::advance(const float* shift, int lanes) noexcept {
    if (still_ && lanes == 0) return;
    if (left_ > 0) {
        --left_;
        position_ = left_ == 0 ? range.normalise(target_)
                    : way_     ? range.normalise(range.between(start_, target_,
                                                               static_cast<float>(way_ - left_) / static_cast<float>(way_)))
                               : position_ + step_;
    }
    const bool was_still = left_ == 0 && lanes == 0;
    const int count = lanes > 0 ? lanes : 1;
    for (int c = 0; c < count; ++c) {
        const auto i = static_cast<std::size_t>(c);
        // A lane that just appeared starts where lane 0 was.
        const float start = c < lanes_ ? to_[i] : to_[0];
        // Settled and not moved by a wire it is exactly what was set, not what the curve makes of it.
        const float value =
            was_still ? target_ : range.denormalise(static_cast<float>(position_) + (lanes > 0 ? shift[c] : 0.0f));
        from_[i] = range.glides() ? start : value;
        to_[i] = value;
    }
    shown_.store(to_[0], std::memory_order_relaxed);
    lanes_ = count;
    still_ = was_still && from_[0] == to_[0];
}

Trigger::Trigger(Declaration* declarer, std::string member_name, std::string member_doc)
    : Member(declarer, Kind::trigger, std::move(member_name), std::move(member_doc)) {
    declarer->triggers_.push_back(this);
}

Notes::Notes(Declaration* declarer, std::string member_name, std::string member_doc)
    : Member(declarer, Kind::notes, std::move(member_name), std::move(member_doc)) {
    declarer->notes_.push_back(this);
}

Meter::Meter(Declaration* declarer, std::string member_name, Unit meter_unit, std::string member_doc)
    : Member(declarer, Kind::meter, std::move(member_name), std::move(member_doc)), unit(meter_unit) {
    declarer->meters_.push_back(this);
}

Work::Work(Declaration* declarer, std::string member_name, Pool work_pool, std::function<bool()> run,
           std::string member_doc)
    : Member(declarer, Kind::work, std::move(member_name), std::move(member_doc)),
      pool(work_pool),
      run_(std::move(run)) {
    declarer->works_.push_back(this);
}

TimingDecision::TimingDecision(Declaration* declarer, std::string member_name, Of fate_of, std::string member_doc)
    : Member(declarer, Kind::decision, std::move(member_name), std::move(member_doc)), of(fate_of) {
    declarer->decisions_.push_back(this);
}

void TimingDecision::replay(std::vector<Answer> answers) {
    replaying_ = true;
    answers_ = std::move(answers);
    next_ = 0;
}

}  // namespace legume
