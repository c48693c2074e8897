// Members register with their node as they are declared; options and params read their settings.
// SPDX-License-Identifier: MIT
#include "graph/node.h"

#include <algorithm>
#include <cassert>

#include "graph/base/math.h"
#include "graph/patch/words.h"

namespace legume {

Member::Member(Node* owner, Kind member_kind, std::string member_name, std::string member_doc)
    : kind(member_kind), name(std::move(member_name)), doc(std::move(member_doc)), node(*owner) {
    assert(!owner->find(name));  // member names are unique across kinds
    owner->members_.push_back(this);
}

In::In(Node* owner, std::string member_name, std::string member_doc)
    : In(owner, std::move(member_name), Shape{}, std::move(member_doc)) {}
In::In(Node* owner, std::string member_name, Shape in_shape, std::string member_doc)
    : Member(owner, Kind::in, std::move(member_name), std::move(member_doc)),
      shape(in_shape),
      index(static_cast<int>(owner->ins_.size())) {
    owner->ins_.push_back(this);
}

Out::Out(Node* owner, std::string member_name, std::string member_doc)
    : Member(owner, Kind::out, std::move(member_name), std::move(member_doc)),
      index(static_cast<int>(owner->outs_.size())) {
    owner->outs_.push_back(this);
}

Param::Param(Node* owner, std::string member_name, Range param_range, std::string member_doc)
    : Member(owner, Kind::param, std::move(member_name), std::move(member_doc)), range(param_range) {
    owner->params_.push_back(this);
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

Trigger::Trigger(Node* owner, std::string member_name, std::string member_doc)
    : Member(owner, Kind::trigger, std::move(member_name), std::move(member_doc)) {
    owner->triggers_.push_back(this);
}

Notes::Notes(Node* owner, std::string member_name, std::string member_doc)
    : Member(owner, Kind::notes, std::move(member_name), std::move(member_doc)) {
    owner->notes_.push_back(this);
}

Meter::Meter(Node* owner, std::string member_name, Unit meter_unit, std::string member_doc)
    : Member(owner, Kind::meter, std::move(member_name), std::move(member_doc)), unit(meter_unit) {
    owner->meters_.push_back(this);
}

Work::Work(Node* owner, std::string member_name, Pool work_pool, std::function<bool()> run, std::string member_doc)
    : Member(owner, Kind::work, std::move(member_name), std::move(member_doc)), pool(work_pool), run_(std::move(run)) {
    owner->works_.push_back(this);
}

TimingDecision::TimingDecision(Node* owner, std::string member_name, Of fate_of, std::string member_doc)
    : Member(owner, Kind::decision, std::move(member_name), std::move(member_doc)), of(fate_of) {
    owner->decisions_.push_back(this);
}

void TimingDecision::replay(std::vector<Answer> answers) {
    replaying_ = true;
    answers_ = std::move(answers);
    next_ = 0;
}

// ---------------------------------------------------------------- options

Option::Option(Node* owner, Type option_type, std::string member_name, bool must, std::string member_doc)
    : Member(owner, Kind::option, std::move(member_name), std::move(member_doc)), type(option_type), required(must) {
    owner->options_.push_back(this);
}

void Option::configure(const Value& value, Problems& problems) {
    given_ = true;
    const auto before = problems.size();
    read(value, problems);
    wrong_ = problems.size() > before;
}
void Option::read(const Value& value, Problems& problems) {
    if (const auto error = parse(value)) problems.push_back({value.place, name + ": " + *error});
}

namespace {

std::optional<std::string> want_text(const Value& value, const char* what) {
    if (value.kind == Value::Kind::text) return {};
    return std::string("wants ") + what + ", not a " + (value.kind == Value::Kind::list ? "list" : "map");
}

// Reads one number against a range; sets it, or gives an error.
std::optional<std::string> read_number(const Value& value, const Range& range, float& into) {
    if (auto error = want_text(value, "one value")) return error;
    const auto quantity = parse_quantity(value.text, range.unit);
    if (!quantity.value) return quantity.error;
    if (*quantity.value < range.min || *quantity.value > range.max)
        return range.print(*quantity.value) + " is outside " + range.limits();
    into = *quantity.value;
    return {};
}

// A path in a patch is relative to the file that holds the text.
std::filesystem::path beside(const Value& value) {
    const std::filesystem::path path(value.text);
    return path.is_absolute() ? path
                              : (std::filesystem::path(value.place.file).parent_path() / path).lexically_normal();
}

}  // namespace

TextOption::TextOption(Node* owner, std::string member_name, std::string initial, std::string member_doc)
    : Option(owner, Type::text, std::move(member_name), false, std::move(member_doc)),
      initial_(initial),
      value_(std::move(initial)) {}
std::optional<std::string> TextOption::parse(const Value& value) {
    if (auto error = want_text(value, "text")) return error;
    value_ = value.text;
    return {};
}

FileOption::FileOption(Node* owner, std::string member_name, Required, std::string member_doc)
    : Option(owner, Type::file, std::move(member_name), true, std::move(member_doc)) {}
FileOption::FileOption(Node* owner, std::string member_name, std::string member_doc)
    : Option(owner, Type::file, std::move(member_name), false, std::move(member_doc)) {}
std::optional<std::string> FileOption::parse(const Value& value) {
    if (auto error = want_text(value, "a file")) return error;
    if (value.text.empty()) return "wants a file, but the text is empty";
    path_ = beside(value);
    return {};
}

NumberOption::NumberOption(Node* owner, std::string member_name, Range range, std::string member_doc, std::string word)
    : Option(owner, Type::number, std::move(member_name), false, std::move(member_doc)),
      range_(range),
      word_(std::move(word)),
      is_word_(!word_.empty()),
      value_(range.initial) {}
std::vector<std::string> NumberOption::choices() const {
    return word_.empty() ? std::vector<std::string>{} : std::vector<std::string>{word_};
}
std::optional<std::string> NumberOption::parse(const Value& value) {
    is_word_ = !word_.empty() && value.kind == Value::Kind::text && value.text == word_;
    if (is_word_) return {};
    const auto error = read_number(value, range_, value_);
    return error && !word_.empty() ? *error + "; it may also be " + word_ : error;
}

FlagOption::FlagOption(Node* owner, std::string member_name, bool initial, std::string member_doc)
    : Option(owner, Type::flag, std::move(member_name), false, std::move(member_doc)),
      initial_(initial),
      value_(initial) {}
std::optional<std::string> FlagOption::parse(const Value& value) {
    float number = 0;
    if (auto error = read_number(value, {0, 1, 0, Unit::flag}, number)) return error;
    value_ = number != 0;
    return {};
}

ChoiceOption::ChoiceOption(Node* owner, std::string member_name, std::vector<std::string> words, std::string member_doc)
    : Option(owner, Type::choice, std::move(member_name), false, std::move(member_doc)), choices_(std::move(words)) {}
std::optional<std::string> ChoiceOption::parse(const Value& value) {
    if (auto error = want_text(value, "one word")) return error;
    const auto found = std::find(choices_.begin(), choices_.end(), value.text);
    if (found == choices_.end()) return "\"" + value.text + "\" is none of " + join(choices_);
    at_ = static_cast<std::size_t>(found - choices_.begin());
    return {};
}

NumbersOption::NumbersOption(Node* owner, std::string member_name, std::vector<float> initial, Range each,
                             std::string member_doc)
    : Option(owner, Type::list, std::move(member_name), false, std::move(member_doc)),
      initial_(initial),
      each_(each),
      values_(std::move(initial)) {}
std::string NumbersOption::print_initial() const {
    std::vector<std::string> texts;
    for (float value : initial_) texts.push_back(each_.print(value));
    return "[" + join(texts) + "]";
}
std::optional<std::string> NumbersOption::parse(const Value& value) {
    std::vector<float> read;
    const auto one = [&](const Value& item) -> std::optional<std::string> {
        float number = 0;
        if (auto error = read_number(item, each_, number)) return error;
        read.push_back(number);
        return {};
    };
    if (value.kind == Value::Kind::list) {
        for (const auto& item : value.items)
            if (auto error = one(item)) return error;
        if (read.empty()) return "the list is empty";
    } else if (auto error = one(value)) {
        return error;
    }
    values_ = std::move(read);
    return {};
}

FilesOption::FilesOption(Node* owner, std::string member_name, std::string member_doc)
    : Option(owner, Type::list, std::move(member_name), false, std::move(member_doc)) {}
std::optional<std::string> FilesOption::parse(const Value& value) {
    const auto one = [&](const Value& item) -> std::optional<std::string> {
        if (auto error = want_text(item, "a file")) return error;
        if (item.text.empty()) return "wants a file, but the text is empty";
        paths_.push_back(beside(item));
        return {};
    };
    paths_.clear();
    if (value.kind != Value::Kind::list) return one(value);
    for (const auto& item : value.items)
        if (auto error = one(item)) return error;
    if (paths_.empty()) return "the list is empty";
    return {};
}

ScenesOption::ScenesOption(Node* owner, std::string member_name, std::string member_doc)
    : Option(owner, Type::scenes, std::move(member_name), true, std::move(member_doc)) {}
std::optional<std::string> ScenesOption::parse(const Value& value) {
    names_.clear();
    const bool texts = value.kind == Value::Kind::list &&
                       std::all_of(value.items.begin(), value.items.end(),
                                   [](const Value& item) { return item.kind == Value::Kind::text; });
    if (!texts || value.items.size() < 2 || value.items.size() > 4)
        return "wants two to four scenes, such as [dark, bright]";
    names_ = value.items;
    return {};
}

EntriesOption::EntriesOption(Node* owner, std::string member_name, std::string what, Make make, Required,
                             std::string member_doc)
    : Option(owner, Type::entries, std::move(member_name), true, std::move(member_doc)),
      what_(std::move(what)),
      make_(make) {}
bool EntriesOption::holds_files() const {
    const auto one = form();
    return std::any_of(one->options().begin(), one->options().end(),
                       [](const Option* option) { return option->holds_files(); });
}
void EntriesOption::read(const Value& value, Problems& problems) {
    all_.clear();
    const auto one = [&](const Value& item) {
        auto entry = make_();
        entry->text.type = what_;
        entry->text.place = item.place;
        if (item.kind == Value::Kind::map)
            for (const auto& [key, of_key] : item.entries) entry->text.settings.push_back({key, of_key, of_key.place});
        else
            entry->text.settings.push_back({entry->options().front()->name, item, item.place});
        entry->configure(entry->text, problems);
        all_.push_back(std::move(entry));
    };
    if (value.kind != Value::Kind::list) return one(value);
    for (const auto& item : value.items) one(item);
    if (all_.empty()) problems.push_back({value.place, name + ": the list is empty"});
}

// ---------------------------------------------------------------- the node

int Prepare::channels(const In& in) const {
    return in_channels_ ? (*in_channels_)[static_cast<std::size_t>(in.index)] : 0;
}
int Prepare::channels(const Out& out) const {
    return out_channels_ ? (*out_channels_)[static_cast<std::size_t>(out.index)] : 1;
}

void Checking::problem(const Member& member, std::string message) const {
    if (member.kind == Member::Kind::option && !static_cast<const Option&>(member).valid()) return;
    const auto* setting = node_.find(member.name);
    problems_.push_back({setting ? setting->value.place : node_.place, std::move(message)});
}
void Checking::problem(std::string message) const { problems_.push_back({node_.place, std::move(message)}); }

Checking Checking::of(const Entry& entry) const { return {entry.text, problems_}; }

Member* Node::find(std::string_view name) const {
    for (auto* member : members_)
        if (member->name == name) return member;
    return nullptr;
}

void Node::configure(const PatchNode& text, Problems& problems) {
    for (const auto& setting : text.settings) {
        auto* member = find(setting.name);
        const auto at = [&](const std::string& message) { problems.push_back({setting.value.place, message}); };
        if (!member) {
            std::vector<std::string> names;
            for (const auto* option : options_) names.push_back(option->name);
            for (const auto* param : params_) names.push_back(param->name);
            problems.push_back({setting.place, text.type + " has no setting \"" + setting.name + "\"; " +
                                                   instead_of(setting.name, names, "it has none", "it has ")});
        } else if (member->kind == Member::Kind::option) {
            static_cast<Option*>(member)->configure(setting.value, problems);
        } else if (member->kind == Member::Kind::param) {
            auto* param = static_cast<Param*>(member);
            float value = 0;
            if (const auto error = read_number(setting.value, param->range, value))
                at(setting.name + ": " + *error);
            else
                param->set_initial(value);
        } else {
            static constexpr const char* what[] = {"signal input; wire something to it",
                                                   "signal output; wire it to something",
                                                   "",
                                                   "trigger; bind or wire something to it",
                                                   "note input; bind something to it",
                                                   "",
                                                   "meter; it can only be read",
                                                   "job of the node; it cannot be set"};
            problems.push_back({setting.place, setting.name + " is a " + what[static_cast<std::size_t>(member->kind)]});
        }
    }
    for (const auto* option : options_)
        if (option->required && !option->given())
            problems.push_back(
                {text.place, text.type + " needs \"" + option->name + "\"; add " + option->name + ": ..."});
}

const NodeType* find_type(NodeTypes types, std::string_view name) {
    for (const auto* type : types)
        if (name == type->name) return type;
    return nullptr;
}

}  // namespace legume
