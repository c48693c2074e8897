// The options that a node or an entry may declare, one class for each kind of value.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/range.h"
#include "graph/declaration.h"
#include "graph/member.h"
#include "graph/patch/value.h"

namespace legume {

// Set by the patch; may allocate or load. Another value means another node: the runner prepares it and fades over.
class Option : public Member {
  public:
    enum class Type { text, file, number, flag, choice, list, scenes, entries };
    Option(Declaration* owner, Type type, std::string name, bool required, std::string doc);
    const Type type;
    const bool required;
    bool given() const { return given_; }                            // whether the patch sets it
    bool valid() const { return !wrong_ && (given_ || !required); }  // false: a problem has been said already
    void configure(const Value& value, Problems& problems);          // reads it; everything wrong becomes a problem
    virtual std::string print_initial() const = 0;                   // for the manual; empty when there is none
    virtual std::vector<std::string> choices() const { return {}; }
    virtual const Range* limits() const { return nullptr; }  // of a number, or of a list's numbers
    virtual bool holds_files() const { return false; }

  protected:
    // One of the two: `parse` gives an error sentence without a full stop, or nothing.
    virtual void read(const Value& value, Problems& problems);
    virtual std::optional<std::string> parse(const Value&) { return {}; }

  private:
    bool given_ = false, wrong_ = false;
};

class TextOption : public Option {
  public:
    TextOption(Declaration* owner, std::string name, std::string initial, std::string doc);
    const std::string& value() const { return value_; }
    std::string print_initial() const override { return initial_; }

  private:
    std::optional<std::string> parse(const Value& value) override;
    std::string initial_, value_;
};

struct Required {};  // an option that the patch must set

// A file or folder, relative to the file that holds the text.
class FileOption : public Option {
  public:
    FileOption(Declaration* owner, std::string name, Required, std::string doc);
    FileOption(Declaration* owner, std::string name, std::string doc);
    const std::filesystem::path& path() const { return path_; }  // empty when not given
    std::string print_initial() const override { return ""; }
    bool holds_files() const override { return true; }

  private:
    std::optional<std::string> parse(const Value& value) override;
    std::filesystem::path path_;
};

class NumberOption : public Option {
  public:
    // With a word the patch may say that instead of a number, and it is the default.
    NumberOption(Declaration* owner, std::string name, Range range, std::string doc, std::string word = "");
    float value() const { return value_; }
    int count() const { return static_cast<int>(value_); }  // of Unit::count
    bool is_word() const { return is_word_; }
    std::string print_initial() const override { return word_.empty() ? range_.print(range_.initial) : word_; }
    std::vector<std::string> choices() const override;
    const Range* limits() const override { return &range_; }

  private:
    std::optional<std::string> parse(const Value& value) override;
    const Range range_;
    const std::string word_;
    bool is_word_;
    float value_;
};

class FlagOption : public Option {
  public:
    FlagOption(Declaration* owner, std::string name, bool initial, std::string doc);
    bool value() const { return value_; }
    std::string print_initial() const override { return initial_ ? "true" : "false"; }

  private:
    std::optional<std::string> parse(const Value& value) override;
    const bool initial_;
    bool value_;
};

// One of a few words; the first is the default.
class ChoiceOption : public Option {
  public:
    ChoiceOption(Declaration* owner, std::string name, std::vector<std::string> choices, std::string doc);
    const std::string& value() const { return choices_[at_]; }
    std::size_t at() const { return at_; }
    std::string print_initial() const override { return choices_[0]; }
    std::vector<std::string> choices() const override { return choices_; }

  private:
    std::optional<std::string> parse(const Value& value) override;
    const std::vector<std::string> choices_;
    std::size_t at_ = 0;
};

// Several numbers; a single one may be written without brackets.
class NumbersOption : public Option {
  public:
    NumbersOption(Declaration* owner, std::string name, std::vector<float> initial, Range each, std::string doc);
    const std::vector<float>& values() const { return values_; }
    std::string print_initial() const override;
    const Range* limits() const override { return &each_; }

  private:
    std::optional<std::string> parse(const Value& value) override;
    const std::vector<float> initial_;
    const Range each_;
    std::vector<float> values_;
};

// Several files or folders; a single one may be written without brackets.
class FilesOption : public Option {
  public:
    FilesOption(Declaration* owner, std::string name, std::string doc);
    const std::vector<std::filesystem::path>& paths() const { return paths_; }
    std::string print_initial() const override { return ""; }
    bool holds_files() const override { return true; }

  private:
    std::optional<std::string> parse(const Value& value) override;
    std::vector<std::filesystem::path> paths_;
};

// Two to four of the patch's scenes, between which the host moves as the node's first params say, 0 to 1 each.
class ScenesOption : public Option {
  public:
    ScenesOption(Declaration* owner, std::string name, std::string doc);
    const std::vector<Value>& names() const { return names_; }
    std::string print_initial() const override { return ""; }

  private:
    std::optional<std::string> parse(const Value& value) override;
    std::vector<Value> names_;
};

// One of several things in a list that an option holds. It declares what may be said of it as a node declares its
// options.
class Entry : public Declaration {
  public:
    PatchNode text;  // as it was written
};

// Several entries: a list of maps, such as [{file: a.flac, from: 1 s}, b.flac]. What is no map is the value of an
// entry's first option, and a single entry may be written without brackets.
class EntriesOption : public Option {
  public:
    using Make = std::unique_ptr<Entry> (*)();
    // `what` stands in messages: "a region has no setting ..."
    EntriesOption(Declaration* owner, std::string name, std::string what, Make make, Required, std::string doc);
    const std::vector<std::unique_ptr<Entry>>& all() const { return all_; }
    std::unique_ptr<Entry> form() const { return make_(); }  // one that says nothing yet, to be looked at
    std::string print_initial() const override { return ""; }
    bool holds_files() const override;

  private:
    void read(const Value& value, Problems& problems) override;
    const std::string what_;
    const Make make_;
    std::vector<std::unique_ptr<Entry>> all_;
};
template <class T>
std::unique_ptr<Entry> make_entry() {
    return std::make_unique<T>();
}

// Reads one number against a range into `into`, or gives an error sentence without a full stop.
std::optional<std::string> read_number(const Value& value, const Range& range, float& into);

}  // namespace legume
