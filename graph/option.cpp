// How each kind of option reads what the patch says.
// SPDX-License-Identifier: MIT
#include "graph/option.h"

#include <algorithm>

#include "graph/patch/words.h"

namespace legume {

Option::Option(Declaration* declarer, Type option_type, std::string member_name, bool must, std::string member_doc)
    : Member(declarer, Kind::option, std::move(member_name), std::move(member_doc)), type(option_type), required(must) {
    declarer->options_.push_back(this);
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

// A path in a patch is relative to the file that holds the text.
std::filesystem::path beside(const Value& value) {
    const std::filesystem::path path(value.text);
    return path.is_absolute() ? path
                              : (std::filesystem::path(value.place.file).parent_path() / path).lexically_normal();
}

}  // namespace

std::optional<std::string> read_number(const Value& value, const Range& range, float& into) {
    if (auto error = want_text(value, "one value")) return error;
    const auto quantity = parse_quantity(value.text, range.unit);
    if (!quantity.value) return quantity.error;
    if (*quantity.value < range.min || *quantity.value > range.max)
        return range.print(*quantity.value) + " is outside " + range.limits();
    into = *quantity.value;
    return {};
}

TextOption::TextOption(Declaration* declarer, std::string member_name, std::string initial, std::string member_doc)
    : Option(declarer, Type::text, std::move(member_name), false, std::move(member_doc)),
      initial_(initial),
      value_(std::move(initial)) {}
std::optional<std::string> TextOption::parse(const Value& value) {
    if (auto error = want_text(value, "text")) return error;
    value_ = value.text;
    return {};
}

FileOption::FileOption(Declaration* declarer, std::string member_name, Required, std::string member_doc)
    : Option(declarer, Type::file, std::move(member_name), true, std::move(member_doc)) {}
FileOption::FileOption(Declaration* declarer, std::string member_name, std::string member_doc)
    : Option(declarer, Type::file, std::move(member_name), false, std::move(member_doc)) {}
std::optional<std::string> FileOption::parse(const Value& value) {
    if (auto error = want_text(value, "a file")) return error;
    if (value.text.empty()) return "wants a file, but the text is empty";
    path_ = beside(value);
    return {};
}

NumberOption::NumberOption(Declaration* declarer, std::string member_name, Range range, std::string member_doc,
                           std::string word)
    : Option(declarer, Type::number, std::move(member_name), false, std::move(member_doc)),
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

FlagOption::FlagOption(Declaration* declarer, std::string member_name, bool initial, std::string member_doc)
    : Option(declarer, Type::flag, std::move(member_name), false, std::move(member_doc)),
      initial_(initial),
      value_(initial) {}
std::optional<std::string> FlagOption::parse(const Value& value) {
    float number = 0;
    if (auto error = read_number(value, {0, 1, 0, Unit::flag}, number)) return error;
    value_ = number != 0;
    return {};
}

ChoiceOption::ChoiceOption(Declaration* declarer, std::string member_name, std::vector<std::string> words,
                           std::string member_doc)
    : Option(declarer, Type::choice, std::move(member_name), false, std::move(member_doc)),
      choices_(std::move(words)) {}
std::optional<std::string> ChoiceOption::parse(const Value& value) {
    if (auto error = want_text(value, "one word")) return error;
    const auto found = std::find(choices_.begin(), choices_.end(), value.text);
    if (found == choices_.end()) return "\"" + value.text + "\" is none of " + join(choices_);
    at_ = static_cast<std::size_t>(found - choices_.begin());
    return {};
}

NumbersOption::NumbersOption(Declaration* declarer, std::string member_name, std::vector<float> initial, Range each,
                             std::string member_doc)
    : Option(declarer, Type::list, std::move(member_name), false, std::move(member_doc)),
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

FilesOption::FilesOption(Declaration* declarer, std::string member_name, std::string member_doc)
    : Option(declarer, Type::list, std::move(member_name), false, std::move(member_doc)) {}
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

ScenesOption::ScenesOption(Declaration* declarer, std::string member_name, std::string member_doc)
    : Option(declarer, Type::scenes, std::move(member_name), true, std::move(member_doc)) {}
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

EntriesOption::EntriesOption(Declaration* declarer, std::string member_name, std::string what, Make make, Required,
                             std::string member_doc)
    : Option(declarer, Type::entries, std::move(member_name), true, std::move(member_doc)),
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

}  // namespace legume
