// Builds trees from yaml-cpp's events, which know duplicate keys, unlike its nodes; it counts lines from 0.
// SPDX-License-Identifier: MIT
#include "nodes/files/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include "nodes/files/text.h"

namespace legume {
namespace {

constexpr int max_values = 20'000;  // once aliases are followed
constexpr std::size_t max_depth = 16;

// Thrown where reading on makes no sense.
struct Unreadable {
    Problem problem;
};

// Builds a Tree from yaml-cpp's events. Not from its nodes, whose loader never ends on some texts. Aliases are copied
// out within bounds: a few lines of them can stand for more values than fit in memory.
class TreeBuilder final : public YAML::EventHandler {
  public:
    TreeBuilder(const std::string& text, const std::string& file, Problems& problems)
        : text_(text), file_(file), problems_(problems) {}
    Tree root;

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (begun_)
            throw Unreadable{{place(mark), "a patch ends before this; keep one in a file, and take out what follows"}};
        begun_ = true;
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        Tree nothing;
        nothing.place = place_before(mark);
        count(nothing, nothing.place);
        put(std::move(nothing), anchor);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto named = anchors_.find(anchor);
        if (named == anchors_.end()) throw Unreadable{{place(mark), "this alias contains itself; take it out"}};
        count(named->second, place(mark));
        put(named->second, 0);
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        Tree text = begin(mark, tag, Tree::Kind::text);
        text.text = value;
        if (const char quote = at(mark); quote == '"' || quote == '\'') {
            // yaml-cpp lets an open quote swallow all that follows, and the fault would be seen elsewhere.
            if (!closed(mark, quote)) throw Unreadable{{text.place, "this quote is not closed on its line; close it"}};
            ++text.place.column;
        }
        count(text, text.place);
        put(std::move(text), anchor);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(begin(mark, tag, Tree::Kind::list), anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(begin(mark, tag, Tree::Kind::map), anchor);
    }
    void OnMapEnd() override { close(); }

  private:
    struct Open {  // a list or map whose end is still to come
        Tree tree;
        YAML::anchor_t anchor;
        std::optional<Tree> key;  // whose value is still to come
    };

    Place place(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }
    char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\n'; }
    char at(const YAML::Mark& mark) const { return at(static_cast<std::size_t>(mark.pos)); }
    bool closed(const YAML::Mark& mark, char quote) const {
        auto i = static_cast<std::size_t>(mark.pos) + 1;
        while (at(i) != quote && at(i) != '\n') i += quote == '"' && at(i) == '\\' ? 2 : 1;
        return at(i) == quote;
    }
    // Nothing at all has the mark of what follows it, perhaps lines below; what stands before it is where it is missed.
    Place place_before(const YAML::Mark& mark) const {
        if (at(mark) == '~' || at(mark) == 'n' || at(mark) == 'N') return place(mark);  // written out: ~ or null
        auto end = std::min(static_cast<std::size_t>(mark.pos), text_.size());
        while (end > 0 && std::string_view(" \r\n").find(text_[end - 1]) != std::string_view::npos) --end;
        const auto before = std::string_view(text_).substr(0, end);
        const auto line_start = before.rfind('\n') + 1;  // npos + 1 is 0
        const auto lines = std::count(before.begin(), before.end(), '\n');
        return {file_, static_cast<int>(lines) + 1, std::max(static_cast<int>(end - line_start), 1)};
    }

    Tree begin(const YAML::Mark& mark, const std::string& tag, Tree::Kind kind) {
        if (tag.size() > 1)  // "?" and "!" are yaml-cpp's own: plain and quoted
            problems_.push_back({place(mark), "a patch knows no tags such as \"" + tag + "\"; take it out"});
        Tree tree;
        tree.kind = kind;
        tree.place = place(mark);
        return tree;
    }
    void count(const Tree& tree, const Place& where) {
        bytes_ += tree.text.size();
        if (++values_ > max_values || bytes_ > max_yaml_bytes)
            throw Unreadable{{where, "the patch grows too large here; write less of it, or fewer aliases"}};
        for (const auto& item : tree.items) count(item, where);
    }
    void open(Tree tree, YAML::anchor_t anchor) {
        if (open_.size() >= max_depth)
            throw Unreadable{{tree.place, "this is nested deeper than " + std::to_string(max_depth) +
                                              " levels; check the brackets before it"}};
        count(tree, tree.place);
        open_.push_back({std::move(tree), anchor, {}});
    }
    void close() {
        auto last = std::move(open_.back());
        open_.pop_back();
        put(std::move(last.tree), last.anchor);
    }
    void put(Tree tree, YAML::anchor_t anchor) {
        if (anchor) anchors_[anchor] = tree;
        if (open_.empty()) {
            root = std::move(tree);
        } else if (auto& parent = open_.back(); parent.tree.kind == Tree::Kind::list) {
            parent.tree.items.push_back(std::move(tree));
        } else if (!parent.key) {
            parent.key = std::move(tree);
        } else {
            add(parent.tree, *parent.key, std::move(tree));
            parent.key.reset();
        }
    }
    void add(Tree& map, const Tree& key, Tree value) {
        value.key = key.text;
        value.key_place = key.place;
        const auto* first = map.find(key.text);
        if (key.kind != Tree::Kind::text)
            problems_.push_back({key.place, "a key must be a word; put the word before the colon"});
        else if (first)
            problems_.push_back({key.place, "\"" + key.text + "\" stands here twice, first on line " +
                                                std::to_string(first->key_place.line) + "; rename or remove one"});
        else
            map.items.push_back(std::move(value));
    }

    const std::string& text_;
    const std::string& file_;
    Problems& problems_;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, Tree> anchors_;
    bool begun_ = false;
    int values_ = 0;
    std::size_t bytes_ = 0;
};

Tree parse(const std::string& text, const std::string& file, Problems& problems) {
    try {
        std::istringstream in(text);
        YAML::Parser parser(in);
        TreeBuilder builder(text, file, problems);
        if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);  // a second one throws
        return std::move(builder.root);
    } catch (const YAML::ParserException& e) {
        throw Unreadable{
            {{file, e.mark.line + 1, e.mark.column + 1},
             "this is not YAML: " + e.msg + "; look just before it for a missing bracket, quote, colon or space"}};
    }
}

}  // namespace

const Tree* Tree::find(std::string_view name) const {
    const auto found = std::find_if(items.begin(), items.end(), [&](const Tree& item) { return item.key == name; });
    return kind == Kind::map && found != items.end() ? &*found : nullptr;
}

Tree load_tree(const std::string& text, const std::string& name, Problems& problems) {
    problems = check_text(text, name);
    if (!problems.empty()) return {};
    try {
        return parse(text, name, problems);
    } catch (Unreadable& e) {
        problems.push_back(std::move(e.problem));
        return {};
    }
}

std::string quoted(const std::string& text) {
    std::string safe = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') safe += '\\';
        safe += c;
    }
    return safe + '"';
}

}  // namespace legume
